"""What a cell has left behind goes back to the computer."""

import gc
import subprocess
import sys
import weakref

import pytest

from tlhelpers import memory


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


@pytest.fixture
def nothing_set_aside():
    """The tests set aside what is there at their start (`conftest`)."""
    gc.unfreeze()
    yield
    gc.freeze()


class Circle:
    """It refers to itself: only a look for circles drops it."""

    def __init__(self):
        self.me = self


def test_circles_are_dropped_while_work_goes_on(nothing_set_aside):
    before = gc.get_threshold(), gc.get_freeze_count()
    much = [[] for _ in range(300_000)]  # because of which Python looks through all so seldom
    gc.collect()

    def still_here():
        found = []
        for _ in range(8):  # each lot lives long enough to count as old
            lot = [Circle() for _ in range(5_000)]
            found += map(weakref.ref, lot)
            del lot
        return sum(circle() is not None for circle in found)

    as_it_is = still_here()
    with memory.collect_often():
        often = still_here()
    assert often < as_it_is / 2, (often, as_it_is, len(much))
    assert (gc.get_threshold(), gc.get_freeze_count()) == before


def test_an_error_leaves_the_collector_as_it_was(nothing_set_aside):
    before = gc.get_threshold(), gc.get_freeze_count()
    with pytest.raises(ZeroDivisionError), memory.collect_often():
        raise ZeroDivisionError
    assert (gc.get_threshold(), gc.get_freeze_count()) == before


def test_what_somebody_set_aside_stays_there(nothing_set_aside):
    gc.freeze()
    with memory.collect_often():
        pass
    assert gc.get_freeze_count()
