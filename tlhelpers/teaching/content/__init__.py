"""The exercises and quizzes of each notebook, a file a notebook."""

SOLUTIONS = True  #: False in the edition for students, where `tl.solution` shows none
