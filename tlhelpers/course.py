"""The command line of the course: ``tlhelpers run``, ``tlhelpers lab`` and the others."""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

FIRST_NOTEBOOK = "00_start_here"


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
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # an old console may lack a character
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
        return args.function(args) or 0
    except _NoSense as problem:
        print(problem, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130


class _NoSense(Exception):
    """A command that cannot be carried out as it was given."""


# ------------------------------------------------------------------------ notebooks


def find_root(start: Path | None = None) -> Path | None:
    """Return the folder of the course, or ``None`` if there is none here.

    Parameters
    ----------
    start
        Where to look first, then in the folders above it; by default the
        current folder.  Last comes the folder that this package lies in.
    """
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents, Path(__file__).resolve().parents[1]):
        project = folder / "pyproject.toml"
        if project.is_file() and (folder / "notebooks").is_dir():
            if 'name = "tlhelpers"' in project.read_text(encoding="utf-8", errors="replace"):
                return folder
    return None


def choose_notebooks(folder: Path, names: Sequence[str] = ()) -> list[Path]:
    """Return the notebooks in a folder that have these names, or all of them, in order.

    Parameters
    ----------
    folder
        Where the notebooks are.
    names
        Numbers (``00`` or ``0``) or names (with or without ``.ipynb``).
    """
    notebooks = sorted(folder.glob("*.ipynb"))
    if not notebooks:
        raise _NoSense(f"There are no notebooks in {folder}. Is the checkout complete?")
    chosen = set()
    for name in names:
        found = [path for path in notebooks if _is_called(path, name)]
        if not found:
            valid = "\n".join(f"  {path.stem}" for path in notebooks)
            raise _NoSense(f"There is no notebook {name!r}. Give a number or a name of:\n{valid}")
        chosen.update(found)
    return [path for path in notebooks if path in chosen] if names else notebooks


def _is_called(path: Path, name: str) -> bool:
    number = path.stem.partition("_")[0]
    if name.isdecimal() and number.isdecimal():
        return int(name) == int(number)
    return Path(name).name.removesuffix(".ipynb") == path.stem


def _root_or_stop() -> Path:
    root = find_root()
    if root is None:
        raise _NoSense(
            f"There are no course notebooks in {Path.cwd()} or in a folder above it. "
            "They are not part of the installed package: get a checkout of the course "
            "(git clone), change into its folder, and give the command again."
        )
    return root


# ------------------------------------------------------------------------- commands


def _run(args: argparse.Namespace) -> int:
    root = _root_or_stop()
    paths = choose_notebooks(root / "notebooks", args.names)
    build = args.build or root / "build"
    from tlhelpers import runner

    try:
        report = runner.run_notebooks(paths, build, timeout=args.timeout)
    except OSError as problem:
        raise _NoSense(
            f"The results cannot be written to {build} ({problem.strerror or problem}). "
            "Make room, or name another folder with --build."
        ) from problem
    if report["status"] == "interrupted":
        names = ", ".join(entry["name"] for entry in report["notebooks"]) or "none"
        print(f"Stopped. Finished and kept in {build}: {names}.")
    return {"ok": 0, "failed": 1, "interrupted": 130}[report["status"]]


def _execute(args: argparse.Namespace) -> int:
    paths = choose_notebooks(_root_or_stop() / "notebooks", args.names)
    from tlhelpers import outputs, runner

    good = True
    for path in paths:
        on_cell = runner.progress(path.stem)
        try:
            different, error = outputs.make_outputs(
                path, write=not args.check, on_cell=on_cell, timeout=args.timeout
            )
        except (OSError, ValueError) as problem:  # the file cannot be read
            different, error = (
                [],
                {"cell": 0, "ename": type(problem).__name__, "evalue": str(problem)},
            )
        cells = ", ".join(map(str, different))
        if error:
            verdict = f"stopped {runner.describe_error(error)} (the file is as it was)"
        elif args.check:
            verdict = f"differs in cells {cells}" if different else "same outputs"
        else:
            verdict = f"written, new in cells {cells}" if different else "written, nothing new"
        runner.progress_end(f"{path.stem}  {verdict}")
        good = good and not error and not (args.check and different)
    return 0 if good else 1


