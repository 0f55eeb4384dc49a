"""The costs of many networks: measured once and kept; the best of them for a budget."""

from __future__ import annotations

import importlib.metadata
import json
import math
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tlhelpers.fetching import places
from tlhelpers.fetching.whole_files import write_text_whole
from tlhelpers.inputs import read_count, read_items, read_mapping, read_number
from tlhelpers.networks.cost import PICTURES, SECONDS, Cost, measure_network
from tlhelpers.networks.published import find_published
from tlhelpers.networks.table import ARCHITECTURES, find_architecture

__all__ = ["measure_networks", "pareto_front", "table_of", "within_budget"]

FILE = "network_costs.json"


def measure_networks(
    names: Sequence[str] | None = None,
    *,
    pictures: int = PICTURES,
    seconds: float = SECONDS,
    again: bool = False,
) -> dict[str, Cost]:
    """Measure networks, with a progress bar; stopped, it goes on later where it was.

    Each network is kept in the cache of the course as soon as it is measured, and
    what was measured on this computer before is not measured again.

    Parameters
    ----------
    names
        Names in `ARCHITECTURES`; by default all.  That takes some minutes, and 3 GB of memory.
    pictures, seconds
        As for `cost.time_network`.
    again
        Measure also what is kept already.

    Returns
    -------
    dict
        Name → `Cost`, in the order of ``names``.  A keyboard interrupt ends the measuring,
        and those that were measured are returned.

    Raises
    ------
    ValueError
        If there is no network of one of the names.

    Examples
    --------
    >>> measure_networks([])
    {}
    """
    from tqdm.auto import tqdm

    wanted = list(ARCHITECTURES) if names is None else read_items(names, "names", at_least=0)
    wanted = [find_architecture(name).name for name in wanted]
    read_count(pictures, "pictures", most=1024)
    read_number(seconds, "seconds", least=0, most=3600)
    file = kept_file()
    known = {} if again else read_kept(file, pictures)
    missing = [name for name in dict.fromkeys(wanted) if name not in known]
    # Small ones first: whoever stops has the most of them, and those that are most in use.
    missing.sort(key=lambda name: ARCHITECTURES[name].parameters)
    with tqdm(total=len(missing), desc="Networks", leave=False, disable=not missing) as bar:
        try:
            for name in missing:
                bar.set_postfix_str(name)
                known[name] = measure_network(name, pictures=pictures, seconds=seconds)
                write_kept(file, {name: known[name]}, pictures)
                bar.update()
        except KeyboardInterrupt:
            count = sum(name in known for name in missing)
            said = f"Stopped: {count} of {len(missing)} measured, and kept."
            bar.write(said, file=sys.stderr)
    return {name: known[name] for name in wanted if name in known}


