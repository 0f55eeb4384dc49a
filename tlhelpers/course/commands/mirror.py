"""``tlhelpers mirror``: build, check or serve a classroom mirror."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tlhelpers.course import data_packages
from tlhelpers.course.arguments import Commands, add_command, whole_number
from tlhelpers.course.classroom_mirror import (
    PORT,
    build_mirror,
    check_mirror,
    report_problems,
    serve_mirror,
)
from tlhelpers.data import cell_files
from tlhelpers.fetching import fetch, mirror
from tlhelpers.fetching.internet import size_in_words
from tlhelpers.fetching.registry import FILES, File, keras_weights_file


def add(commands: Commands) -> None:
    """Declare the command."""
    command = add_command(
        commands,
        "mirror",
        run,
        "share downloads in a classroom: build, check or serve a folder of them",
        "tlhelpers mirror serve DIR --host 0.0.0.0",
    )
    command.add_argument(
        "action",
        choices=("build", "check", "serve"),
        metavar="ACTION",
        help="build, check or serve",
    )
    command.add_argument("folder", type=Path, metavar="DIR", help="the folder of the mirror")
    command.add_argument(
        "--weights",
        nargs="*",
        default=["MobileNetV2"],
        metavar="NETWORK",
        help="build: names of networks (default: MobileNetV2)",
    )
    command.add_argument(
        "--no-photos", action="store_true", help="build: leave all photographs out"
    )
    command.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="serve: this computer only (default), or 0.0.0.0 for the whole network",
    )
    command.add_argument(
        "--port",
        type=whole_number(0, 65_535),
        default=PORT,
        metavar="N",
        help="serve: port (default: %(default)s)",
    )


def run(args: argparse.Namespace) -> int:
    """``tlhelpers mirror build``, ``check`` and ``serve``.

    Parameters
    ----------
    args
        ``action``, ``folder``; for ``build`` also ``weights`` (names of networks)
        and ``no_photos``; for ``serve`` also ``host`` and ``port``.

    Returns
    -------
    int
        0, or 1 if a file cannot be had or the mirror is not in order.
    """
    if args.action == "serve":
        return serve_mirror(args.folder, args.host, args.port)
    if args.action == "check":
        problems = check_mirror(args.folder)
        if not report_problems(problems, args.folder):
            entries = mirror.read_manifest(args.folder).values()
            total = size_in_words(sum(entry.size for entry in entries))
            print(f"{args.folder}: {len(entries)} files, {total}, all in order.")
        return int(bool(problems))
    try:
        wanted: list[str | File] = [] if args.no_photos else ["photos"]
        wanted.append("imagenet_class_index.json")
        for name in args.weights:
            tops = (True, False)  # with the classification layer, and without
            wanted += (
                [name] if name in FILES else [keras_weights_file(name, top=top) for top in tops]
            )
        build_mirror(args.folder, wanted)
        paths = _add_data(args.folder, photos=not args.no_photos)
    except (fetch.FileNotHere, ValueError, OSError) as problem:
        print(problem, file=sys.stderr)
        return 1
    print(f"{args.folder} has now:", *paths, sep="\n  ")
    print(f"Serve it with: tlhelpers mirror serve {args.folder}")
    return 0


def _add_data(folder: Path, *, photos: bool) -> list[str]:
    """Add what data packages bring, and sentences, or say what is not here.

    Returns
    -------
    list of str
        The paths of all files that the mirror has now.
    """
    paths = build_mirror(folder, [])
    every = [
        (file, f"which {package.name} brings")
        for package in data_packages.PACKAGES
        for file in package.files
    ]
    every += [
        (file, f"which {package.name} brings")
        for package in data_packages.EXTRAS
        for file in package.files
        if fetch.find_here(file)
    ]
    for file, what in [*every, (FILES["hutto_ICWSM_2014.tar.gz"], "sentences with ratings")]:
        if file == cell_files.ARCHIVE and not photos:
            continue
        try:
            paths = build_mirror(folder, [file])
        except fetch.FileNotHere:
            print(
                f"Left out: {fetch.describe_file(file)}, {what}. "
                f"To add it: {fetch.how_to_get(file)}, and build again."
            )
    return paths
