"""The exercises and quizzes of each notebook, a file a notebook."""