def table_of(costs: Mapping[str, Cost]) -> str:
    """Return costs as a table in Markdown, beside what is published.

    Parameters
    ----------
    costs
        From `measure_networks`.

    Examples
    --------
    >>> print(table_of({"VGG16": Cost("VGG16", 138357544, 553.4, 15470264320, 170.5)}))
    | network | year | top-1 | parameters | MB | multiply-adds | ms a picture | pictures a second |
    |---|---|---|---|---|---|---|---|
    | VGG16 | 2014 | 71.3 % | 138.4 million | 553.4 | 15.47 billion | 170.5 | 5.9 |
    """
    lines = [
        "| network | year | top-1 | parameters | MB | multiply-adds | ms a picture "
        "| pictures a second |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for cost in read_costs(costs).values():
        known = find_published(cost.name)
        more = " *" if known.more_data else ""
        lines.append(
            f"| {cost.name} | {known.year} | {100 * known.top1:.1f} %{more} | "
            f"{cost.parameters / 1e6:.1f} million | {cost.megabytes:.1f} | "
            f"{cost.multiply_adds / 1e9:.2f} billion | {cost.milliseconds:.1f} | "
            f"{1000 / cost.milliseconds:.1f} |"
        )
    return "\n".join(lines)


# ------------------------------------------------------------------------------ choosing


def pareto_front(costs: Mapping[str, Cost]) -> list[str]:
    """Return the networks that no other beats: more accurate, or at least as fast.

    A network is left out if another one is at least as accurate and at least as fast, and
    better in one of the two.  What remains is the *Pareto front*: there, more
    accuracy costs time.

    Parameters
    ----------
    costs
        From `measure_networks`.

    Returns
    -------
    list of str
        The fastest first.

    Examples
    --------
    >>> costs = {
    ...     "VGG16": Cost("VGG16", 138357544, 553.4, 15470264320, 170.0),
    ...     "ResNet50": Cost("ResNet50", 25636712, 102.5, 3857973248, 55.0),
    ... }
    >>> pareto_front(costs)  # faster, and more accurate as well
    ['ResNet50']
    """
    rows = sorted(read_costs(costs).values(), key=lambda row: (row.milliseconds, -row.top1))
    front: list[Cost] = []
    for row in rows:
        same = front and (row.milliseconds, row.top1) == (front[-1].milliseconds, front[-1].top1)
        if not front or row.top1 > front[-1].top1 or same:
            front.append(row)
    return [row.name for row in front]


def within_budget(
    costs: Mapping[str, Cost], milliseconds: float | None = None, megabytes: float | None = None
) -> list[str]:
    """Return the networks that fit into a budget.

    Parameters
    ----------
    costs
        From `measure_networks`.
    milliseconds
        The most that one picture may take; None for any.
    megabytes
        The most that the weights may have; None for any.

    Returns
    -------
    list of str
        The most accurate on ImageNet first; of equal ones the fastest.

    Examples
    --------
    >>> costs = {"VGG16": Cost("VGG16", 138357544, 553.4, 15470264320, 170.0)}
    >>> within_budget(costs, megabytes=100)
    []
    """
    bounds = (
        _read_bound(milliseconds, "milliseconds"),
        _read_bound(megabytes, "megabytes"),
    )
    rows = [
        row
        for row in read_costs(costs).values()
        if row.milliseconds <= bounds[0] and row.megabytes <= bounds[1]
    ]
    rows.sort(key=lambda row: (-row.top1, row.milliseconds))
    return [row.name for row in rows]


def read_costs(costs: Mapping[str, Cost], at_least: int = 0) -> dict[str, Cost]:
    """Return costs as a dictionary, if each belongs to a network of the table."""
    found = read_mapping(costs, "costs", at_least=at_least)
    for name, cost in found.items():
        if not isinstance(cost, Cost):
            raise TypeError(
                "costs must be what tl.cost_table.measure_networks returns, name → Cost; "
                f"{name!r} has {type(cost).__name__}."
            )
        if find_architecture(name).name != cost.name:
            raise ValueError(f"costs has {cost.name} under the name {name!r}.")
        read_number(cost.milliseconds, f"milliseconds of {name}", above=0)
    return found


def _read_bound(value: float | None, name: str) -> float:
    return math.inf if value is None else read_number(value, name, least=0)


# ------------------------------------------------------------------------------- keeping


def kept_file() -> Path:
    """Return where the costs are kept that were measured on this computer."""
    return places.cache_folder() / FILE


def this_computer(pictures: int = PICTURES) -> str:
    """Say what times depend on: processor, cores, versions, and the size of a batch.

    Examples
    --------
    >>> this_computer().endswith("batches of 8")
    True
    """
    versions = (f"{name} {importlib.metadata.version(name)}" for name in ("tensorflow", "keras"))
    processor = f"{platform.machine()}, {os.cpu_count()} cores"
    return ", ".join([processor, *versions, f"batches of {pictures}"])


def read_kept(file: Path, pictures: int = PICTURES) -> dict[str, Cost]:
    """Return what is kept in a file for this computer; nothing if it is damaged or not there."""
    try:
        rows = json.loads(file.read_text(encoding="utf-8"))[this_computer(pictures)]
        costs = {row[0]: Cost(*row) for row in rows}
        return read_costs({name: cost for name, cost in costs.items() if name in ARCHITECTURES})
    except (OSError, ValueError, LookupError, TypeError):
        return {}


def write_kept(file: Path, costs: Mapping[str, Cost], pictures: int = PICTURES) -> None:
    """Keep costs in a file, beside those that are in there; without a word if it cannot be."""
    try:
        tree = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        tree = {}
    tree = tree if isinstance(tree, dict) else {}
    known = read_kept(file, pictures) | dict(costs)
    tree[this_computer(pictures)] = [list(cost) for cost in known.values()]
    try:
        write_text_whole(file, json.dumps(tree, indent=1) + "\n")
    except OSError:
        pass  # a full disk is no reason to stop measuring
