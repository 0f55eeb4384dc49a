"""What only measures: each file prints a table.  See README.md in this folder."""
