"""What the commands share: how one is declared, and arguments that several of them take."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

#: Where a command is declared: what ``add_subparsers`` returns.
Commands = Any

CELL_TIMEOUT = 600  # the most seconds that a cell of a notebook may take

WEEK = 7 * 24 * 3600  # seconds


def whole_number(least: int, most: int = 2**31 - 1) -> Callable[[str], int]:
    """Return a type for ``add_argument``: a whole number within bounds.

    Examples
    --------
    >>> whole_number(1)("3")
    3
    """

    def read(word: str) -> int:
        try:
            number = int(word)
        except ValueError:
            number = least - 1
        if not least <= number <= most:
            bound = f"of at least {least}" if number < least else f"of at most {most}"
            raise argparse.ArgumentTypeError(f"must be a whole number {bound}; got {word!r}")
        return number

    return read


def output_file(word: str) -> Path:
    """Read the name of a file that is to be written: now is the time to say that it cannot be.

    Examples
    --------
    >>> output_file("table.md").name
    'table.md'
    """
    path = Path(os.path.expanduser(word))
    if not word.strip() or os.path.isdir(path):
        raise argparse.ArgumentTypeError(f"must name a file, and {word!r} is a folder or nothing")
    folder = next((above for above in path.absolute().parents if os.path.exists(above)), None)
    if folder is None:
        raise argparse.ArgumentTypeError(f"there is no folder for {word!r}")
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise argparse.ArgumentTypeError(f"{folder} is no folder that can be written to")
    return path


NAMES: dict[str, Any] = {
    "nargs": "*",
    "metavar": "NAME",
    "help": "number or name; all if none is given",
}
TIMEOUT: dict[str, Any] = {
    "type": whole_number(1, WEEK),
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
