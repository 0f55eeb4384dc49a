"""Pictures and characters as arrays, and how to cut them into parts."""
