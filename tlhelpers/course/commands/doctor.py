"""``tlhelpers doctor``: see whether this computer is ready for the course."""

from __future__ import annotations

import argparse

from tlhelpers.course.arguments import Commands, add_command


def add(commands: Commands) -> None:
    """Declare the command."""
    add_command(
        commands,
        "doctor",
        run,
        "see whether this computer is ready for the course",
        "tlhelpers doctor",
    )


def run(args: argparse.Namespace) -> int:
    """Print the report; the exit status says whether all is well."""
    from tlhelpers.course.doctor import report_on_this_computer

    return report_on_this_computer()
