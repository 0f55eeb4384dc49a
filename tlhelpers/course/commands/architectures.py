"""``tlhelpers architectures``: list the networks of the table, or measure them."""

from __future__ import annotations

import argparse
import sys

from tlhelpers.course.arguments import Commands, add_command


def add(commands: Commands) -> None:
    """Declare the command."""
    command = add_command(
        commands,
        "architectures",
        run,
        "list the networks that there are, or measure them on this computer",
        "tlhelpers architectures --measure MobileNetV2 ResNet50",
    )
    command.add_argument(
        "--measure",
        nargs="*",
        metavar="NAME",
        help="time, multiply-adds and megabytes of these networks, beside their published "
        "accuracy; of all (some minutes) if none is named; Ctrl-C keeps what is measured",
    )
    command.add_argument(
        "--again", action="store_true", help="measure also what was measured before"
    )


def run(args: argparse.Namespace) -> int:
    """Print a table, in Markdown.

    Parameters
    ----------
    args
        ``measure``: names of networks, empty for all, None to list them only;
        ``again``: do not take what is kept.

    Returns
    -------
    int
        0; 1 if something is not known; 130 if it was stopped before all were measured.
    """
    if args.measure is None:
        if args.again:
            print("--again goes with --measure.", file=sys.stderr)
            return 2
        print_table()
        return 0
    from tlhelpers.networks import cost_table
    from tlhelpers.networks.table import ARCHITECTURES, find_architecture

    try:
        names = [find_architecture(name).name for name in args.measure] or list(ARCHITECTURES)
    except ValueError as problem:
        print(problem, file=sys.stderr)
        return 1
    from tlhelpers.start import load_tensorflow

    load_tensorflow()
    costs = cost_table.measure_networks(names, again=args.again)
    if costs:
        print(cost_table.table_of(costs))
        print(f"\nMeasured on this computer: {cost_table.this_computer()}. * had seen more data.")
    return 0 if len(costs) == len(set(names)) else 130


def print_table() -> None:
    """Print what one must know to use each network."""
    from tlhelpers.networks.table import ARCHITECTURES

    print(
        "| network | input | features | parameters | pixels 0 to 255 become | layers of the head |"
    )
    print("|---|---|---|---|---|---|")
    for row in ARCHITECTURES.values():
        print(
            f"| {row.name} | {row.size} × {row.size} | {row.features:,} | "
            f"{row.parameters / 1e6:.1f} million | {row.low:g} to {row.high:g} | {row.head} |"
        )
