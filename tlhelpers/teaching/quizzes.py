"""Quizzes: to be clicked where widgets run, and to be read where they do not."""

from __future__ import annotations

import html
import re
from types import EllipsisType
from typing import TYPE_CHECKING

from tlhelpers.teaching import progress
from tlhelpers.teaching.exercises.definitions import Quiz, UnknownItem, find_item
from tlhelpers.teaching.exercises.reading import NotThis, letter
from tlhelpers.teaching.exercises.showing import plain_text, show_markdown
from tlhelpers.teaching.publishing import in_notebook, publish

if TYPE_CHECKING:  # it takes a while to import
    import ipywidgets

LETTERS = "ABCDEFGH"


def quiz(quiz_id: str, choice: str | EllipsisType | None = None) -> None:
    """Ask a question with several choices.

    Parameters
    ----------
    quiz_id
        Such as ``"0.a"``.
    choice
        A letter answers the question in words.  Without it (or with ``...``), and in
        a notebook, there are buttons to click (or to reach with the Tab and arrow keys).

    Examples
    --------
    >>> quiz("0.9")
    There is no '0.9'. Notebook 00 has: 0.1, 0.2, ...
    """
    try:
        found = find_item(quiz_id)
    except UnknownItem as problem:
        show_markdown(str(problem))
        return
    except Exception:  # an id that cannot even be printed
        show_markdown("That is no id of a quiz. An id looks like '0.a'.")
        return
    if not isinstance(found, Quiz):
        show_markdown(f'{found.id} is an exercise: `tl.check("{found.id}", answer)`.')
    elif choice is None or choice is ...:
        _display(found)
    else:
        show_markdown(reply_to_choice(found, choice))


def as_markdown(found: Quiz) -> str:
    """Return a question and its choices, without the answer."""
    choices = [
        f"- **{name}.** {item.text}" for name, item in zip(LETTERS, found.choices, strict=False)
    ]
    how = f'*Run this cell to answer, or call* `tl.quiz("{found.id}", "letter")`*.*'
    return "\n".join([f"**Quiz {found.id}** {found.question}\n", *choices, f"\n{how}"])


def reply_to_choice(found: Quiz, choice: object) -> str:
    """Return what to say to a choice, in Markdown; a right one is remembered.

    Parameters
    ----------
    found
        The quiz.
    choice
        A letter.
    """
    names = LETTERS[: len(found.choices)]
    try:
        name = letter(choice, names, "your choice")
    except NotThis as problem:
        return f"**… {found.id}** {problem}"
    except Exception:
        return f"**… {found.id}** Your choice should be one of the letters {', '.join(names)}."
    item = found.choices[names.index(name)]
    if not item.right:
        return f"**✘ {found.id} {name} is not it.** {item.why}"
    return (
        f"**✔ {found.id} {name} is right.** {item.why} {progress.remember_solved(found.id)}".strip()
    )


def _display(found: Quiz) -> None:
    """Show the buttons, with the text as what is seen where buttons are not."""
    text = as_markdown(found)
    data = {"text/plain": plain_text(text), "text/markdown": text}
    if in_notebook():
        try:  # JupyterLab shows the best that it can: the buttons, and only those
            from tlhelpers.teaching.widgets.manners import view

            data = view(quiz_buttons(found))[0] | data
        except Exception:  # no widgets here: the text is enough to answer with a letter
            pass
    publish(data)


def quiz_buttons(found: Quiz) -> ipywidgets.VBox:
    """Return the widget of a quiz: question, choices, a button, and room for the verdict.

    Parameters
    ----------
    found
        The quiz.
    """
    import ipywidgets as widgets

    from tlhelpers.teaching.widgets.manners import READ_OUT, teach

    named = list(zip(LETTERS, found.choices, strict=False))
    question = widgets.HTML(_as_html(f"**Quiz {found.id}** {found.question}"))
    choices = widgets.RadioButtons(
        options=[(f"{name}. {item.text}", name) for name, item in named],
        value=None,
        description="Your choice:",
        layout={"width": "auto"},
        style={"description_width": "initial"},
    )
    button = widgets.Button(description="Check", tooltip=f"Check your choice in quiz {found.id}")
    answer = widgets.HTML()
    answer.add_class(READ_OUT)

    def on_click(_: object) -> None:
        chosen = choices.value
        text = reply_to_choice(found, chosen) if chosen else "Choose one of the answers first."
        answer.value = _as_html(text)

    button.on_click(on_click)
    return teach(widgets.VBox([question, choices, button, answer]))


def _as_html(markdown: str) -> str:
    """Return the little Markdown that quizzes use as HTML."""
    text = html.escape(markdown, quote=False)
    text = re.sub(r"`(.+?)`", r"<code>\1</code>", text)
    text = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", text)
    return re.sub(r"\*(.+?)\*", r"<i>\1</i>", text)
