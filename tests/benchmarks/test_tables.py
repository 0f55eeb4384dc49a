"""What all benchmarks share: options, seeds, and the table."""

import pytest

from benchmarks import tables


def measured(seeds):
    return [("seeds", str(list(seeds)))]


@pytest.mark.parametrize(
    "words, seeds",
    [
        ([], "[1, 2, 3]"),
        (["--draws", "2"], "[1, 2]"),
        (["--draws", "2", "--seed", "4"], "[4, 5]"),
    ],
)
def test_each_draw_has_a_seed_of_its_own(words, seeds, capsys):
    assert tables.run("thing", measured, draws=3, first=1, argv=words) == 0
    said = capsys.readouterr().out
    assert f"| seeds | {seeds} |" in said and "`python -m benchmarks.thing --draws" in said


def test_without_draws_there_are_no_such_options(capsys):
    assert tables.run("thing", measured, argv=[]) == 0
    assert "`python -m benchmarks.thing`" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        tables.run("thing", measured, argv=["--draws", "2"])


@pytest.mark.parametrize(
    "words", [["--draws", "0"], ["--seed", "-1"], ["--draws", "nan"], ["--seed", "9" * 30]]
)
def test_odd_numbers_are_refused_before_anything_is_measured(words, capsys):
    with pytest.raises(SystemExit) as stop:
        tables.run("thing", lambda seeds: pytest.fail("measured"), draws=2, argv=words)
    assert stop.value.code == 2 and words[1].lstrip("-") in capsys.readouterr().err


def test_the_table_goes_into_a_file_too(tmp_path, capsys):
    place = tmp_path / "table.md"
    assert tables.run("thing", measured, argv=["--output", str(place)]) == 0
    assert place.read_text(encoding="utf-8") in capsys.readouterr().out
    with pytest.raises(SystemExit):  # before anything is measured
        tables.run("thing", lambda _: pytest.fail("measured"), argv=["--output", str(tmp_path)])
    assert "must name a file" in capsys.readouterr().err
