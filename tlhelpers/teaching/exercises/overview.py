"""Say in a line what of a notebook is solved."""

from __future__ import annotations

from tlhelpers.teaching.exercises.definitions import UnknownItem, load_items
from tlhelpers.teaching.exercises.showing import show_markdown
from tlhelpers.teaching.progress import read_solved


def progress(notebook: str | int) -> None:
    """Show what you have solved in a notebook.

    Parameters
    ----------
    notebook
        Its number, such as ``"00"``.
    """
    try:
        show_markdown(solved_line(notebook))
    except UnknownItem as problem:
        show_markdown(str(problem))


def solved_line(notebook: str | int) -> str:
    """Return a line on what is solved in a notebook, in Markdown.

    Raises
    ------
    UnknownItem
        If no notebook of that number has exercises.
    """
    exercises, quizzes = load_items(notebook)
    found, note = read_solved()
    done = [item.id for item in exercises if item.id in found]
    right = [item.id for item in quizzes if item.id in found]
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
