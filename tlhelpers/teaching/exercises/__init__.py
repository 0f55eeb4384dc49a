"""Exercises that answer back.

In a notebook there are four names: `check`, `hint`, `solution` and `progress`.
What they ask and how they judge stands in ``tlhelpers/teaching/content/``, in
one file for each notebook (``n00.py`` for notebook 00), made of plain data and
short functions.  `definitions` says what an exercise is made of, `kinds` has
what exercises of a kind share, `reading` accepts answers in every correct form,
and `checking` sees to it that no answer, however odd, stops the notebook.
"""

from tlhelpers.teaching.exercises.checking import check, hint, solution
from tlhelpers.teaching.exercises.overview import progress

__all__ = ["check", "hint", "progress", "solution"]
