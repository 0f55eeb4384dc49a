"""Cut the set-up off at random moments, and say what still works afterwards.

    .venv/bin/python tests/setup_interrupted.py [--times 20] [--seed 0] [--modules 2000]

A tiny course is set up in a temporary folder, without a network.  Then, again
and again, its pins change and bootstrap.py is started and cut off: by SIGTERM,
SIGHUP and SIGKILL in turn, at a random moment of the time that it takes.  After
each, nobody may be writing any more and the course's command must work with
either the old packages or the new ones; and the next set-up must end well.

It prints a table and ends with status 1 if anything failed.  It takes some ten
minutes and is no part of the tests, where tests/test_setup.py keeps three of
these moments and every line of the swap.  Not for Windows.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

from tiny_course import TinyCourse

SIGNALS = ("SIGTERM", "SIGHUP", "SIGKILL")


def stage(folder: Path) -> str:
    """What the set-up left behind, in words."""
    there = sorted(path.name for path in folder.glob(".v*") if path.is_dir())
    if (folder / ".vnew" / "tlhelpers-set-up.json").exists():
        pip = "pip's" if (folder / ".vnew" / "tmp").exists() else "a copy's"
        return " ".join(there) + f" ({pip})"
    return " ".join(there)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--modules", type=int, default=2000, help="files of the larger package")
    options = parser.parse_args()
    chance = random.Random(options.seed)
    failures = 0
    with tempfile.TemporaryDirectory() as place:
        course = TinyCourse(Path(place) / "Übung eins", options.modules)
        assert course.set_up()[0] == 0
        course.pin("2")
        began = time.monotonic()
        assert course.set_up()[0] == 0
        whole = time.monotonic() - began
        print(f"An update takes {whole:.1f} s. Seed {options.seed}.\n")
        print("| | signal | after | status | left behind | then | next set-up | then | |")
        print("|---|---|---|---|---|---|---|---|---|")
        number, current = 0, "2"
        while number < options.times:
            old, new = current, {"1": "2", "2": "1"}[current]
            name = SIGNALS[number % len(SIGNALS)]
            moment = chance.uniform(0, whole)
            course.pin(new)
            status = course.interrupt(getattr(signal, name), moment)
            current = new
            if status == 0:  # it had ended before: another moment
                whole *= 0.9
                continue
            writing = course.still_writing()
            left, first = stage(course.folder), course.says()
            code, _ = course.set_up()
            second = course.says()
            good = (
                not writing
                and first in (f"tlhelpers {old} {old}", f"tlhelpers {new} {new}")
                and (code, second) == (0, f"tlhelpers {new} {new}")
                and stage(course.folder) == ".venv"
            )
            number += 1
            failures += not good
            verdict = "good" if good else "FAILED" + " (somebody writes)" * writing
            print(
                f"| {number} | {name} | {moment:.1f} s | {status} | {left} | {first[-20:]} |"
                f" {code} | {second[-20:]} | {verdict} |",
                flush=True,
            )
    print(f"\n{options.times - failures} of {options.times} good.")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
