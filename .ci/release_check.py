"""Try what is about to be released: build the wheel, and run notebook 00 from it.

``make release-check`` runs this file.  The wheel is installed into an empty
folder, and the notebook runs there, away from the checkout: what the wheel
lacks is missed now and not by those who install it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOK = "00_start_here.ipynb"
#: What is no Python in the wheel, and is missed late.
NEEDED = (
    "tlhelpers/_data/digits_backbone.weights.h5",
    "tlhelpers/_data/gpt.npz",
    "tlhelpers/course/jupyterlab/overrides.json",
    "tlhelpers/teaching/widgets/pad.js",
    "tlhelpers/teaching/widgets/measured/labels.csv",
)
RUN = """
import sys, tlhelpers
from tlhelpers.course.execution import execute_notebook
from tlhelpers.course.runner import describe_error
print("tlhelpers comes from", tlhelpers.__path__[0], flush=True)
assert tlhelpers.__path__[0].startswith(sys.argv[1]), "that is not the wheel"
nb, seconds, error = execute_notebook(sys.argv[2])
print(f"{len(seconds)} cells in {sum(seconds):.0f} s")
sys.exit(f"The notebook stopped {describe_error(error)}" if error else 0)
"""


def versions() -> dict[str, str]:
    """Return the version that each file states."""
    stated = {
        "tlhelpers/__init__.py": r'__version__ = "([^"]+)"',
        "CITATION.cff": r"^version: (\S+)",
        "CHANGELOG.md": r"^## \[(\d[^\]]*)\]",
    }
    found = {}
    for name, pattern in stated.items():
        match = re.search(pattern, (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)
        found[name] = match[1] if match else "none"
    return found


def main() -> int:
    """Return 0 if the release can go out; otherwise say what is wrong."""
    stated = versions()
    if len(set(stated.values())) != 1:
        lines = [f"  {version:10} {name}" for name, version in stated.items()]
        print("The files state different versions:", *lines, sep="\n", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        folder = Path(scratch).resolve()
        build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
        subprocess.run(build, cwd=ROOT, check=True)
        (wheel,) = folder.glob("*.whl")
        names = zipfile.ZipFile(wheel).namelist()
        missing = [name for name in NEEDED if name not in names]
        strangers = sorted({name.split("/")[0] for name in names if not name.startswith("tlhelp")})
        if missing or strangers:
            print(f"{wheel.name} lacks {missing} and should not hold {strangers}.", file=sys.stderr)
            return 1
        installed, elsewhere = folder / "installed", folder / "elsewhere"
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
        subprocess.run([*pip, "--target", str(installed), str(wheel)], check=True)
        elsewhere.mkdir()
        shutil.copy(ROOT / "notebooks" / NOTEBOOK, elsewhere)
        run = [sys.executable, "-c", RUN, str(installed), str(elsewhere / NOTEBOOK)]
        env = os.environ | {"PYTHONPATH": str(installed)}
        done = subprocess.run(run, cwd=elsewhere, env=env)
        if done.returncode == 0:
            print(f"{wheel.name} is ready: version {stated['CHANGELOG.md']} everywhere.")
        return done.returncode


if __name__ == "__main__":
    sys.exit(main())
