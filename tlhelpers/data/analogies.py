"""Questions of the form "a is to b as c is to what?", of ten kinds, written for this course.

The usual set of 19,544 questions comes in no package.  These are fewer, of kinds that
differ: what a word is (king, queen), how it ends (cold, colder), what is known about it
(Japan, yen).
"""

from __future__ import annotations

from tlhelpers.inputs import read_choice

#: Kind → its pairs.  Any two of them are a question.
_PAIRS = {
    "country and language": "france french, germany german, spain spanish, italy italian, "
    "japan japanese, china chinese, russia russian, greece greek, sweden swedish, "
    "turkey turkish, poland polish, portugal portuguese",
    "country and capital": "france paris, italy rome, germany berlin, spain madrid, "
    "japan tokyo, egypt cairo, greece athens, russia moscow, canada ottawa, cuba havana, "
    "norway oslo, austria vienna",
    "country and currency": "japan yen, india rupee, russia ruble, britain pound, china yuan, "
    "brazil real, mexico peso, sweden krona, switzerland franc, israel shekel, "
    "thailand baht, korea won",
    "man and woman": "man woman, king queen, brother sister, father mother, son daughter, "
    "husband wife, uncle aunt, boy girl, he she, actor actress, prince princess, "
    "grandfather grandmother",
    "animal and young": "dog puppy, cat kitten, cow calf, horse foal, sheep lamb, "
    "duck duckling, bear cub, goat kid, pig piglet, hen chick",
    "opposite": "hot cold, up down, happy sad, day night, rich poor, open closed, early late, "
    "win lose, buy sell, young old, strong weak, love hate",
    "more of it": "big bigger, small smaller, fast faster, good better, bad worse, "
    "cold colder, strong stronger, easy easier, old older, high higher, young younger, "
    "long longer",
    "verb and past": "walk walked, go went, see saw, take took, write wrote, sing sang, "
    "buy bought, run ran, think thought, play played, speak spoke, fall fell",
    "one and many": "cat cats, child children, city cities, man men, mouse mice, "
    "house houses, wolf wolves, foot feet, bird birds, car cars, leaf leaves, book books",
    "verb and who does it": "teach teacher, write writer, sing singer, paint painter, "
    "drive driver, bake baker, dance dancer, run runner, play player, manage manager, "
    "work worker, build builder",
}
KINDS = tuple(_PAIRS)


def word_pairs(kind: str) -> list[tuple[str, str]]:
    """Return the pairs of words of a kind.

    Parameters
    ----------
    kind
        One of `KINDS`.

    Examples
    --------
    >>> word_pairs("more of it")[:2]
    [('big', 'bigger'), ('small', 'smaller')]
    """
    pairs = _PAIRS[read_choice(kind, "kind", KINDS)].split(", ")
    return [(one, other) for one, other in map(str.split, pairs)]


def analogy_questions(kind: str) -> list[tuple[str, str, str, str]]:
    """Return all questions of a kind, each with its answer.

    Parameters
    ----------
    kind
        One of `KINDS`.

    Returns
    -------
    list of (str, str, str, str)
        a, b, c and the answer: every pair with every other one.

    Examples
    --------
    >>> questions = analogy_questions("country and capital")
    >>> len(questions), questions[0]
    (132, ('france', 'paris', 'italy', 'rome'))
    """
    pairs = word_pairs(kind)  # of which no two share a word
    return [(*one, *other) for one in pairs for other in pairs if one != other]
