"""``tlhelpers architectures``: list the networks of the table."""

from __future__ import annotations

import argparse

from tlhelpers.course.arguments import Commands, add_command


def add(commands: Commands) -> None:
    """Declare the command."""
    add_command(
        commands,
        "architectures",
        run,
        "list the networks that there are: input size, features, preprocessing",
        "tlhelpers architectures",
    )


def run(args: argparse.Namespace) -> int:
    """Print the table, in Markdown."""
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
    return 0
