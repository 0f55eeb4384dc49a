"""Say in a line what of a notebook is solved."""

from __future__ import annotations

from tlhelpers import progress_file
from tlhelpers.exercises.definitions import Unknown, load
from tlhelpers.exercises.showing import show


def progress(notebook: str | int) -> None:
    """Show what you have solved in a notebook.

    Parameters
    ----------
    notebook
        Its number, such as ``"00"``.
    """
    try:
        show(line(notebook))
    except Unknown as problem:
        show(str(problem))


def line(notebook: str | int) -> str:
    """Return a line on what is solved in a notebook, in Markdown.

    Raises
    ------
    Unknown
        If no notebook of that number has exercises.
    """
    exercises, quizzes = load(notebook)
    solved, note = progress_file.solved()
    done = [item.id for item in exercises if item.id in solved]
    right = [item.id for item in quizzes if item.id in solved]
    if done or right:
        text = (
            f"**Solved so far:** {len(done)} of {len(exercises)} exercises, "
            f"{len(right)} of {len(quizzes)} quizzes ({', '.join(done + right)})."
        )
    else:
        text = (
            f"**Nothing solved yet:** {len(exercises)} exercises and {len(quizzes)} quizzes "
            "wait below. What you solve is remembered on this computer only."
        )
    return f"{text} {note}".strip()
