"""Docstrings as texts: read without an import, masked, and cut between files."""

import sys

import numpy as np
import pytest

import tlhelpers as tl
from tlhelpers.data import docstrings
from tlhelpers.data.docstring_sentences import MASK, mask_names, prose, take_sentences
from tlhelpers.data.docstrings import find_source, load_docstrings, split_files

FILES = {
    "fruitlib/__init__.py": '''
"""All about fruit, and about how to peel it well."""
raise SystemExit
''',
    "fruitlib/peel.py": '''
import nothing_of_that_name
class Knife:
    """A knife for all that is not to be bitten."""
    def cut(self):
        """Cut a fruit in two halves, and keep both of them.

        Parameters
        ----------
        """
        def inner():
            """This one is inside of another and nobody sees it."""
async def wait():
    """Wait until the fruit is ripe. That may take many days."""
if True:
    def sharp():
        "Say whether a knife is sharp enough for \\d fruit."
def to():
    """Bring a fruit to where it is to be eaten."""
def short():
    """Too short."""
''',
    "fruitlib/more/__init__.py": "",
    "fruitlib/more/juice.py": '''
def press():
    """Press a fruit\\x07 until there is no juice in it any more."""
''',
    "fruitlib/more/again.py": 'def cut():\n    """A knife for all that is not to be bitten."""\n',
    "fruitlib/test_b.py": '"""One more test that says much and is no text of the library."""\n',
    "fruitlib/tests/helper.py": '"""A test that says much and is no text of the library."""\n',
    "fruitlib/broken.py": '"""This file is no Python that anybody could read"""\ndef (:\n',
    "fruitlib/zero.py": 'x = "\x00"',
    "fruitlib/old.py": b'''# -*- coding: latin-1 -*-
"""Une page en fran\xe7ais, et dans un vieux codage."""
''',
    "fruitlib/deep.py": "x = " + "(" * 5000 + ")" * 5000,
    "fruitlib/large.py": '"""A file that is data and not Python, by its size."""\n#'
    + "x" * 3_000_000,
}


@pytest.fixture
def library(tmp_path, monkeypatch):
    """A package whose code must not run."""
    for name, content in FILES.items():
        path = tmp_path / "site" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    (tmp_path / "site" / "single.py").write_text(
        '"""One file alone may be a library of its own, too."""\nraise SystemExit\n'
    )
    monkeypatch.syspath_prepend(tmp_path / "site")
    return tmp_path / "site"


def test_docstrings_are_read_and_nothing_is_imported(library):
    found = load_docstrings(["fruitlib", "single"])
    by_name = dict(zip(found.names, found.texts, strict=True))
    assert by_name["fruitlib"] == "All about fruit, and about how to peel it well."
    assert by_name["fruitlib.peel.Knife.cut"].endswith("both of them.\n\nParameters\n----------")
    assert by_name["fruitlib.peel.sharp"] == r"Say whether a knife is sharp enough for \d fruit."
    assert by_name["fruitlib.more.juice.press"].startswith("Press a fruit  until")  # no bell
    assert by_name["fruitlib.old"].startswith("Une page en français")
    assert {name.removeprefix("fruitlib") for name in by_name} == {
        *("", ".more.juice.press", ".old", "single"),
        *(".peel.Knife", ".peel.Knife.cut", ".peel.wait", ".peel.sharp", ".peel.to"),
    }
    assert found.sources == ("fruitlib", "single") and found.labels.tolist() == [0] * 8 + [1]
    assert "fruitlib" not in sys.modules and "single" not in sys.modules


def test_a_text_is_there_once_and_a_file_has_one_number(library):
    found = load_docstrings(["fruitlib"])
    assert len({*found.texts}) == len(found.texts)
    files = dict(zip(found.names, found.files, strict=True))
    assert files["fruitlib.peel.wait"] == files["fruitlib.peel.Knife.cut"]
    assert len({*files.values()}) == 4 == found.files.max() + 1


def test_a_part_of_a_package_is_read_alone(library):
    found = load_docstrings(["fruitlib.more", "fruitlib.peel"], shortest=10)
    assert {name for name in found.names[found.labels == 0]} == {
        "fruitlib.more.juice.press",
        "fruitlib.more.again.cut",
    }
    assert "fruitlib.peel.short" in found.names
    assert find_source("fruitlib.more") == library / "fruitlib" / "more"
    assert find_source("single") == library / "single.py"
    for name in ("scipy.stats", "xml.dom"):  # found without its parent being asked
        assert find_source(name).parts[-2:] == tuple(name.split("."))


@pytest.mark.parametrize(
    ("sources", "why"),
    [
        ("nosuchlib", "There is no package nosuchlib here"),
        ("fruitlib.nothing", "fruitlib.nothing has no files of Python to read.*part of fruitlib"),
        ("math", "math has no files of Python to read: it is built into"),
        ("fruitlib/../x", "sources must be names as import takes them; got 'fruitlib/../x'"),
        ("..fruitlib", "names as import takes them"),
        ("", r"sources.0. is empty"),
        (["fruitlib", "fruitlib"], "fruitlib is there twice"),
        (["fruitlib", "fruitlib.more"], "fruitlib.more is there twice: in itself and in fruitlib"),
        ("fruitlib.broken", "fruitlib.broken has no docstrings of 40 characters or more"),
        ([], "sources must have at least 1 text"),
    ],
)
def test_what_is_no_library_gets_a_sentence(library, sources, why):
    with pytest.raises(ValueError, match=why):
        load_docstrings(sources)