def _verify(args: argparse.Namespace) -> int:
    if args.seeds < 1:
        raise _NoSense(f"--seeds must be at least 1; got {args.seeds}.")
    paths = choose_notebooks(_root_or_stop() / "notebooks", args.names)
    from tlhelpers import verify

    table, good = verify.verify_notebooks(paths, range(args.seeds), timeout=args.timeout)
    print(table)
    if args.output:
        from tlhelpers.kernels import write_text

        write_text(args.output, table + "\n")
    return 0 if good else 1


def _lab(args: argparse.Namespace) -> int:
    notebook = choose_notebooks(_root_or_stop() / "notebooks", [args.name])[0]
    from tlhelpers.kernels import python_path

    # The course asks for no network: JupyterLab need not look for news or updates.
    settings = Path(__file__).parent / "jupyterlab"
    quiet = [f"--LabApp.app_settings_dir={settings}"]
    command = [sys.executable, "-m", "jupyterlab", str(notebook), *quiet, *args.extra]
    process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": python_path()})
    # Whoever ends this command means JupyterLab, too.
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            pass  # JupyterLab got the Ctrl-C as well, and asks whether to stop


def _progress(args: argparse.Namespace) -> int:
    from tlhelpers import progress_file
    from tlhelpers.exercises import definitions, overview
    from tlhelpers.exercises.showing import plain_text

    try:
        chosen = [args.name] if args.name else definitions.notebooks()
        lines = [f"{name.zfill(2)}  {plain_text(overview.line(name))}" for name in chosen]
    except definitions.Unknown as problem:
        raise _NoSense(problem) from problem
    print("\n".join(lines))
    if args.action == "show":
        print(f"\nKept in {progress_file.place()}, and nowhere else.")
        return 0
    if not args.yes:
        print("\nForget this? Your notebooks stay as they are. [y/N] ", end="", flush=True)
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            print("\nNothing was forgotten.")
            return 0
    gone, note = progress_file.forget(f"{int(args.name)}." if args.name else "")
    print(note or f"Forgotten: {', '.join(gone) or 'nothing was solved'}.")
    return 1 if note else 0


def _module(args: argparse.Namespace) -> int:
    return importlib.import_module(f"tlhelpers.{args.command}").main(args)


