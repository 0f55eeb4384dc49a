"""What the bench keeps of each run, and the tables and the figure made of it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.bench_plan import ALL, Plan, Run
from tlhelpers.fetching.whole_files import write_text_whole, write_whole
from tlhelpers.transfer import metrics

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Row = dict[str, Any]
CONFIDENCE = 0.95
RUN = ("lab", "network", "strategy", "labels", "seed")  # what a row is of
#: Of a run, in `table.csv`; numbers of a strategy of one's own come after these.
COLUMNS = (
    *RUN,
    "accuracy",
    "balanced_accuracy",
    "auc",
    "tested",
    "low",
    "high",
    "interval",
    "error",
)
TIMES = ("seconds", "processor_seconds")
NOT_IN_TABLE = (*TIMES, "groups", "versions", "traceback", "labels_spent", "weights")

#: Of some runs that differ in their seed alone, in `summary.csv`.
SUMMARY = (
    *RUN[:4],
    "runs",
    "failed",
    "accuracy",
    "lowest",
    "highest",
    "low",
    "high",
    "interval",
    "groups_low",
    "groups_high",
    "groups_interval",
)


# --------------------------------------------------------------------------- one file a run


def keep(folder: Path, name: str, row: Row) -> None:
    """Keep what came of a run, in a file of its own that is written whole."""
    write_text_whole(folder / "runs" / name, json.dumps(row, indent=1, ensure_ascii=False) + "\n")


def read(folder: Path, plan: Plan) -> dict[Run, Row]:
    """Return the runs of a plan that are done; a file that is damaged is not there."""
    found = {}
    for run in plan.runs:
        row = read_one(folder, plan, run)
        if row is not None:
            found[run] = row
    return found


def read_one(folder: Path, plan: Plan, run: Run) -> Row | None:
    """Return what is kept of one run, or None."""
    try:
        row = json.loads((folder / "runs" / plan.file_name(run)).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    mine = isinstance(row, dict) and [row.get(key) for key in RUN[1:]] == list(run)
    return row if mine else None


# --------------------------------------------------------------------------- intervals


def interval_of_run(row: Row) -> tuple[float, float, str] | tuple[None, None, str]:
    """Return low, high and the method: over groups where there are some, else over pictures."""
    groups, tested = row.get("groups"), row.get("tested")
    if row.get("accuracy") is None or not tested:
        return None, None, ""
    if groups and len(groups["right"]) > 1:
        low, high = _over_groups([groups])
        return low, high, f"Student's t over {len(groups['right'])} {groups['of']}"
    right = round(row["accuracy"] * tested)
    low, high = metrics.accuracy_interval(right, tested, confidence=CONFIDENCE)
    return low, high, f"Wilson over {tested} pictures"


def _over_groups(of_runs: Sequence[Mapping[str, Any]]) -> tuple[float, float]:
    """Return the interval over groups, the answers of all runs to one group taken together."""
    right, groups = [], []
    for found in of_runs:
        for number, (good, total) in found["right"].items():
            right.append(np.arange(total) < good)
            groups.append(np.full(total, int(number)))
    return metrics.group_interval(
        np.concatenate(right), np.concatenate(groups), confidence=CONFIDENCE
    )


def interval_over_seeds(shares: Sequence[float]) -> tuple[float, float] | None:
    """Return Student's t interval for the mean over seeds, cut at 0 and 1; None of one number.

    Also None if all are the same: then nothing was drawn that mattered, and the interval
    would have no width.

    Examples
    --------
    >>> [round(end, 2) for end in interval_over_seeds([0.8, 0.9, 0.7])]
    [0.55, 1.0]
    >>> interval_over_seeds([0.9, 0.9]) is None
    True
    """
    from scipy.stats import t

    if len(shares) < 2 or min(shares) == max(shares):
        return None
    half = t.ppf((1 + CONFIDENCE) / 2, len(shares) - 1) * np.std(shares, ddof=1)
    half, middle = half / len(shares) ** 0.5, np.mean(shares)
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


# --------------------------------------------------------------------------- tables


def table(rows: Iterable[Row]) -> list[Row]:
    """Return a tidy table: a run in each row, its interval beside it, no times."""
    found = []
    for row in rows:
        low, high, method = interval_of_run(row)
        tidy = {key: row.get(key) for key in COLUMNS} | {"low": low, "high": high}
        own = {k: v for k, v in row.items() if k not in COLUMNS and k not in NOT_IN_TABLE}
        found.append(tidy | {"interval": method} | own)
    return found


def summary(rows: Iterable[Row]) -> list[Row]:
    """Return means over the seeds, and two intervals: over seeds, and over groups."""
    alike: dict[tuple, list[Row]] = {}
    for row in rows:
        alike.setdefault(tuple(row[key] for key in RUN[:4]), []).append(row)
    return [_summarise(key, some) for key, some in alike.items()]


def _summarise(key: tuple, rows: list[Row]) -> Row:
    done = [row for row in rows if row.get("accuracy") is not None]
    found: Row = dict.fromkeys(SUMMARY) | dict(zip(RUN, key, strict=False))
    found |= {"runs": len(done), "failed": len(rows) - len(done)}
    if not done:
        return found
    shares = [row["accuracy"] for row in done]
    found |= {"accuracy": float(np.mean(shares)), "lowest": min(shares), "highest": max(shares)}
    over_seeds = interval_over_seeds(shares)
    if over_seeds is not None:
        found["low"], found["high"] = over_seeds
        found["interval"] = f"Student's t over {len(done)} seeds"
    groups = [row["groups"] for row in done if row.get("groups")]
    names = {name for some in groups for name in some["right"]}
    if len(groups) == len(done) and len(names) > 1:
        found["groups_low"], found["groups_high"] = _over_groups(groups)
        found["groups_interval"] = f"Student's t over {len(names)} {groups[0]['of']}"
    return found


def in_words(rows: Iterable[Row]) -> str:
    """Return the summary as a table in Markdown."""
    found = summary(rows)
    seeds = _same(row["interval"] for row in found)
    groups = _same(row["groups_interval"] for row in found)
    titles = ["network", "strategy", "labels per class", "accuracy", f"95%: {seeds or 'seeds'}"]
    titles += [f"95%: {groups}"] if groups else []
    if failures := any(row["failed"] for row in found):
        titles.append("failed runs")
    lines = [titles, ["---"] * len(titles)]
    for row in found:
        line = [row["network"], row["strategy"], str(row["labels"]), _share(row["accuracy"])]
        line.append(_ends(row["low"], row["high"]))
        line += [_ends(row["groups_low"], row["groups_high"])] if groups else []
        lines.append(line + [str(row["failed"])] * failures)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _same(methods: Iterable[str | None]) -> str:
    """Return the method if all rows have one; else the beginning that they share."""
    different = sorted({method for method in methods if method})
    if len(different) == 1:
        return different[0]
    return f"{different[0].partition(' over ')[0]}, over all that there are" if different else ""


def _share(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"


def _ends(low: float | None, high: float | None) -> str:
    return "–" if low is None or high is None else f"{low:.1%} to {high:.1%}"


def as_csv(rows: Sequence[Row], columns: Sequence[str] = ()) -> str:
    """Return rows as text, with commas; what is not there is empty, floats are whole."""
    names = list(dict.fromkeys([*columns, *(key for row in rows for key in row)]))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


# --------------------------------------------------------------------------- all of it


def write_all(folder: Path, rows: Sequence[Row]) -> list[str]:
    """Write the tables and the figure anew; return a line for each thing worth saying."""
    tidy = table(rows)
    write_text_whole(folder / "table.csv", as_csv(tidy, COLUMNS))
    times = [{key: row.get(key) for key in (*RUN, *TIMES)} for row in rows]
    write_text_whole(folder / "times.csv", as_csv(times, (*RUN, *TIMES)))
    write_text_whole(folder / "summary.csv", as_csv(summary(rows), SUMMARY))
    said = ["table.csv (a run in each row), summary.csv (means and intervals), times.csv"]
    said.append(_write_parquet(folder / "table.parquet", tidy))
    figure = figure_of(rows)
    if figure is not None:
        alt = in_a_sentence(rows)
        write_whole(
            folder / "figure.png",
            lambda place: figure.savefig(place, dpi=150, metadata={"Description": alt}),
        )
        said.append(f"figure.png: {alt}")
    return said


def _write_parquet(path: Path, tidy: Sequence[Row]) -> str:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        return "For table.parquet as well: pip install pyarrow"
    names = list(dict.fromkeys(key for row in tidy for key in row))
    columns = {name: [row.get(name) for row in tidy] for name in names}
    columns["labels"] = [str(count) for count in columns["labels"]]  # "all" is no number
    whole = pyarrow.table(columns)
    write_whole(path, lambda place: pyarrow.parquet.write_table(whole, place))
    return path.name


Curves = dict[str, dict[int, list[float]]]


def curves(rows: Iterable[Row]) -> Curves:
    """Return name of the strategy → labels of each class → accuracies, one for each seed.

    Where there are several networks, the name of the network stands behind it.  Of all
    labels, the number is their mean over the classes.  0: strategies that spend none.
    """
    rows = [row for row in rows if row.get("accuracy") is not None]
    several = len({row["network"] for row in rows}) > 1
    found: Curves = {}
    for row in rows:
        name = f"{row['strategy']}, {row['network']}" if several else row["strategy"]
        spent = row["labels_spent"] if row["labels"] == ALL else row["labels"]
        found.setdefault(name, {}).setdefault(spent, []).append(row["accuracy"])
    return found


def figure_of(rows: Sequence[Row]) -> Figure | None:
    """Draw accuracy against labels; the bands go from the lowest seed to the highest."""
    from tlhelpers import plots

    drawn = {
        name: {labels: shares for labels, shares in curve.items() if labels}
        for name, curve in curves(rows).items()
    }
    level = {name: float(np.mean(c[0])) for name, c in curves(rows).items() if 0 in c}
    lines = {name: curve for name, curve in drawn.items() if curve}
    if not lines:
        return None
    ticks = {
        row["labels_spent"]: ALL for row in rows if row["labels"] == ALL and "error" not in row
    }
    return plots.label_curves(
        lines,
        no_labels=level.pop("prediction", None),
        levels=level or None,
        title=f"Lab: {rows[0]['lab']}",
        ticks=ticks or None,
        ylabel="accuracy on the test",
    )


def in_a_sentence(rows: Sequence[Row]) -> str:
    """Say in words what the figure shows."""
    ends = []
    for name, curve in curves(rows).items():
        counts = sorted(curve)
        means = [float(np.mean(curve[n])) for n in counts]
        if counts == [0]:
            ends.append(f"{name}: {means[0]:.0%} with no label")
        else:
            rise = f"{means[0]:.0%} with {counts[0]}"
            if len(counts) > 1:
                rise += f" to {means[-1]:.0%} with {counts[-1]}"
            ends.append(f"{name}: {rise}")
    return (
        f"Accuracy against labels of each class, lab {rows[0]['lab']}. {'; '.join(ends)}. "
        "Bands go from the lowest seed to the highest."
    )
