"""``tlhelpers progress``: say which exercises are solved, or forget it."""

from __future__ import annotations

import argparse
import sys

from tlhelpers.course.arguments import Commands, add_command
from tlhelpers.course.notebooks import CannotDo


def add(commands: Commands) -> None:
    """Declare the command."""
    command = add_command(
        commands,
        "progress",
        run,
        "say which exercises you have solved, or forget it",
        "tlhelpers progress reset 02",
    )
    command.add_argument(
        "action",
        nargs="?",
        choices=("show", "reset"),
        default="show",
        metavar="ACTION",
        help="show (default) or reset",
    )
    command.add_argument(
        "name", nargs="?", metavar="NAME", help="number of a notebook; all if none is given"
    )
    command.add_argument("--yes", action="store_true", help="reset: do not ask")


def run(args: argparse.Namespace) -> int:
    """Say what is solved, and forget it if asked to."""
    from tlhelpers.teaching import progress
    from tlhelpers.teaching.exercises import definitions, overview
    from tlhelpers.teaching.exercises.showing import plain_text

    try:
        chosen = [args.name] if args.name else definitions.notebooks()
        lines = [f"{name.zfill(2)}  {plain_text(overview.solved_line(name))}" for name in chosen]
    except definitions.UnknownItem as problem:
        raise CannotDo(problem) from problem
    print("\n".join(lines))
    if args.action == "show":
        print(f"\nKept in {progress.progress_path()}, and nowhere else.")
        return 0
    if not args.yes:
        print("\nForget this? Your notebooks stay as they are. [y/N] ", end="", flush=True)
        answer = sys.stdin.readline() if sys.stdin else ""
        if answer.strip().lower() not in ("y", "yes"):
            print("\nNothing was forgotten.")
            return 0
    gone, note = progress.forget_solved(f"{int(args.name)}." if args.name else "")
    print(note or f"Forgotten: {', '.join(gone) or 'nothing was solved'}.")
    return 1 if note else 0
