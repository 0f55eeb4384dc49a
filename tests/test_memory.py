"""What a cell has left behind goes back to the computer."""

import subprocess
import sys


def grown(code):
    """Run code that prints its memory twice, and return by how many MB it grew."""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    before, after = run.stdout.split()[-2:]
    return (int(after) - int(before)) / 1e6


def test_a_cell_that_leaves_much_behind_gives_it_back():
    assert (
        grown(
            "from IPython.core.interactiveshell import InteractiveShell\n"
            "from tlhelpers import memory\n"
            "shell = InteractiveShell.instance()\n"
            "shell.run_cell('import gc, numpy as np; gc.disable()')\n"
            "shell.run_cell('from tlhelpers import memory; memory.give_back_after_cells()')\n"
            "print(memory.used_memory())\n"
            "shell.run_cell('circle = [np.ones(25_000_000)]; circle.append(circle); del circle')\n"
            "print(memory.used_memory())"
        )
        < 100
    )
