"""Code that is shown in a notebook: the lines that matter, and no others."""

import ast

import numpy as np
import pytest

import tlhelpers as tl
from tlhelpers.inputs import read_count, read_number
from tlhelpers.teaching import publishing

METHODS = [name for name in tl.tasks.METHODS if hasattr(tl.adaptation, name)]


def method(
    images: np.ndarray,
    labels: list[int],
    *,
    shape: tuple[float, float] = (0.2, 0.8),
    weight: float = 1.0,
    rounds: int = 5,
    **settings: object,
) -> tuple[float, dict]:
    """Do something.

    At length.
    """
    import math

    weight = read_number(weight, "weight")
    read_count(rounds, "rounds")
    for one in shape:
        read_number(one, "one")
    if not labels:
        raise ValueError("no labels")
    least = 2 if rounds else read_count(rounds, "rounds")
    read_number(least, "least")

    # A comment stays.
    def loss(batch: dict) -> float:
        """What is inside keeps its words."""
        if not batch:
            raise ValueError("kept")

        return batch["x"] * weight

    total = math.fsum(images)
    return np.clip(
        total,
        loss({"x": min(labels)}),
        rounds,
    )


SHOWN = '''\
# {module}, without types and checks
def method(
    images, labels, *, shape=(0.2, 0.8), weight=1.0, rounds=5, **settings
):
    # A comment stays.
    def loss(batch):
        """What is inside keeps its words."""
        if not batch:
            raise ValueError("kept")

        return batch["x"] * weight

    total = math.fsum(images)
    return np.clip(
        total, loss({{"x": min(labels)}}), rounds
    )
'''


def only_checks(x: int) -> None:
    read_count(x, "x")


def test_types_docstrings_imports_and_checks_are_left_out(capsys):
    tl.show_code(method)
    assert capsys.readouterr().out == SHOWN.format(module=__name__)
    tl.show_code(only_checks)
    assert "def only_checks(x):\n    read_count(x" in capsys.readouterr().out


def test_a_page_gets_colours_and_others_plain_text(monkeypatch):
    published = []
    monkeypatch.setattr("tlhelpers.teaching.source_code.publish", published.append)
    tl.show_code(method, only_checks)
    (data,) = published
    assert data["text/markdown"] == f"```python\n{data['text/plain']}\n```"
    assert data["text/plain"].count("# ") == 2  # the module once, and the comment
    assert not publishing.in_notebook()


@pytest.mark.parametrize("name", METHODS)
def test_methods_are_short_and_still_python(name, capsys):
    tl.show_code(getattr(tl.adaptation, name))
    shown = capsys.readouterr().out
    ast.parse(shown)
    assert len(shown.splitlines()) <= 45
    assert max(map(len, shown.splitlines())) <= 100
    assert "import " not in shown and "np.ndarray," not in shown


@pytest.mark.parametrize("wrong", [(), (len,), (3,), (method, "name")])
def test_what_is_no_code_is_refused_in_words(wrong):
    with pytest.raises(TypeError, match="function"):
        tl.show_code(*wrong)


def test_a_lambda_is_shown_as_it_stands(capsys):
    tl.show_code(lambda x: x + 1)
    assert "lambda x: x + 1" in capsys.readouterr().out
