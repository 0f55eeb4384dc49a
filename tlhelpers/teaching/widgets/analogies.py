"""``tl.explore_analogies()``: a is to b as c is to what? And who is left out of the answers?"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tlhelpers import plots
from tlhelpers.data.word_neighbours import analogy, nearest
from tlhelpers.data.word_vectors import WordVectors, check_vectors, load_glove
from tlhelpers.inputs import read_count, read_text
from tlhelpers.plots.figure_style import BLUE, GREY
from tlhelpers.teaching.widgets.sheet import WRAPPING, button
from tlhelpers.teaching.widgets.showing import STYLE, WIDE, ShownPicture, Turns, Words, live

if TYPE_CHECKING:  # for readers and type checkers only: they take a while to import
    import ipywidgets
    from matplotlib.figure import Figure

#: Questions to begin with; the first one stands in where nobody asks.
QUESTIONS = (
    ("man", "king", "woman"),
    ("france", "paris", "japan"),
    ("big", "bigger", "cold"),
    ("walk", "walked", "go"),
    ("dog", "puppy", "cat"),
    ("hot", "cold", "day"),
)
COUNT = 8  # answers that are shown
LEAST = 4  # words: those of a question, and one to answer with


class Solved(NamedTuple):
    """A question with its answers.

    Attributes
    ----------
    question
        Its three words, as they were given.
    answers
        Words with their cosine to the direction b - a + c, the best first.
    own
        Which words of the question are among them.
    plain
        The nearest neighbour of c alone, which does not look at a and b.
    """

    question: tuple[str, str, str]
    answers: list[tuple[str, float]]
    own: frozenset[str]
    plain: str


def solve(
    vectors: WordVectors, a: str, b: str, c: str, *, own_words: bool = False, count: int = COUNT
) -> Solved:
    """Answer "``a`` is to ``b`` as ``c`` is to ...".

    Parameters
    ----------
    vectors
        From `load_glove` or `make_word_vectors`.
    a, b, c
        Words; capitals and blanks around them do not count.
    own_words
        May the words of the question be answers?
    count
        How many answers, at most.

    Raises
    ------
    UnknownWord
        If a word has no vector.
    ValueError
        If a word is missing.

    Examples
    --------
    >>> from tlhelpers.data.word_vectors import make_word_vectors
    >>> words = make_word_vectors(["he", "she", "son", "girl"], [[1, 0], [0, 1], [3, 1], [1, 3]])
    >>> solve(words, "he", "she", "son").answers[0][0]
    'girl'
    """
    check_vectors(vectors)
    given = [read_text(word, name).strip() for name, word in zip("abc", (a, b, c), strict=True)]
    missing = [name for name, word in zip("abc", given, strict=True) if not word]
    if missing:
        raise ValueError(f"Write a word for {' and '.join(missing)}: the question has three words.")
    a, b, c = given
    count = min(read_count(count, "count", most=100), len(vectors))
    answers = analogy(vectors, a, b, c, count, question_words=bool(own_words))
    rows = {vectors.row(word) for word in given}
    own = frozenset(word for word, _ in answers if vectors.rows[word] in rows)
    plain = nearest(vectors, c, 1, leave_out=[a, b])
    return Solved((a, b, c), answers, own, plain[0][0] if plain else "")


def describe_solved(solved: Solved) -> str:
    """Say what the best answer is, and what it would be by the third word alone.

    Examples
    --------
    >>> describe_solved(Solved(("he", "she", "son"), [("girl", 0.9)], frozenset(), "girl"))
    'he is to she as son is to: girl (cosine 0.90). The nearest neighbour of son alone: girl.'
    """
    a, b, c = solved.question
    if not solved.answers:
        return f"{a} is to {b} as {c} is to: no word is left to answer with."
    best, cosine = solved.answers[0]
    text = f"{a} is to {b} as {c} is to: {best} (cosine {cosine:.2f})."
    if best in solved.own:
        others = [word for word, _ in solved.answers if word not in solved.own]
        text += " That is a word of the question itself"
        text += f"; the first other word is {others[0]}." if others else "."
    return text + (f" The nearest neighbour of {c} alone: {solved.plain}." if solved.plain else "")


def analogy_figure(solved: Solved) -> Figure:
    """Draw the answers as level bars; words of the question are grey."""
    from matplotlib.figure import Figure

    with plots.style():
        figure = Figure(figsize=(7.2, 0.9 + 0.3 * max(len(solved.answers), 1)))
        axis = figure.add_axes((0.25, 0.2, 0.62, 0.68))
        names = [word[:24] for word, _ in solved.answers]
        values = [cosine for _, cosine in solved.answers]
        colours = [GREY if word in solved.own else BLUE for word, _ in solved.answers]
        drawn = axis.barh(range(len(names)), values, color=colours, height=0.7)
        axis.bar_label(drawn, [f"{value:.2f}" for value in values], padding=4, fontsize=10)
        axis.set_yticks(range(len(names)), names)
        axis.set(xlabel="cosine to b − a + c", xlim=(min([0.0, *values]), 1.05))
        axis.set_title("{} : {} = {} : ?".format(*solved.question), fontsize=11)
        axis.invert_yaxis()
        axis.grid(visible=False, axis="y")
    return figure


def explore_analogies(vectors: WordVectors | None = None) -> ipywidgets.VBox:
    """Show three fields for words, and the answers to "a is to b as c is to ...".

    Parameters
    ----------
    vectors
        By default GloVe's.

    Returns
    -------
    ipywidgets.VBox
        Its ``a``, ``b``, ``c`` and ``own_words`` are the fields, ``example`` the questions
        to begin with.

    Raises
    ------
    TypeError
        If it is no `WordVectors`.
    ValueError
        If there are fewer than four words.
    """
    import ipywidgets as widgets

    vectors = load_glove() if vectors is None else vectors
    check_vectors(vectors)
    if len(vectors) < LEAST:
        raise ValueError(
            f"vectors must have {LEAST} words or more, three to ask and one to answer with; got "
            f"{len(vectors)}."
        )
    known = [question for question in QUESTIONS if all(word in vectors for word in question)]
    first, second, third = vectors.words[:3]
    known = known or [(first, second, third)]
    picture, words = ShownPicture(), Words()
    turns = Turns(words)
    same = {"layout": WIDE, "style": STYLE}
    example = widgets.Dropdown(
        options=[("{} : {} = {} : ?".format(*one), one) for one in known],
        description="Begin with",
        tooltip="A question to begin with: it fills the three fields below",
        **same,
    )
    fields = [
        widgets.Text(
            value=word,
            description=name,
            tooltip=f"The word {name} of the question; press Enter when it is written",
            continuous_update=False,
            **same,
        )
        for name, word in zip(("a", "is to b", "as c"), known[0], strict=True)
    ]
    own_words = widgets.Checkbox(
        value=False,
        description="The question's own words may be answers",
        tooltip="Usually they are left out, without a word about it",
        indent=False,
        layout=WIDE,
    )
    ask = button("Answer", "Look for the fourth word", main=True)

    def show() -> None:
        asked = [field.value for field in fields]
        try:
            solved = solve(vectors, *asked, own_words=own_words.value)
        except ValueError as problem:  # nothing is broken: another word is wanted
            words.say(str(problem))
            return
        said = describe_solved(solved)
        listed = ", ".join(f"{word} {cosine:.2f}" for word, cosine in solved.answers)
        picture.show(
            analogy_figure(solved), f"Bars of the best answers by cosine: {listed}. {said}"
        )
        words.say(said)

    @turns.take
    def on_change(_: object) -> None:
        show()

    @turns.take
    def on_example(_: object) -> None:
        for field, word in zip(fields, example.value, strict=True):
            field.value = word  # which asks anew

    for field in (*fields, own_words):
        field.observe(on_change, "value")
    ask.on_click(on_change)
    example.observe(on_example, "value")
    show()
    below = widgets.HBox([own_words, ask], layout=WRAPPING)
    return live(
        [example, *fields, below, words.widget, picture.widget],
        picture,
        words=words,
        example=example,
        a=fields[0],
        b=fields[1],
        c=fields[2],
        own_words=own_words,
        button=ask,
    )