# --------------------------------------------------------------------------- parser


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tlhelpers",
        description="The transfer-learning course: open it, run it, check it.",
        epilog="Start with:  tlhelpers lab\nMore about a command:  tlhelpers run --help",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")

    def add(name: str, function: object, summary: str, example: str) -> argparse.ArgumentParser:
        command = commands.add_parser(
            name,
            help=summary,
            description=f"{summary[0].upper()}{summary[1:]}.",
            epilog=f"Example:  {example}",
        )
        command.set_defaults(function=function)
        return command

    names = {"nargs": "*", "metavar": "NAME", "help": "number or name; all if none is given"}
    timeout = {
        "type": int,
        "default": 600,
        "metavar": "S",
        "help": "most seconds for one cell (default: %(default)s)",
    }
    seed = {"type": int, "default": 0, "metavar": "S", "help": "seed (default: %(default)s)"}

    lab = add("lab", _lab, "open a notebook in JupyterLab", "tlhelpers lab 01 -- --no-browser")
    lab.usage = "tlhelpers lab [-h] [NAME] [-- ARGUMENTS FOR JUPYTERLAB]"
    lab.add_argument(
        "name",
        nargs="?",
        default=FIRST_NOTEBOOK,
        metavar="NAME",
        help="number or name (default: %(default)s)",
    )

    run = add("run", _run, "run notebooks and keep executed copies in build/", "tlhelpers run 00")
    run.add_argument("names", **names)
    run.add_argument("--build", type=Path, metavar="DIR", help="folder for copies and report")
    run.add_argument("--timeout", **timeout)

    execute = add(
        "execute",
        _execute,
        "run notebooks and write the outputs into them",
        "tlhelpers execute 00 --check",
    )
    execute.add_argument("names", **names)
    execute.add_argument(
        "--check", action="store_true", help="write nothing; fail if outputs would differ"
    )
    execute.add_argument("--timeout", **timeout)

    verify = add(
        "verify",
        _verify,
        "run notebooks with several seeds and see which claims always hold",
        "tlhelpers verify 02 --seeds 5",
    )
    verify.add_argument("names", **names)
    verify.add_argument(
        "--seeds", type=int, default=5, metavar="N", help="seeds 0 to N - 1 (default: %(default)s)"
    )
    verify.add_argument("--output", type=Path, metavar="FILE", help="where the table goes, too")
    verify.add_argument("--timeout", **timeout)

    progress = add(
        "progress",
        _progress,
        "say which exercises you have solved, or forget it",
        "tlhelpers progress reset 02",
    )
    progress.add_argument(
        "action",
        nargs="?",
        choices=("show", "reset"),
        default="show",
        metavar="ACTION",
        help="show (default) or reset",
    )
    progress.add_argument(
        "name", nargs="?", metavar="NAME", help="number of a notebook; all if none is given"
    )
    progress.add_argument("--yes", action="store_true", help="reset: do not ask")

    add("doctor", _module, "see whether this computer is ready for the course", "tlhelpers doctor")

    fetch = add(
        "fetch",
        _module,
        "download photographs or pretrained weights; say what there is if none is named",
        "tlhelpers fetch photos MobileNetV2",
    )
    fetch.add_argument(
        "what", nargs="*", metavar="NAME", help="photos, or a network of keras.applications"
    )
    fetch.add_argument(
        "--no-top", action="store_true", help="weights without the classification layer"
    )

    mirror = add(
        "mirror",
        _module,
        "share downloads in a classroom: build, check or serve a folder of them",
        "tlhelpers mirror serve DIR --host 0.0.0.0",
    )
    mirror.add_argument(
        "action",
        choices=("build", "check", "serve"),
        metavar="ACTION",
        help="build, check or serve",
    )
    mirror.add_argument("folder", type=Path, metavar="DIR", help="the folder of the mirror")
    mirror.add_argument(
        "--weights",
        nargs="*",
        default=["MobileNetV2"],
        metavar="NETWORK",
        help="build: networks of keras.applications (default: MobileNetV2)",
    )
    mirror.add_argument("--no-photos", action="store_true", help="build: leave the photographs out")
    mirror.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="serve: this computer only (default), or 0.0.0.0 for the whole network",
    )
    mirror.add_argument(
        "--port", type=int, default=8765, metavar="N", help="serve: port (default: %(default)s)"
    )

    pretrain = add(
        "pretrain",
        _module,
        "make the pretrained network of the digits lab again",
        "tlhelpers pretrain --out my.weights.h5",
    )
    pretrain.add_argument("--out", type=Path, metavar="FILE", help="where the weights go")
    pretrain.add_argument("--pictures", type=int, metavar="N", help="how many to train on")
    pretrain.add_argument("--seed", **seed)
    pretrain.add_argument(
        "--fresh", action="store_true", help="start again instead of continuing a stopped run"
    )

    architectures = add(
        "architectures",
        _module,
        "list the networks of keras.applications: input size, features, preprocessing",
        "tlhelpers architectures",
    )
    architectures.add_argument(
        "--measure", action="store_true", help="ask Keras, and print rows of Python (2 minutes)"
    )

    benchmark = add(
        "benchmark",
        _module,
        "measure the results of the course over several draws",
        "tlhelpers benchmark --draws 3",
    )
    benchmark.add_argument(
        "--draws",
        type=int,
        default=10,
        metavar="N",
        help="how many draws of labels (default: %(default)s)",
    )
    benchmark.add_argument(
        "--adaptation",
        action="store_true",
        help="measure domain adaptation instead (about five minutes for a draw)",
    )
    benchmark.add_argument(
        "--fine-tuning",
        action="store_true",
        help="measure fine-tuning and its rivals instead (about eight minutes for a draw)",
    )
    benchmark.add_argument(
        "--photos",
        action="store_true",
        help="features once against the usual recipe, on photographs (about three minutes)",
    )
    benchmark.add_argument("--seed", **seed)
    benchmark.add_argument(
        "--speed", action="store_true", help="how fast features come, instead of how good they are"
    )
    benchmark.add_argument("--output", type=Path, metavar="FILE", help="where the results go")
    return parser


if __name__ == "__main__":
    sys.exit(main())
