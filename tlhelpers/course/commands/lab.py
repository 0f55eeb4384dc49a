"""``tlhelpers lab``: open a notebook in JupyterLab."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys

from tlhelpers.course.arguments import Commands, add_command
from tlhelpers.course.notebooks import FIRST_NOTEBOOK, choose_notebooks, root_or_stop
from tlhelpers.fetching.places import PACKAGE

#: A widget sends all files that were chosen in one message; more than 10 MB, which
#: is what the server takes by default, would end the connection without a word.
MOST_UPLOADED = 512 * 2**20  # bytes
TORNADO = "--ServerApp.tornado_settings"


def add(commands: Commands) -> None:
    """Declare the command."""
    command = add_command(
        commands, "lab", run, "open a notebook in JupyterLab", "tlhelpers lab 01 -- --no-browser"
    )
    command.usage = "tlhelpers lab [-h] [NAME] [-- ARGUMENTS FOR JUPYTERLAB]"
    command.add_argument(
        "name",
        nargs="?",
        default=FIRST_NOTEBOOK,
        metavar="NAME",
        help="number or name (default: %(default)s)",
    )


def run(args: argparse.Namespace) -> int:
    """Open the notebook, and stay until JupyterLab has ended."""
    notebook = choose_notebooks(root_or_stop() / "notebooks", [args.name])[0]
    from tlhelpers.course.execution import python_path

    # The course asks for no network: JupyterLab need not look for news or updates.
    settings = PACKAGE / "course" / "jupyterlab"
    ours = [f"--LabApp.app_settings_dir={settings}"]
    if not any(word.startswith(f"{TORNADO}=") for word in args.extra):
        ours.append(f"{TORNADO}={{'websocket_max_message_size': {MOST_UPLOADED}}}")
    command = [sys.executable, "-m", "jupyterlab", str(notebook), *ours, *args.extra]
    process: subprocess.Popen | None = None
    ended = False

    def end(*_: object) -> None:
        """End JupyterLab, too: whoever ends this command means both."""
        nonlocal ended
        ended = True
        if process is not None:
            process.terminate()

    signal.signal(signal.SIGTERM, end)  # first, so that nothing started is left behind
    process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": python_path()})
    if ended:
        process.terminate()
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            pass  # JupyterLab got the Ctrl-C as well, and asks whether to stop
