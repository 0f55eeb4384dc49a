"""A classroom mirror: a folder with weights and photographs, for thirty people on one line.

One computer gets the files once; the others get them from it, as a folder or
over the classroom's network.  ``mirror.json`` says what the mirror has.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from tlhelpers.course.mirror_server import PORT, MirrorServer, inside
from tlhelpers.data import cell_files
from tlhelpers.fetching import fetch, mirror, registry
from tlhelpers.fetching.checksums import checksum_of, is_whole, locked
from tlhelpers.fetching.internet import SourceFailed
from tlhelpers.fetching.mirror import MANIFEST
from tlhelpers.fetching.registry import File
from tlhelpers.fetching.whole_files import write_text_whole, write_whole

# ------------------------------------------------------------------- build and check


def build_mirror(folder: Path, wanted: Sequence[str | File]) -> list[str]:
    """Make a mirror, or add to one; what is there and whole is not fetched again.

    Parameters
    ----------
    folder
        Where the mirror is or will be.
    wanted
        Names in `registry.FILES`, their words (``"photos"``), or `registry.File` objects.

    Returns
    -------
    list of str
        The paths of all files that the mirror has now.

    Raises
    ------
    FileNotHere
        If a file cannot be had.  What was fetched before stays in the mirror.
    ValueError
        If the course has no file of a name, or an installed package is damaged.
    OSError
        If the folder cannot be written.
    """
    folder = Path(folder).expanduser()
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / MANIFEST):
        has: dict[str, File] = {}
        if (folder / MANIFEST).exists():
            try:
                has = mirror.read_manifest(folder)
            except SourceFailed as failure:
                print(f"{folder} {failure}; making a new one.", file=sys.stderr)
        for file in [registry.find_file(item) for item in wanted]:
            target = folder / file.path
            kept = has.get(file.path)
            # What a package brings is one file and no other: one of another mirror is replaced.
            right = kept and (not file.package or kept.checksum == file.checksum)
            if kept and right and is_whole(target, kept.checksum, noted=False):
                continue
            if file == cell_files.ARCHIVE and cell_files.is_installed():
                print(cell_files.NOTICE)
                has[file.path] = file
                write_whole(target, cell_files.write_archive)
            else:
                source = fetch.fetch_file(file, download=True)
                has[file.path] = File(file.path, "", source.stat().st_size, checksum_of(source))
                write_whole(target, partial(shutil.copyfile, source))
            if not is_whole(target, has[file.path].checksum, noted=False):
                raise OSError(f"{target} is not equal to what was written; is the disk in order?")
            # After every file, so that a stopped build is a smaller mirror and no broken one.
            _write_manifest(folder, has)
    return sorted(has)


def _write_manifest(folder: Path, has: dict[str, File]) -> None:
    entries = {path: {"sha256": has[path].checksum, "size": has[path].size} for path in sorted(has)}
    text = json.dumps({"format": 1, "files": entries}, indent=1) + "\n"
    write_text_whole(folder / MANIFEST, text)


def check_mirror(folder: Path) -> list[str]:
    """Compare a mirror with its manifest, file by file.

    Parameters
    ----------
    folder
        The mirror.

    Returns
    -------
    list of str
        One line for each problem; none if the mirror is in order.
    """
    folder = Path(folder).expanduser()
    try:
        entries = mirror.read_manifest(folder)
    except SourceFailed as failure:
        return [f"{folder} {failure}"]
    problems = [] if entries else [f"{folder / MANIFEST} names no file"]
    for path, entry in entries.items():
        try:
            real = inside(folder, path)
            size = real.stat().st_size
            if size != entry.size:
                problems.append(f"{path} has {size} bytes instead of {entry.size}")
            elif checksum_of(real) != entry.checksum:
                problems.append(f"{path} is damaged: its SHA-256 is not the one in {MANIFEST}")
        except OSError as error:
            problems.append(f"{path} cannot be read ({error.strerror or error})")
    return problems


def report_problems(problems: Sequence[str], folder: Path) -> bool:
    """Print what `check_mirror` found and what to do, and say whether there was anything.

    Parameters
    ----------
    problems
        One line for each.
    folder
        The mirror.
    """
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        print(
            f"The mirror is not in order. Repair it with: tlhelpers mirror build {folder}",
            file=sys.stderr,
        )
    return bool(problems)


# ----------------------------------------------------------------------------- serve


def serve_mirror(folder: Path, host: str = "127.0.0.1", port: int = PORT) -> int:
    """Serve a mirror until Ctrl-C, after a check.

    Parameters
    ----------
    folder
        The mirror.
    host
        ``127.0.0.1`` for this computer only, ``0.0.0.0`` for the classroom.
    port
        Where to listen; 0 takes any free one.

    Returns
    -------
    int
        0 after Ctrl-C, 1 if the mirror or the port cannot be used.
    """
    if report_problems(check_mirror(folder), folder):
        return 1
    try:
        server = MirrorServer(folder, host, port)
    except (OSError, OverflowError) as error:
        print(
            f"Cannot listen on {host}, port {port} ({error}). Stop the other server, "
            "or give another port, such as --port 0.",
            file=sys.stderr,
        )
        return 1
    url = server.url()
    print(f"Serving {folder}, read-only. Learners paste the line for their computer:\n")
    print(f"  %env TLHELPERS_MIRROR={url}          first cell of a notebook")
    print(f"  export TLHELPERS_MIRROR={url}        Linux and macOS, before Jupyter starts")
    print(f'  $env:TLHELPERS_MIRROR = "{url}"      Windows PowerShell, before Jupyter starts\n')
    if host in ("127.0.0.1", "localhost", "::1"):
        print("Only this computer reaches it. For the classroom add: --host 0.0.0.0")
    print("Stop with Ctrl-C.", flush=True)
    with server:
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print("\nStopped.")
    return 0
