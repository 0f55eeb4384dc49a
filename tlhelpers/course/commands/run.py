"""``tlhelpers run``: run notebooks and keep executed copies."""

from __future__ import annotations

import argparse
from pathlib import Path

from tlhelpers.course.arguments import NAMES, TIMEOUT, Commands, add_command
from tlhelpers.course.notebooks import CannotDo, choose_notebooks, root_or_stop


def add(commands: Commands) -> None:
    """Declare the command."""
    command = add_command(
        commands, "run", run, "run notebooks and keep executed copies in build/", "tlhelpers run 00"
    )
    command.add_argument("names", **NAMES)
    command.add_argument("--build", type=Path, metavar="DIR", help="folder for copies and report")
    command.add_argument("--timeout", **TIMEOUT)


def run(args: argparse.Namespace) -> int:
    """Run the notebooks; what was finished before Ctrl-C is kept."""
    root = root_or_stop()
    paths = choose_notebooks(root / "notebooks", args.names)
    build = args.build or root / "build"
    from tlhelpers.course import runner

    try:
        report = runner.run_notebooks(paths, build, timeout=args.timeout)
    except OSError as problem:
        raise CannotDo(
            f"The results cannot be written to {build} ({problem.strerror or problem}). "
            "Make room, or name another folder with --build."
        ) from problem
    if report["status"] == "interrupted":
        names = ", ".join(entry["name"] for entry in report["notebooks"]) or "none"
        print(f"Stopped. Finished and kept in {build}: {names}.")
    return {"ok": 0, "failed": 1, "interrupted": 130}[report["status"]]
