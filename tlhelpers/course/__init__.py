"""The course as a whole: its command line, and what runs and checks the notebooks."""
