"""``tlhelpers verify``: run notebooks with several seeds."""

from __future__ import annotations

import argparse

from tlhelpers.course.arguments import (
    NAMES,
    TIMEOUT,
    Commands,
    add_command,
    output_file,
    whole_number,
)
from tlhelpers.course.notebooks import choose_notebooks, root_or_stop
from tlhelpers.fetching.whole_files import write_text_whole


def add(commands: Commands) -> None:
    """Declare the command."""
    command = add_command(
        commands,
        "verify",
        run,
        "run notebooks with several seeds and see which claims always hold",
        "tlhelpers verify 02 --seeds 5",
    )
    command.add_argument("names", **NAMES)
    command.add_argument(
        "--seeds",
        type=whole_number(1),
        default=5,
        metavar="N",
        help="seeds 0 to N - 1 (default: %(default)s)",
    )
    command.add_argument(
        "--output", type=output_file, metavar="FILE", help="where the table goes, too"
    )
    command.add_argument("--timeout", **TIMEOUT)


def run(args: argparse.Namespace) -> int:
    """Run the notebooks with each seed, print the table, and keep it if asked to."""
    paths = choose_notebooks(root_or_stop() / "notebooks", args.names)
    from tlhelpers.course import verify

    table, good = verify.verify_notebooks(paths, range(args.seeds), timeout=args.timeout)
    print(table)
    if args.output:
        write_text_whole(args.output, table + "\n")
    return 0 if good else 1
