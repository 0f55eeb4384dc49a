"""Exercises that answer back, and quizzes.

In a notebook there are five names: `check`, `hint`, `solution`, `quiz` and
`progress`.  What they ask and how they judge stands in one file for each
notebook (``n00.py`` for notebook 00), made of plain data and short functions.
`definitions` says what an exercise is made of, `reading` accepts answers in
every correct form, and `checking` sees to it that no answer, however odd,
stops the notebook.
"""

from tlhelpers.teaching.exercises.checking import check, hint, solution
from tlhelpers.teaching.exercises.overview import progress
from tlhelpers.teaching.quizzes import quiz

__all__ = ["check", "hint", "progress", "quiz", "solution"]
