"""``tlhelpers class``: the course for a class, to be graded or without solutions."""

from __future__ import annotations

import argparse
from pathlib import Path

from tlhelpers.course.arguments import WEEK, Commands, add_command, whole_number
from tlhelpers.course.notebooks import CannotDo, choose_notebooks, root_or_stop


def add(commands: Commands) -> None:
    """Declare the command."""
    command = add_command(
        commands,
        "class",
        run,
        "make a course of nbgrader, or an edition without solutions, for a teacher",
        "tlhelpers class build my_class 00 02",
    )
    command.add_argument(
        "what",
        choices=["build", "students"],
        help="build: a course of nbgrader. students: a copy of the whole, without solutions",
    )
    command.add_argument("folder", type=Path, metavar="FOLDER", help="a new folder")
    command.add_argument("names", nargs="*", metavar="NAME", help="number or name; default: all")
    command.add_argument(
        "--timeout",
        type=whole_number(1, WEEK),
        default=180,
        metavar="S",
        help="most seconds for one cell when answers are graded (default: %(default)s)",
    )


def run(args: argparse.Namespace) -> int:
    """Write the course, and say what to type next."""
    from tlhelpers.course.class_edition import build_class

    folder = args.folder.expanduser()
    if args.what == "students":
        from tlhelpers.course.student_edition import build_students

        if args.names:
            raise CannotDo("The edition for students is the whole course: leave out the names.")
        count = build_students(root_or_stop(), folder)
        print(f"{folder} is the course without the solutions of its {count} exercises.")
        return 0
    notebooks = choose_notebooks(root_or_stop() / "notebooks", args.names)
    written = build_class(notebooks, folder, seconds=args.timeout)
    first = written[0].stem
    print(f"{len(written)} assignments are in {folder / 'source'}. With nbgrader installed:")
    print(f"  cd {folder}")
    print(f"  nbgrader generate_assignment {first}   # what to hand out is then in release/")
    print(f"  nbgrader autograde {first}             # grades what lies in submitted/")
    print(f"  nbgrader generate_feedback {first}")
    return 0
