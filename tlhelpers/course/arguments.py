"""What the commands share: how one is declared, and arguments that several of them take."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

#: Where a command is declared: what ``add_subparsers`` returns.
Commands = Any

CELL_TIMEOUT = 600  # the most seconds that a cell of a notebook may take

NAMES: dict[str, Any] = {
    "nargs": "*",
    "metavar": "NAME",
    "help": "number or name; all if none is given",
}
TIMEOUT: dict[str, Any] = {
    "type": int,
    "default": CELL_TIMEOUT,
    "metavar": "S",
    "help": "most seconds for one cell (default: %(default)s)",
}


def add_command(
    commands: Commands,
    name: str,
    function: Callable[[argparse.Namespace], int],
    summary: str,
    example: str,
) -> argparse.ArgumentParser:
    """Declare a command, and return its parser, to declare its arguments.

    Parameters
    ----------
    commands
        What ``add_subparsers`` returned.
    name
        The word after ``tlhelpers``.
    function
        Does the work, and returns the exit status.
    summary
        One line, beginning with a small letter.
    example
        A whole command.
    """
    command: argparse.ArgumentParser = commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}.",
        epilog=f"Example:  {example}",
    )
    command.set_defaults(function=function)
    return command
