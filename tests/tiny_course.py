"""A course of a few kilobytes that bootstrap.py can set up without a network.

Its pins are two packages, made here: ``one``, and ``many``, which has hundreds
of files so that pip is at it for a while.  The versions of the two always agree.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parent.parent
WINDOWS = os.name == "nt"

PYPROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "tlhelpers"
"""

#: Does for the tiny course what hatchling does for the real one, and as it does it.
BACKEND = """\
import os, re, zipfile

def build_editable(folder, config_settings=None, metadata_directory=None):
    with open("tlhelpers/__init__.py") as file:
        version = re.search('"(.*)"', file.read()).group(1)
    info = f"tlhelpers-{version}.dist-info"
    files = {
        "_tlhelpers.pth": os.getcwd(),
        f"{info}/METADATA": f"Metadata-Version: 2.1\\nName: tlhelpers\\nVersion: {version}\\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\n"
        "Tag: py3-none-any\\n",
        f"{info}/entry_points.txt": "[console_scripts]\\ntlhelpers = tlhelpers:main\\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{name},,\\n" for name in [*files, f"{info}/RECORD"])
    wheel = f"tlhelpers-{version}-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, wheel), "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return wheel
"""

PACKAGE = """\
__version__ = "0.1.0"

def main():
    import many, one
    print("tlhelpers", one.VERSION, many.VERSION)
"""


def make_wheel(folder: Path, name: str, version: str, modules: int, needs: str = "") -> str:
    """Make a package that says its version (and names another one); return its pin."""
    info = f"{name}-{version}.dist-info"
    files = {f"{name}/m{number}.py": f"VERSION = {version!r}\n" for number in range(modules)}
    files[f"{name}/__init__.py"] = f"from .m{modules - 1} import VERSION\n"
    files[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    files[f"{info}/METADATA"] += f"Requires-Dist: {needs}\n" * bool(needs)
    files[f"{info}/WHEEL"] = (
        "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    files[f"{info}/entry_points.txt"] = f"[console_scripts]\nsay-{name} = {name}:m0\n"
    files[f"{info}/RECORD"] = "".join(f"{file},,\n" for file in [*files, f"{info}/RECORD"])
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in files.items():
            archive.writestr(file, text)
    return f"{name}=={version} --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


class TinyCourse:
    """A folder with a tiny course in it, and what a learner does there."""

    def __init__(self, folder: Path, modules: int = 400) -> None:
        self.folder = folder
        self.wheels = folder.parent / "wheels"
        self.wheels.mkdir(parents=True)
        self.pins = {
            version: "\n".join(
                [
                    make_wheel(self.wheels, "one", version, 1),
                    make_wheel(self.wheels, "many", version, modules),
                ]
            )
            for version in ("1", "2")
        }
        (folder / "tlhelpers").mkdir(parents=True)
        # The packages of this course need no gigabytes.
        text = (ROOT / "bootstrap.py").read_text(encoding="utf-8")
        text = re.sub(r"^SPACE = \d+", "SPACE = 0", text, flags=re.M)
        (folder / "bootstrap.py").write_text(text, encoding="utf-8")
        (folder / "pyproject.toml").write_text(PYPROJECT)
        (folder / "backend.py").write_text(BACKEND)
        (folder / "tlhelpers" / "__init__.py").write_text(PACKAGE)
        self.pin("1")

    def pin(self, version: str) -> None:
        (self.folder / "requirements.txt").write_text(self.pins[version] + "\n")

    def environment(self, **more: str) -> dict[str, str]:
        """Variables with which pip finds the two packages, and nothing else."""
        plain = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "LC_", "LANG"))}
        own = {
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": self.wheels.as_uri(),
            "TLHELPERS_PYTHON": sys.executable,
        }
        return plain | own | more

    def start(self, *words: str, **more: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "bootstrap.py", *words],
            cwd=self.folder,
            env=self.environment(**more),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )

    def set_up(self, *words: str, **more: str) -> tuple[int, str]:
        """Run bootstrap.py; return its exit status and what it said."""
        process = self.start(*words, **more)
        said, _ = process.communicate(timeout=300)
        return process.returncode, said

    def interrupt(self, number: int, moment: float | Callable[[], object]) -> int:
        """Start bootstrap.py and send it a signal, after seconds or when something is so."""
        process = self.start()
        began = time.monotonic()
        while process.poll() is None:
            passed = time.monotonic() - began
            assert passed < 120, "the moment never came"
            if passed >= moment if isinstance(moment, float) else moment():
                process.send_signal(number)
                break
            time.sleep(0.002)
        process.communicate(timeout=120)
        return process.returncode

    @property
    def commands(self) -> Path:
        return self.folder / ".venv" / ("Scripts" if WINDOWS else "bin")

    def says(self) -> str:
        """What the command in .venv says: the versions of the two packages."""
        done = subprocess.run(
            [self.commands / "tlhelpers"],
            cwd=self.folder.parent,
            env=self.environment(),
            capture_output=True,
            text=True,
        )
        return (done.stdout + done.stderr).strip()

    def still_writing(self) -> bool:
        """Whether somebody still works on what will be .venv."""

        def look() -> list[str]:
            return sorted(map(str, (self.folder / ".vnew").rglob("*")))

        before = look()
        time.sleep(0.5)
        return look() != before
