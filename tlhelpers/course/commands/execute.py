"""``tlhelpers execute``: run notebooks and write the outputs into them."""

from __future__ import annotations

import argparse

from tlhelpers.course.arguments import NAMES, TIMEOUT, Commands, add_command
from tlhelpers.course.notebooks import choose_notebooks, root_or_stop


def add(commands: Commands) -> None:
    """Declare the command."""
    command = add_command(
        commands,
        "execute",
        run,
        "run notebooks and write the outputs into them",
        "tlhelpers execute 00 --check",
    )
    command.add_argument("names", **NAMES)
    command.add_argument(
        "--check", action="store_true", help="write nothing; fail if outputs would differ"
    )
    command.add_argument("--timeout", **TIMEOUT)


def run(args: argparse.Namespace) -> int:
    """Run the notebooks one after the other, and say of each what became of it."""
    paths = choose_notebooks(root_or_stop() / "notebooks", args.names)
    from tlhelpers.course import outputs, runner
    from tlhelpers.course.execution import error_entry

    good = True
    for path in paths:
        on_cell = runner.show_progress(path.stem)
        try:
            different, error = outputs.make_outputs(
                path, write=not args.check, on_cell=on_cell, timeout=args.timeout
            )
        except Exception as problem:  # whatever is wrong with one, the others are run
            different, error = [], error_entry(0, type(problem).__name__, str(problem))
        cells = ", ".join(map(str, different))
        if error:
            verdict = f"stopped {runner.describe_error(error)} (the file is as it was)"
        elif args.check:
            verdict = f"differs in cells {cells}" if different else "same outputs"
        else:
            verdict = f"written, new in cells {cells}" if different else "written, nothing new"
        runner.end_progress(f"{path.stem}  {verdict}")
        good = good and not error and not (args.check and different)
    return 0 if good else 1
