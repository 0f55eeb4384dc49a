"""Results that take minutes to compute, computed once and shipped in ``measured/``.

Each file says in its first lines with which command it was made.  The command
makes it again (`benchmarks.explorers`).
"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

FOLDER = Path(__file__).with_name("measured")


def command_for(name: str) -> str:
    """Return the command that makes a file of results.

    Examples
    --------
    >>> command_for("freezing")
    'python -m benchmarks.explorers freezing'
    """
    return f"python -m benchmarks.explorers {name}"


def read_table(name: str, folder: Path = FOLDER) -> list[dict[str, str]]:
    """Return the rows of a table, as texts.

    Parameters
    ----------
    name
        Such as ``"labels"``.
    folder
        Where the file is.

    Examples
    --------
    >>> sorted(read_table("labels")[0])
    ['accuracy', 'draw', 'labels per class', 'strategy']
    """
    lines = (folder / f"{name}.csv").read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def write_table(name: str, rows: list[dict], about: str, folder: Path = FOLDER) -> Path:
    """Write a table, with a line that says what it is and one that says how it was made.

    Parameters
    ----------
    name, folder
        As for `read_table`.
    rows
        All with the same keys.
    about
        What was measured, on what, in a sentence without a line break.

    Returns
    -------
    Path
        The file.
    """
    text = io.StringIO()
    text.write(f"# {about}\n# Made with: {command_for(name)}\n")
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    place = folder / f"{name}.csv"
    place.write_text(text.getvalue(), encoding="utf-8", newline="\n")
    return place


def read_tree(name: str, folder: Path = FOLDER) -> dict:
    """Return what is in a JSON file of results."""
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))


def write_tree(name: str, tree: dict, about: str, folder: Path = FOLDER) -> Path:
    """Write results that are no table as JSON; the parameters are those of `write_table`."""
    place = folder / f"{name}.json"
    runs = ",\n".join(json.dumps(run, separators=(",", ":")) for run in tree["runs"])
    rest = {"about": about, "made with": command_for(name)}
    rest |= {key: value for key, value in tree.items() if key != "runs"} | {"runs": []}
    # A line for each run, so that a difference can be read.
    text = json.dumps(rest, ensure_ascii=False).removesuffix("[]}") + f"[\n{runs}\n]}}\n"
    place.write_text(text, encoding="utf-8", newline="\n")
    return place
