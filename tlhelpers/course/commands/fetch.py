"""``tlhelpers fetch``: get photographs or weights."""

from __future__ import annotations

import argparse
import sys

from tlhelpers.course.arguments import Commands, add_command
from tlhelpers.fetching.fetch import (
    FileNotHere,
    describe_file,
    fetch_file,
    fetch_flower_photos,
    find_here,
)
from tlhelpers.fetching.registry import FILES, keras_weights_file


def add(commands: Commands) -> None:
    """Declare the command."""
    command = add_command(
        commands,
        "fetch",
        run,
        "download photographs or pretrained weights; say what there is if none is named",
        "tlhelpers fetch photos MobileNetV2",
    )
    command.add_argument("what", nargs="*", metavar="NAME", help="photos, or the name of a network")
    command.add_argument(
        "--no-top", action="store_true", help="weights without the classification layer"
    )


def run(args: argparse.Namespace) -> int:
    """``tlhelpers fetch``: get what is named, or say what there is.

    Parameters
    ----------
    args
        ``what``: words such as ``photos`` or ``MobileNetV2``, or none;
        ``no_top``: weights without the classification layer.

    Returns
    -------
    int
        0, or 1 if something cannot be had.
    """
    if not args.what:
        for file in FILES.values():
            state = "here" if find_here(file) else "not here"
            print(f"  {state:<9}{file.word or file.name}  {describe_file(file)}")
        return 0
    for word in args.what:
        try:
            if word in ("photos", "flowers"):
                path = fetch_flower_photos(download=True)
            elif not args.no_top and any(word in (f.name, f.word) for f in FILES.values()):
                path = fetch_file(word, download=True)
            else:
                path = fetch_file(keras_weights_file(word, top=not args.no_top), download=True)
        except (FileNotHere, ValueError) as problem:
            print(problem, file=sys.stderr)
            return 1
        print(f"{word} is here: {path}")
    return 0
