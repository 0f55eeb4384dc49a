"""``tlhelpers lab``: open a notebook in JupyterLab."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from tlhelpers.course.arguments import Commands, add_command
from tlhelpers.course.notebooks import FIRST_NOTEBOOK, CannotDo, choose_notebooks, root_or_stop
from tlhelpers.fetching.places import PACKAGE

COPY = "my_course"  # in the checkout, and not in git

#: What the kernels load; its name, for JupyterLab starts them.
EXTENSION = "tlhelpers.course.missing_names"

#: `ipywidgets.FileUpload` sends all files that were chosen in one message; more than 10 MB,
#: which is what the server takes by default, would end the connection without a word.
MOST_UPLOADED = 512 * 2**20  # bytes


def add(commands: Commands) -> None:
    """Declare the command."""
    command = add_command(
        commands, "lab", run, "open a notebook in JupyterLab", "tlhelpers lab 01 -- --no-browser"
    )
    options = "[-h] [--fresh] [--folder DIR] [--copies-only]"
    command.usage = f"tlhelpers lab {options} [NAME] [-- ARGUMENTS FOR JUPYTERLAB]"
    command.description = (
        f"{command.description} You work on copies, in {COPY}/: what you write there stays "
        "yours, and what is new in the course comes in where you changed nothing."
    )
    command.add_argument(
        "name",
        nargs="?",
        default=FIRST_NOTEBOOK,
        metavar="NAME",
        help="number or name (default: %(default)s)",
    )
    command.add_argument(
        "--fresh", action="store_true", help="start this notebook again, and keep the old one"
    )
    command.add_argument("--folder", metavar="DIR", help=f"where your copies are (default: {COPY})")
    command.add_argument(
        "--copies-only",
        action="store_true",
        help="bring your copies up to date, and do not open JupyterLab",
    )


def run(args: argparse.Namespace) -> int:
    """Open the learner's copy of the notebook, and stay until JupyterLab has ended."""
    from tlhelpers.course import working_copy

    root = root_or_stop()
    notebook = choose_notebooks(root / "notebooks", [args.name])[0]
    folder = Path(os.path.expanduser(args.folder or root / COPY)).absolute()
    if args.fresh:
        print(working_copy.start_again(root, folder, notebook.name))
    for line in working_copy.update_copy(root, folder):
        print(line)
    if not (folder / notebook.name).is_file():
        raise CannotDo(f"So there is no {notebook.name} to open in {folder}.")
    for line in working_copy.what_disturbs(folder, notebook.name):
        print(line)
    print(f"Your notebooks are in {folder}.", flush=True)
    if args.copies_only:
        return 0
    with tempfile.TemporaryDirectory(prefix="tl-lab-", ignore_cleanup_errors=True) as scratch:
        command = [sys.executable, "-m", "jupyterlab", str(folder / notebook.name)]
        given = {word.partition("=")[0] for word in args.extra}  # the learner's own wins
        ours = [x for x in _settings(Path(scratch)) if x.partition("=")[0] not in given]
        _write_kernel(Path(scratch))
        return _stay([*command, *ours, *args.extra], _environment(Path(scratch)))


def _settings(scratch: Path) -> list[str]:
    """Return the course's settings for JupyterLab."""
    settings = [
        # The course asks for no network: JupyterLab need not look for news or updates.
        f"--LabApp.app_settings_dir={PACKAGE / 'course' / 'jupyterlab'}",
        # Else every notebook that was open the last time starts a kernel again.
        f"--LabApp.workspaces_dir={scratch}",
        f"--ServerApp.tornado_settings={{'websocket_max_message_size': {MOST_UPLOADED}}}",
        "--ContentsManager.pre_save_hook=tlhelpers.course.saving.before_saving",
    ]
    shell = os.environ.get("SHELL")
    if shell and os.name != "nt":
        # As it is: a login shell, which JupyterLab may start, sets PATH anew.
        settings.append(f"--ServerApp.terminado_settings={{'shell_command': [{shell!r}]}}")
    return settings


def _write_kernel(scratch: Path) -> None:
    """Describe the kernel of the course: this Python, and a word below a missing name."""
    from ipykernel.kernelspec import KERNEL_NAME, write_kernel_spec

    write_kernel_spec(
        scratch / "kernels" / KERNEL_NAME,
        extra_arguments=[f"--IPKernelApp.extra_extensions={EXTENSION}"],
    )


def _environment(scratch: Path) -> dict[str, str]:
    """Return what JupyterLab, kernels and terminals inherit.

    The package, the commands of the course, and its kernel, before any of the same name.
    """
    from tlhelpers.course.execution import python_path

    commands = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")])
    data = os.pathsep.join(filter(None, [str(scratch), os.environ.get("JUPYTER_PATH")]))
    return os.environ | {"PYTHONPATH": python_path(), "PATH": commands, "JUPYTER_PATH": data}


def _stay(command: list[str], env: dict[str, str]) -> int:
    """Run JupyterLab until it has ended."""
    process: subprocess.Popen | None = None
    ended = False

    def end(*_: object) -> None:
        """End JupyterLab, too: whoever ends this command means both."""
        nonlocal ended
        ended = True
        if process is not None:
            process.terminate()

    signal.signal(signal.SIGTERM, end)  # first, so that nothing started is left behind
    process = subprocess.Popen(command, env=env)
    if ended:
        process.terminate()
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            pass  # JupyterLab got the Ctrl-C as well, and asks whether to stop
