"""The command line of the course: ``tlhelpers run``, ``tlhelpers lab`` and the others."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from tlhelpers.course.commands import (
    architectures,
    class_,
    doctor,
    execute,
    fetch,
    lab,
    mirror,
    pretrain,
    progress,
    run,
    verify,
)
from tlhelpers.course.notebooks import CannotDo
from tlhelpers.fetching.places import NoFolder

#: In the order in which ``tlhelpers --help`` lists them.
COMMANDS = (
    lab,
    run,
    execute,
    verify,
    progress,
    doctor,
    fetch,
    mirror,
    class_,
    pretrain,
    architectures,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    argv
        The words after ``tlhelpers``; by default those of the command line.

    Returns
    -------
    int
        0 if all is well, 1 if something failed, 2 if the command made no
        sense, 130 after Ctrl-C.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # a service, or pythonw
            setattr(sys, name, open(os.devnull, "w"))
        elif hasattr(stream, "reconfigure"):  # an old console may lack a character
            stream.reconfigure(errors="replace")
    words = list(sys.argv[1:] if argv is None else argv)
    # What follows "--" is for JupyterLab; argparse would take it for its own.
    split = words.index("--") if "--" in words else len(words)
    parser = _parser()
    args = parser.parse_args(words[:split])
    args.extra = words[split + 1 :]
    if args.command is None:
        parser.print_help()
        return 0
    if args.extra and args.command != "lab":
        parser.error(f"only 'lab' takes words after '--', and this is '{args.command}'")
    try:
        return args.function(args)
    except (CannotDo, NoFolder) as problem:
        print(problem, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tlhelpers",
        description="The transfer-learning course: open it, run it, check it.",
        epilog="Start with:  tlhelpers lab\nMore about a command:  tlhelpers run --help",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for command in COMMANDS:
        command.add(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