# ----------------------------------------------------------------------------- sentences

TEXT = """Solve a system of equations. It may be large; see
`linalg.solve` for a small one.

Parameters
----------
a : array of numbers
    The left side, which has n rows and
    as many columns.
b : int
    Its right side!

Notes
=====
This line is a heading.
-----------------------
* First of the items is this one.
* The second one of the items.

.. math:: x = y.

>>> solve(a, b)
A sentence that a program prints.

| This is a line of a table.
No stop here
"""


def test_prose_has_no_code_no_headings_and_no_tables():
    assert prose(TEXT) == [
        "Solve a system of equations.",
        "It may be large; see `linalg.solve` for a small one.",
        "The left side, which has n rows and as many columns.",
        "Its right side!",
        "First of the items is this one.",
        "The second one of the items.",
    ]
    assert prose("See e.g. this. i.e. that.") == ["See e.g. this. i.e. that."]
    assert prose("") == []


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Calls `f(x)` and ``g`` and :func:`~a.b.c`.", "Calls NAME and NAME and NAME."),
        ("See np.linalg.norm() or fit_transform.", "See NAME or NAME."),
        ("A RandomForest or maxIter, run() twice.", "A NAME or NAME, NAME twice."),
        ("NumPy and numpys, but not numpyish.", "NAME and NAME, but not numpyish."),
        ("See https://numpy.org/x.html and doi:10.1/x.", "See NAME and NAME"),
        ("As e.g. in 3.5 of 10 cases, i.e. seldom.", "As e.g. in 3.5 of 10 cases, i.e. seldom."),
        ("With scikit-learn it works.", "With NAME it works."),
    ],
)
def test_names_are_masked_and_words_are_not(text, masked):
    assert MASK == "NAME" and mask_names(text, ["numpy", "scikit-learn"]) == masked


def test_sentences_say_where_they_come_from_and_give_nothing_away(library):
    found = load_docstrings(["fruitlib", "single"])
    taken = take_sentences(found, least_words=4, most_each=1)
    assert len(taken.texts) == len(taken.names) == len(taken.labels) == len(taken.files)
    where = dict(zip(taken.texts, taken.names, strict=True))
    # The name of the function itself is masked, too.
    assert where["NAME a fruit in two halves, and keep both of them."] == "fruitlib.peel.Knife.cut"
    assert where["Bring a fruit to where it is to be eaten."] == "fruitlib.peel.to"  # a word
    assert where["One file alone may be a library of its own, too."] == "single"
    assert "NAME until the fruit is ripe." in where
    assert "That may take many days." not in where  # one of each
    plain = take_sentences(found, least_words=4, masked=False)
    assert "Cut a fruit in two halves, and keep both of them." in plain.texts
    with pytest.raises(ValueError, match="No sentence has 99 words or more"):
        take_sentences(found, least_words=99)
    with pytest.raises(TypeError, match="found must be Docstrings; got list"):
        take_sentences(["a"])


def test_real_sentences_do_not_name_their_library():
    taken = take_sentences(load_docstrings(["numpy.linalg", "scipy.stats"]))
    assert min(np.bincount(taken.labels)) > 50
    words = " ".join(taken.texts).lower().split()
    assert not {"numpy", "scipy", "stats", "linalg", "np", "np.linalg"} & {*words}
    assert len({*taken.texts}) == len(taken.texts)


# --------------------------------------------------------------------------------- cutting


def made_up():
    rows = np.arange(60)
    texts = tl.texts.text_array([f"This is the text of row {i}." for i in rows])
    return docstrings.Docstrings(texts, texts, rows // 30, rows // 5, ("one", "two"))


def test_no_file_and_no_text_is_on_both_sides():
    found = made_up()
    for seed in range(3):
        train, test = split_files(found, seed=seed)
        assert not {*found.files[train]} & {*found.files[test]}
        assert len(train) + len(test) == 60
        assert {*found.labels[train]} == {*found.labels[test]} == {0, 1}
    train, test = split_files(found)
    found.texts[train[0]] = found.texts[test[0]].upper().strip(".")
    assert train[0] not in split_files(found)[0]


def test_other_labels_may_be_given():
    found = made_up()
    parity = found.files % 2
    _, test = split_files(found, parity, share=0.5)
    assert parity[test].mean() == 0.5
    with pytest.raises(ValueError, match="got 60 texts, 60 files and 59 labels"):
        split_files(found, parity[1:])
    with pytest.raises(ValueError, match="too few files to cut"):
        split_files(found, found.files)
    with pytest.raises(TypeError, match="found must be Docstrings; got list"):
        split_files(["a"])
