"""What starts the course in a browser names what is there, and all that is needed."""

import importlib.util
import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
#: What Colab's runtimes of October 2025 and January 2026 have of what the course needs.
COLAB = set(
    """
    tensorflow keras numpy scipy scikit-learn threadpoolctl scikit-image matplotlib pillow
    fonttools h5py ipywidgets ipykernel jupyter-client nbclient nbformat filelock platformdirs
    requests urllib3 psutil tqdm
    """.split()
)
UNUSED = {"jupyterlab"}  # Colab is in its place


def cell():
    """The lines of the cell for Colab."""
    page = (ROOT / "docs" / "in_a_browser.md").read_text("utf-8")
    (code,) = re.findall(r"```\n(.*?)```", page, re.DOTALL)
    return code.splitlines()


def installed(line):
    """What a line with ``%pip install`` installs: names, and files of the checkout."""
    magic, command, *words = shlex.split(line)
    assert (magic, command) == ("%pip", "install")
    names = [word for word in words if not word.startswith("-")]
    assert set(words) - set(names) <= {"--quiet", "--no-deps", "-r"}
    return names


def name_of(requirement):
    return re.match(r"[\w-]+", requirement)[0].lower()


def test_the_cell_gets_the_checkout_and_what_it_names_is_in_it():
    first, *others = cell()
    assert first.startswith("!git clone") and first.endswith(" course")
    files = [name for line in others for name in installed(line) if "course" in name]
    assert files == ["./course", "course/requirements-data.txt"]
    assert (ROOT / "requirements-data.txt").is_file()


def test_the_cell_installs_what_colab_lacks_and_leaves_its_tensorflow_alone():
    lines = {line: installed(line) for line in cell()[1:]}
    wanted = [name for found in lines.values() for name in found if "course" not in name]
    names = {name_of(each) for each in wanted}
    needed = {name_of(each) for each in PROJECT["dependencies"]}
    assert needed - COLAB - UNUSED == names - COLAB
    assert names & COLAB == {"tensorflow", "keras"}  # the one as it is, the other as tested
    [keras] = [each for each in PROJECT["dependencies"] if name_of(each) == "keras"]
    assert "tensorflow" in wanted and keras in wanted
    for line, found in lines.items():
        # pip keeps protobuf as TensorFlow wants it only if TensorFlow is named beside onnx.
        assert "--no-deps" in line or "tensorflow" in found


def test_the_wheel_needs_what_the_project_needs(tmp_path):
    if importlib.util.find_spec("hatchling") is None:
        pytest.skip("hatchling, which builds the wheel, is not here")
    for name in ("pyproject.toml", "README.md", "LICENSE", "LICENSE-TEXTS.md"):
        shutil.copy(ROOT / name, tmp_path)
    for name in ("tlhelpers", "data"):
        leave = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=leave)
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", "dist"]
    subprocess.run(build, cwd=tmp_path, check=True, capture_output=True)
    [wheel] = (tmp_path / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        [metadata] = [name for name in opened.namelist() if name.endswith("METADATA")]
        said = opened.read(metadata).decode()
        names = opened.namelist()
    wanted = re.findall(r"^Requires-Dist: ([^;\n]+)$", said, re.MULTILINE)
    assert {name_of(each) for each in wanted} == {name_of(e) for e in PROJECT["dependencies"]}
    assert "tlhelpers/_data/gpt.npz" in names


def supported(version):
    return f"Programming Language :: Python :: {version}" in PROJECT["classifiers"]


def test_codespaces_runs_a_command_that_is_here_and_opens_no_port():
    said = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text("utf-8"))
    assert set(said) == {"name", "image", "hostRequirements", "postCreateCommand", "customizations"}
    image, _, version = said["image"].rpartition(":")
    assert image == "mcr.microsoft.com/devcontainers/python" and supported(version)
    program, file = said["postCreateCommand"].split()
    assert program == "python" and (ROOT / file).is_file()
    assert set(said["hostRequirements"]) == {"cpus", "memory", "storage"}
    interpreter = said["customizations"]["vscode"]["settings"]["python.defaultInterpreterPath"]
    assert interpreter == "${containerWorkspaceFolder}/.venv/bin/python"


def test_binder_reads_a_python_that_is_supported_and_files_that_are_here():
    folder = ROOT / ".binder"
    name, _, version = (folder / "runtime.txt").read_text("utf-8").strip().partition("-")
    assert name == "python" and supported(version)
    post = (folder / "postBuild").read_text("utf-8")
    assert post.startswith("#!/bin/bash\n") and "\r" not in post
    files = re.findall(r"-r (\S+)", post)
    assert files and all((ROOT / file).is_file() for file in files)
    # What Binder sets up by itself must not get in the way of the pins.
    others = {path.name for path in folder.iterdir()} - {"runtime.txt", "postBuild"}
    assert not others
    if shutil.which("bash"):
        assert subprocess.run(["bash", "-n", folder / "postBuild"]).returncode == 0
