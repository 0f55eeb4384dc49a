"""What all benchmarks share: their options, and the table that they print."""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence

from tlhelpers import start
from tlhelpers.course.arguments import output_file, whole_number
from tlhelpers.fetching.whole_files import write_text_whole
from tlhelpers.networks.onnx_runtime import count_cores

Rows = list[tuple[str, str]]


def run(
    name: str,
    measure: Callable[[range], Rows | None],
    *,
    draws: int = 0,
    first: int = 0,
    argv: Sequence[str] | None = None,
) -> int:
    """Measure, print the table in Markdown, and write it to a file if asked.

    Parameters
    ----------
    name
        Of the module, for the line that says how the table was made.
    measure
        Gets the seeds, and returns the rows: what was measured, and the figure.
        None if something is missing, which has been said.
    draws
        How many seeds by default; with 0, there is nothing to draw.
    first
        The first seed by default.
    argv
        The words of the command; by default those of the command line.

    Returns
    -------
    int
        The exit status.
    """
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}")
    if draws:
        about = "how many draws (default: %(default)s)"
        parser.add_argument("--draws", type=whole_number(1), default=draws, metavar="N", help=about)
        about = "the first seed (default: %(default)s)"
        parser.add_argument("--seed", type=whole_number(0), default=first, metavar="S", help=about)
    parser.add_argument(
        "--output", type=output_file, metavar="FILE", help="where the table goes, too"
    )
    args = parser.parse_args(argv)
    words = ""
    seeds = range(0)
    if draws:
        seeds = range(args.seed, args.seed + args.draws)
        words = f" --draws {args.draws} --seed {args.seed}"
    start.load_tensorflow()
    began = time.perf_counter()
    rows = measure(seeds)
    if rows is None:
        return 1
    machine = f"{platform.system()} {platform.machine()}, {count_cores()} cores"
    lines = [
        f"Measured with `python -m benchmarks.{name}{words}` on {machine}, "
        f"Python {platform.python_version()}, in {time.perf_counter() - began:.0f} s.",
        "",
        "| what | figure |",
        "|---|---|",
        *(f"| {what} | {figure} |" for what, figure in rows),
    ]
    text = "\n".join(lines) + "\n"
    print(text)
    if args.output:
        try:
            write_text_whole(args.output, text)
        except OSError as error:
            print(f"The table cannot be written to {args.output} ({error}).", file=sys.stderr)
            return 1
    return 0


@contextlib.contextmanager
def empty_cache() -> Iterator[None]:
    """Use an empty cache folder for a while; what was kept in it is lost."""
    before = os.environ.get("TLHELPERS_CACHE")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TLHELPERS_CACHE"] = folder
        try:
            yield
        finally:
            os.environ.pop("TLHELPERS_CACHE")
            if before is not None:
                os.environ["TLHELPERS_CACHE"] = before
