"""Docstrings of installed packages: texts that are on every computer, without a download.

They are read out of the files of the packages (`ast`); nothing is imported, and no code
runs.  What a library says of itself is a language of its own: learn on some libraries, and
ask about another.
"""

from __future__ import annotations

import ast
import importlib.util
import os
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tlhelpers.data.group_splits import split_groups
from tlhelpers.data.texts import MOST, leave_out_copies, read_texts, text_array
from tlhelpers.inputs import read_array, read_count, read_labels

#: Libraries that the course needs anyway, and that have much to say.
LIBRARIES = ("numpy", "scipy", "sklearn", "skimage", "matplotlib", "keras")
LARGEST = 3_000_000  # bytes: a larger file is data in the form of Python

_NAME = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*", re.ASCII)
_LEFT_OUT = {"tests", "test", "testing", "conftest", "_vendor", "vendor", "__pycache__"}
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")


class Docstrings(NamedTuple):
    """Docstrings, or sentences of them, in the order of their files.

    Attributes
    ----------
    texts
        Shape (n,), objects.
    names
        Shape (n,), objects: what each describes, such as ``"scipy.stats.norm"``.
    labels
        Shape (n,): of which source each is, as a row of ``sources``.
    files
        Shape (n,): in which file each stands, from 0.
    sources
        The packages, or parts of packages, that were read.
    """

    texts: np.ndarray
    names: np.ndarray
    labels: np.ndarray
    files: np.ndarray
    sources: tuple[str, ...]


def load_docstrings(sources: Any = LIBRARIES, *, shortest: int = 40) -> Docstrings:
    """Read the docstrings of installed packages, each text once.

    Parameters
    ----------
    sources
        Packages or parts of packages by the names that ``import`` takes, such as
        ``["numpy", "scipy.stats"]``.  None may be inside another.
    shortest
        Characters that a docstring has at least.

    Returns
    -------
    Docstrings
        Those of modules, classes and functions; tests are left out, and so are files
        that are no Python of this version.

    Raises
    ------
    ValueError
        If a package is not installed, or has no docstrings; the message says which.

    Examples
    --------
    >>> found = load_docstrings(["json", "email"])
    >>> found.sources, int(found.labels.max())
    (('json', 'email'), 1)
    >>> found.names[0], found.texts[0][:30]
    ('json', 'JSON (JavaScript Object Notati')
    """
    shortest = read_count(shortest, "shortest", most=MOST)
    names = _read_sources(sources)
    rows: list[tuple[str, str, int, int]] = []
    seen: set[str] = set()
    number = 0
    for label, source in enumerate(names):
        before = len(rows)
        for path, module in _files(source):
            for name, text in _docstrings(path, module):
                if shortest <= len(text) <= MOST and text not in seen:
                    seen.add(text)
                    rows.append((text, name, label, number))
            number += 1
        if len(rows) == before:
            raise ValueError(f"{source} has no docstrings of {shortest} characters or more.")
    texts, places, labels, files = zip(*rows, strict=True)
    numbers = np.unique(files, return_inverse=True)[1]
    return Docstrings(text_array(texts), text_array(places), np.array(labels), numbers, names)


def _read_sources(sources: Any) -> tuple[str, ...]:
    sources = [sources] if isinstance(sources, str) else sources
    names = tuple(read_texts(sources, "sources", most=200))
    for name in names:
        if not _NAME.fullmatch(name):
            raise ValueError(f"sources must be names as import takes them; got {name[:60]!r}.")
        for other in names:
            if name.startswith(f"{other}.") or names.count(name) > 1:
                raise ValueError(f"{name} is there twice: in itself and in {other}.")
    return names


def find_source(name: str) -> Path:
    """Return the folder or file of a package or of a part of one, importing nothing.

    Raises
    ------
    ValueError
        If it is not installed, or has no files of Python.

    Examples
    --------
    >>> find_source("numpy.linalg").name, find_source("json.decoder").name
    ('linalg', 'decoder.py')
    """
    [name] = _read_sources([name])
    first, *rest = name.split(".")
    try:
        found = importlib.util.find_spec(first)  # of a name without dots: it imports nothing
    except (ImportError, ValueError, AttributeError):
        found = None
    if found is None:
        raise ValueError(f"There is no package {first} here. Look at the name, as import takes it.")
    folders = [Path(place) for place in found.submodule_search_locations or ()]
    places = [folder.joinpath(*rest) for folder in folders]
    if not rest and not folders and found.origin:
        places = [Path(found.origin).with_suffix("")]
    for place in places:
        if place.is_dir():
            return place
        if (file := place.with_name(f"{place.name}.py")).is_file():
            return file
    raise ValueError(
        f"{name} has no files of Python to read: it is built into something else, or there is no "
        f"such part of {first}."
    )


def _files(source: str) -> Iterator[tuple[Path, str]]:
    """Yield the files of a source with the names of their modules, in the same order anywhere."""
    root = find_source(source)
    if root.is_file():
        yield root, source
        return
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in _LEFT_OUT)
        for name in sorted(files):
            stem, ending = os.path.splitext(name)
            if ending == ".py" and stem not in _LEFT_OUT and not stem.startswith("test_"):
                path = Path(folder, name)
                parts = path.relative_to(root).with_suffix("").parts
                yield path, ".".join([source, *parts]).removesuffix(".__init__")


def _docstrings(path: Path, module: str) -> Iterator[tuple[str, str]]:
    """Yield names and docstrings of a file; none if it cannot be read."""
    try:
        if path.stat().st_size > LARGEST:
            return
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about backslashes in other people's texts
            tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return
    todo: list[tuple[str, ast.AST]] = [(module, tree)]
    while todo:
        name, node = todo.pop()
        inside: list[tuple[str, ast.AST]] = []
        is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for child in () if is_function else ast.iter_child_nodes(node):
            if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                inside.append((f"{name}.{child.name}", child))
            elif isinstance(child, ast.If | ast.Try | ast.With):
                inside.append((name, child))
        todo += reversed(inside)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node)
            if text:
                yield name, _CONTROL.sub(" ", text).strip()


def split_files(
    found: Docstrings, labels: Any = None, *, share: float = 0.25, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Cut docstrings in two, between files: none has texts on both sides.

    Texts of one file repeat each other.  One that is on both sides all the same, from
    another file, is left out where one learns.

    Parameters
    ----------
    found
        From `load_docstrings` or `docstring_sentences.take_sentences`.
    labels
        Shape (n,): classes; by default those of ``found``.
    share
        Of the files of each class that are kept for the test.
    seed
        Which draw.  The same seed gives the same one.

    Returns
    -------
    train, test : numpy.ndarray
        Row numbers, in order.

    Raises
    ------
    ValueError
        If a class has fewer than two files, or the numbers of rows differ.

    Examples
    --------
    >>> found = load_docstrings(["json", "email"])
    >>> train, test = split_files(found)
    >>> {*found.files[train]} & {*found.files[test]}
    set()
    """
    if not isinstance(found, Docstrings):
        raise TypeError(f"found must be Docstrings; got {type(found).__name__}.")
    labels = read_labels(found.labels if labels is None else labels)
    if not len(found.texts) == len(read_array(found.files, "files")) == len(labels):
        raise ValueError(
            f"There is one label for each text; got {len(found.texts):,} texts, "
            f"{len(found.files):,} files and {len(labels):,} labels."
        )
    train, test = split_groups(found.files, labels, share=share, seed=seed, many="files")
    return leave_out_copies(found.texts, train, test), test
