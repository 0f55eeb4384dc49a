"""The set-up: the files agree, bootstrap.py does what it says, and the tests have no network."""

import io
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import tomllib
import zipfile
from pathlib import Path
from types import SimpleNamespace

import ctrl_c
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version
from tiny_course import TinyCourse

import bootstrap
import tlhelpers

ROOT = Path(__file__).parent.parent
PYTHONS = [f"3.{minor}" for minor in bootstrap.MINORS]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
posix = pytest.mark.skipif(os.name == "nt", reason="the stand-ins are shell scripts")

#: What a marker in requirements.txt may ask about, for each system of the course.
SYSTEMS = {
    "Linux": {"sys_platform": "linux", "os_name": "posix", "platform_system": "Linux"},
    "macOS": {"sys_platform": "darwin", "os_name": "posix", "platform_system": "Darwin"},
    "Windows": {"sys_platform": "win32", "os_name": "nt", "platform_system": "Windows"},
}


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


# --- the files agree -----------------------------------------------------------------------------


def pins() -> list[tuple[Requirement, list[str]]]:
    """The pinned requirements, each with its hashes."""
    text = re.sub(r"\s*\\\n\s*", " ", read("requirements.txt"))
    lines = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    found = []
    for line in lines:
        words, *hashes = re.split(r"\s+--hash=", line)
        found.append((Requirement(words), hashes))
    return found


def pins_for(name: str, python: str, system: str) -> list[Version]:
    """The versions that pip would install of one package."""
    environment = SYSTEMS[system] | {"python_version": python, "python_full_version": f"{python}.1"}
    return [
        Version(next(iter(pin.specifier)).version)
        for pin, _ in pins()
        if pin.name == name and (pin.marker is None or pin.marker.evaluate(environment))
    ]


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("python", PYTHONS)
def test_each_dependency_is_pinned_once_and_within_its_bound(python, system):
    wanted = PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"]
    for requirement in map(Requirement, wanted):
        versions = pins_for(requirement.name, python, system)
        assert len(versions) == 1, f"{requirement.name}: {versions}. Run: make pins"
        assert versions[0] in requirement.specifier, f"{requirement}: {versions[0]} is pinned"


def test_each_pin_is_exact_and_has_hashes():
    for pin, hashes in pins():
        assert re.fullmatch(r"==[^*]+", str(pin.specifier)), pin
        assert hashes and all(re.fullmatch(r"sha256:[0-9a-f]{64}", h) for h in hashes), pin


def test_the_pins_name_no_address_and_no_folder():
    text = read("requirements.txt")
    assert "://" not in text
    assert not re.search(r"^\s*-(?!-hash=)", text, re.M)  # no option but --hash
    assert not re.search(r"(^|\s)[/~.]\S*/", text)


def test_tensorflow_is_pinned_for_every_system():
    # A hash does not say which file it is of.  So this cannot prove that there
    # is a package for each system and Python; it can show that some are missing.
    for system in SYSTEMS:
        for python in PYTHONS:
            assert pins_for("tensorflow", python, system), (system, python)
    [hashes] = [hashes for pin, hashes in pins() if pin.name == "tensorflow"]
    assert len(hashes) >= len(PYTHONS) * len(bootstrap.PLATFORMS)


def test_every_file_means_the_same_pythons():
    bounds = SpecifierSet(PROJECT["requires-python"])
    allowed = [f"3.{minor}" for minor in range(30) if f"3.{minor}.5" in bounds]
    assert allowed == PYTHONS
    classifiers = [c.rpartition(" ")[2] for c in PROJECT["classifiers"] if "Python :: 3." in c]
    assert classifiers == PYTHONS

    workflow = yaml.safe_load(read(".github/workflows/tests.yml"))
    jobs = workflow["jobs"]["tests"]["strategy"]["matrix"]["include"]
    assert {job["python"] for job in jobs} == set(PYTHONS)
    assert {job["os"].partition("-")[0] for job in jobs} == {"ubuntu", "macos", "windows"}

    first, last = PYTHONS[0], PYTHONS[-1]
    for name in ("README.md", "docs/start.md", "CONTRIBUTING.md"):
        text = read(name)
        assert re.search(rf"Python {first} to {last}\b", text), (
            f"{name}: say Python {first} to {last}"
        )
        for mentioned in re.findall(r"Python (3\.\d+)", text):
            assert mentioned in PYTHONS, f"{name} speaks of Python {mentioned}"


def test_conda_installs_the_same_pins():
    parts = yaml.safe_load(read("environment.yml"))["dependencies"]
    [python] = [part for part in parts if isinstance(part, str) and part.startswith("python=")]
    [pip] = [part["pip"] for part in parts if isinstance(part, dict)]
    assert python.removeprefix("python=") in PYTHONS
    assert pip == ["-r requirements.txt"]  # and nothing beside it that could differ
    assert [part for part in parts if isinstance(part, str)] == [python, "pip"]


def test_the_citation_has_the_version_of_the_package():
    assert yaml.safe_load(read("CITATION.cff"))["version"] == tlhelpers.__version__


# --- make ----------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def not_inside_make(monkeypatch):
    """Let a make that a test starts be the outermost one, under `make test` too."""
    for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):
        monkeypatch.delenv(name, raising=False)


def test_make_helps_with_every_target_and_the_pages_name_no_other():
    makefile = read("Makefile")
    [phony] = re.findall(r"^\.PHONY: (.*)$", makefile, re.M)
    explained = re.findall(r"^([a-z-]+):.*##", makefile, re.M)
    assert sorted(phony.split()) == sorted(explained)
    assert {"help", "run", "lab", "test", "lint", "execute", "doctor", "pins", "clean"} <= set(
        explained
    )
    for name in ("README.md", "docs/start.md", "CONTRIBUTING.md"):
        # As commands only: a sentence may well say "make it".
        code = " ".join(re.findall(r"```.*?```|`[^`]+`", read(name), re.S))
        for target in re.findall(r"(?:^|[`;&]) *make ([a-z-]+)", code, re.M):
            assert target in explained, f"{name} names `make {target}`"


@posix
@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")
def test_make_alone_prints_the_help():
    done = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "make test " in done.stdout and "make clean " in done.stdout


@posix
@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")
def test_make_starts_the_set_up_with_a_python_that_works(tmp_path, fake, monkeypatch):
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "bootstrap.py").write_text("print('started')")
    make = shutil.which("make")
    fake("python3.13", "echo 'command not found' >&2; exit 127")
    fake("python3", f'exec {sys.executable} "$@"')
    done = subprocess.run([make, "setup"], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "started\n", "")


@posix
@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")
def test_make_says_so_when_no_python_works(tmp_path, fake):
    shutil.copy(ROOT / "Makefile", tmp_path)
    make = shutil.which("make")
    fake("python3", "exit 127")
    done = subprocess.run([make, "setup"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode != 0
    assert "No working Python found. Install Python 3.11, 3.12 or 3.13" in done.stderr


# --- bootstrap.py: which Python ------------------------------------------------------------------

GOOD = {
    "version": [3, 12, 4],
    "implementation": "CPython",
    "bits": 64,
    "threads": False,
    "platform": ["Linux", "x86_64"],
    "venv": True,
    "base": "/somewhere/python3.12",
}


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """Make stand-ins for commands; nothing else is on the PATH then."""
    folder = tmp_path / "bin"
    folder.mkdir()
    make = shutil.which("make")
    if make:
        (folder / "make").symlink_to(make)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("TLHELPERS_PYTHON", raising=False)

    def write(name: str, script: str = "", **facts) -> Path:
        """A command that runs a script, or that says it is such a Python."""
        script = script or f"echo '{json.dumps(GOOD | facts)}'"
        path = folder / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    return write


@pytest.fixture
def started_by(fake, monkeypatch):
    """Let bootstrap.py be started by a Python 3.10, which the course does not support."""
    old = fake("started-by", version=[3, 10, 2])
    monkeypatch.setattr(sys, "executable", str(old))


@posix
def test_a_python_is_taken_for_what_it_does_and_not_for_its_name(fake, started_by):
    fake("python3.13", "echo 'pyenv: python3.13: command not found' >&2; exit 127")
    fake("python3.12", version=[3, 10, 13])
    fake("python3", f"echo '{json.dumps(GOOD)}'; exit 1")
    fake("python", version=[3, 11, 7])
    assert bootstrap.choose_python()["version"] == [3, 11, 7]


@posix
def test_the_newest_python_is_preferred(fake, started_by):
    fake("python3", version=[3, 11, 1])
    fake("python3.12", version=[3, 12, 1])
    assert bootstrap.choose_python()["version"] == [3, 12, 1]
    fake("python3.13", version=[3, 13, 1])
    assert bootstrap.choose_python()["version"] == [3, 13, 1]


@posix
def test_the_python_that_runs_bootstrap_is_a_candidate(fake, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(fake("its-own-name", version=[3, 11, 9])))
    assert bootstrap.choose_python()["version"] == [3, 11, 9]


@posix
def test_pythons_too_old_and_too_new_are_refused_in_one_line(fake, started_by):
    fake("python3", version=[3, 14, 0])
    fake("python", "exit 1")
    with pytest.raises(bootstrap.Stop) as stop:
        bootstrap.choose_python()
    message = str(stop.value)
    assert "\n" not in message
    assert "needs Python 3.11, 3.12 or 3.13" in message
    assert "is Python 3.10.2; python3 is Python 3.14.0; python does not run" in message
    assert "--python PATH" in message


@posix
def test_a_python_that_was_asked_for_is_taken_or_refused(fake, started_by):
    fake("python3.13", version=[3, 13, 1])
    mine = fake("mine", version=[3, 11, 5])
    assert bootstrap.choose_python("mine")["version"] == [3, 11, 5]
    assert bootstrap.choose_python(str(mine))["version"] == [3, 11, 5]
    fake("mine", version=[3, 14, 0])
    with pytest.raises(
        bootstrap.Stop, match=r"mine is Python 3\.14\.0\. The course needs Python 3"
    ):
        bootstrap.choose_python("mine")
    with pytest.raises(bootstrap.Stop, match="nowhere does not run as a Python"):
        bootstrap.choose_python("nowhere")


@posix
def test_without_venv_debian_is_told_what_to_install(fake, started_by):
    fake("python3", version=[3, 11, 2], venv=False)
    with pytest.raises(bootstrap.Stop, match=r"sudo apt install python3\.11-venv"):
        bootstrap.choose_python()
    fake("python", version=[3, 12, 2])  # another one that has it is as good
    assert bootstrap.choose_python()["version"] == [3, 12, 2]


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({}, ""),
        ({"platform": ["Darwin", "arm64"]}, ""),
        ({"platform": ["Windows", "AMD64"]}, ""),
        ({"platform": ["Darwin", "x86_64"]}, "Intel Macs, for which TensorFlow is no longer"),
        ({"platform": ["Linux", "armv7l"]}, "Linux armv7l"),
        ({"version": [2, 7, 18]}, "is Python 2.7.18"),
        ({"version": [3, 14, 0]}, "is Python 3.14.0"),
        ({"implementation": "PyPy"}, "is PyPy"),
        ({"bits": 32}, "32-bit"),
        ({"threads": True}, "free-threaded"),
    ],
)
def test_what_speaks_against_a_python(facts, words):
    found = bootstrap.objection(GOOD | facts)
    assert words in found and bool(words) == bool(found)


def test_the_probe_tells_the_truth_about_this_python():
    facts = bootstrap.probe([sys.executable])
    assert facts["version"] == list(sys.version_info[:3])
    assert (facts["implementation"], facts["bits"], facts["venv"]) == ("CPython", 64, True)
    assert facts["base"] == sys._base_executable  # not the one in .venv, which may be remade


def old_pythons() -> list[str]:
    """Pythons of this machine, 3.6 to 3.10, that really run."""
    names = [shutil.which(f"python3.{minor}") for minor in range(6, 11)]
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    names += map(str, pyenv.glob("versions/3.*/bin/python"))
    found = {}
    for name in filter(None, names):
        facts = bootstrap.probe([name])
        if facts and (3, 6) <= tuple(facts["version"]) < (3, 11):
            found.setdefault(tuple(facts["version"][:2]), name)
    return [found[version] for version in sorted(found)]


def test_a_console_that_lacks_a_letter_or_is_gone_stops_nothing():
    raw = io.BytesIO()
    console = io.TextIOWrapper(raw, "ascii", write_through=True)
    bootstrap.say(bootstrap.Stop("in Übung"), console)
    assert raw.getvalue().split() == [b"in", b"?bung"]
    gone = io.StringIO()
    gone.close()
    bootstrap.say("nobody hears this", gone)


def test_without_a_console_the_state_is_told_by_the_exit_status(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    assert bootstrap.main(["--check"], root=str(tmp_path)) == 1


def test_a_python_in_quotes_is_found(monkeypatch):
    monkeypatch.setenv("TLHELPERS_PYTHON", f'"{sys.executable}" ')
    asked = []
    monkeypatch.setattr(bootstrap, "set_up", lambda root, wanted, _: asked.append(wanted) or "")
    bootstrap.main([])
    assert asked == [sys.executable]


def test_an_old_python_says_in_one_line_what_is_needed(tmp_path):
    pythons = old_pythons()
    if not pythons:
        pytest.skip("there is no Python 3.6 to 3.10 here")
    shutil.copy(ROOT / "bootstrap.py", tmp_path)
    for python in (pythons[0], pythons[-1]):
        environment = bootstrap.clean_environment() | {"PATH": str(tmp_path)}
        environment.pop("TLHELPERS_PYTHON", None)
        done = subprocess.run(
            [python, "bootstrap.py"], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("The course needs Python 3.11, 3.12 or 3.13")
        assert done.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["bootstrap.py"]  # nothing was made


# --- bootstrap.py: what state .venv is in --------------------------------------------------------


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A checkout to set up, with a .venv that is real and a pip that only takes notes."""
    monkeypatch.delenv("TLHELPERS_PYTHON", raising=False)
    monkeypatch.setattr(
        bootstrap, "choose_python", lambda _=None: bootstrap.probe([sys.executable])
    )
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=9e9))
    (tmp_path / "requirements.txt").write_text("pinned==1\n")
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "tlhelpers"\n')
    (tmp_path / "tlhelpers").mkdir()
    (tmp_path / "tlhelpers" / "__init__.py").write_text('__version__ = "1"\n')
    calls = []

    def quick_venv(root, facts):
        calls.append("venv")
        command = [facts["base"], "-m", "venv", "--without-pip", bootstrap.folder(root, ".vnew")]
        subprocess.run(command, check=True, env=bootstrap.clean_environment())

    monkeypatch.setattr(bootstrap, "make_venv", quick_venv)
    monkeypatch.setattr(bootstrap, "pip", lambda root, words, total=1: calls.append(words[-1]))
    return tmp_path, calls


ALL = ["venv", "requirements.txt", "."]
PINS = ["requirements.txt"]


def set_up(project, *words: str) -> tuple[int, list[str]]:
    """Run bootstrap.py; return its exit status and what it did."""
    root, calls = project
    calls.clear()
    return bootstrap.main(list(words), root=root), list(calls)


def test_a_second_set_up_has_nothing_to_do(project, capsys):
    assert set_up(project, "--check") == (1, [])
    assert "There is no .venv yet. Run: python bootstrap.py" in capsys.readouterr().out
    assert set_up(project) == (0, ALL)
    assert "tlhelpers lab" in capsys.readouterr().out
    began = sum(os.times()[:4])  # of this process and its children: others may be at work
    assert set_up(project) == (0, [])
    assert sum(os.times()[:4]) - began < 1
    assert "up to date" in capsys.readouterr().out
    assert set_up(project, "--check") == (0, [])


def append(path: Path, text: str) -> None:
    path.write_text(path.read_text() + text)


@pytest.mark.parametrize(
    ("name", "text", "installed"),
    [
        ("requirements.txt", "another==2\n", PINS),
        ("requirements.txt", "# a comment\n\n", []),
        ("pyproject.toml", 'scripts = ["a"]\n', ["."]),
        ("pyproject.toml", "[project.scripts]\n", ["."]),
        ("pyproject.toml", "# a comment\n", []),
        ("pyproject.toml", "[tool.ruff]\nline-length = 79\n", []),
        ("tlhelpers/__init__.py", '__version__ = "2"\n', ["."]),
        ("tlhelpers/__init__.py", "import this\n", []),
    ],
)
def test_only_what_has_changed_is_installed(project, name, text, installed):
    set_up(project)
    (project[0] / ".venv" / "notes.txt").write_text("a learner's own")
    append(project[0] / name, text)
    assert set_up(project, "--check") == (1 if installed else 0, [])
    assert set_up(project) == (0, installed)
    assert set_up(project) == (0, [])
    assert (project[0] / ".venv" / "notes.txt").read_text() == "a learner's own"


@pytest.mark.parametrize("what", ["empty", "file", "folder", "venv"])
def test_a_venv_that_is_not_ours_is_left_alone(project, capsys, what):
    path = project[0] / ".venv"
    if what == "file":
        path.write_text("precious")
    else:
        path.mkdir()
    if what in ("folder", "venv"):
        (path / ("thesis.txt" if what == "folder" else "pyvenv.cfg")).write_text("precious")
    before = sorted(project[0].rglob("*"))
    if what == "empty":  # nobody misses an empty folder
        assert set_up(project) == (0, ALL)
        return
    for words in (["--check"], []):
        assert set_up(project, *words) == (1, [])
        said = "".join(capsys.readouterr())
        assert f"{path} is a " in said and "rename it; if not, delete it" in said
        assert "bootstrap.py" not in said
    assert sorted(project[0].rglob("*")) == before


@posix
def test_a_venv_that_is_a_link_is_used_and_not_changed(project, capsys, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "packages"
    elsewhere.mkdir()
    (elsewhere / "thesis.txt").write_text("precious")
    (project[0] / ".venv").symlink_to(elsewhere)
    assert set_up(project) == (1, [])
    assert f".venv is a link to {elsewhere}" in capsys.readouterr().err
    assert [path.name for path in elsewhere.iterdir()] == ["thesis.txt"]
    (project[0] / ".venv").unlink()

    set_up(project)  # now one that was made here, and moved to a larger disk
    elsewhere = elsewhere.with_name("larger disk")
    shutil.move(project[0] / ".venv", elsewhere)
    (project[0] / ".venv").symlink_to(elsewhere)
    assert set_up(project) == (0, [])
    append(project[0] / "requirements.txt", "another==2\n")
    assert set_up(project) == (1, [])
    assert f".venv is a link to {elsewhere}" in capsys.readouterr().err


@pytest.mark.parametrize("name", [".vnew", ".vold"])
def test_no_folder_in_the_way_is_removed(project, capsys, name):
    path = project[0] / name
    path.mkdir()
    (path / "thesis.txt").write_text("precious")
    assert set_up(project) == (1, [])
    assert f"{path} is a folder that this set-up did not make" in capsys.readouterr().err
    assert (path / "thesis.txt").read_text() == "precious"


def test_a_venv_that_came_meanwhile_is_left_alone(project):
    environment(project[0], ".vnew", "new")
    (project[0] / ".venv").mkdir()
    (project[0] / ".venv" / "thesis.txt").write_text("precious")
    with pytest.raises(bootstrap.Stop, match="did not make"):
        bootstrap.swap(project[0])
    bootstrap.tidy(project[0], None)
    assert (project[0] / ".venv" / "thesis.txt").read_text() == "precious"


def test_a_half_made_set_up_is_made_again(project):
    (project[0] / ".vnew").mkdir()
    bootstrap.write_stamp(project[0], {})
    (project[0] / ".vnew" / "leftover").write_text("")
    assert set_up(project) == (0, ALL)
    assert left(project) == [".venv"]
    assert not (project[0] / ".venv" / "leftover").exists()


def left(project) -> list[str]:
    """The folders of the set-up that are there."""
    return sorted(path.name for path in project[0].glob(".v*") if path.is_dir())


def test_a_venv_whose_python_is_gone_is_made_again(project):
    set_up(project)
    Path(bootstrap.venv_python(project[0])).unlink()
    assert set_up(project) == (0, ALL)


def test_a_damaged_stamp_is_none(project):
    set_up(project)
    Path(bootstrap.stamp_path(project[0])).write_text("{")
    assert set_up(project) == (0, ALL)


def test_a_moved_checkout_gets_a_new_venv(project, tmp_path_factory):
    set_up(project)
    moved = tmp_path_factory.mktemp("moved") / "course"
    project[0].rename(moved)
    assert set_up((moved, project[1])) == (0, ALL)


def test_another_python_gets_a_new_venv(project, monkeypatch):
    set_up(project)
    here = bootstrap.probe([sys.executable])
    assert set_up(project, "--python", "x") == (0, [])  # the same version again
    other = here | {"version": [3, 11, 0]}
    monkeypatch.setattr(bootstrap, "choose_python", lambda _=None: other)
    monkeypatch.setenv("TLHELPERS_PYTHON", "x")
    assert set_up(project) == (0, ALL)


def test_a_small_update_of_python_changes_nothing(project):
    set_up(project)
    path = Path(bootstrap.stamp_path(project[0]))
    stamp = json.loads(path.read_text())
    for python, does in ((f"3.{sys.version_info[1]}.99", []), ("3.10.1", ALL)):
        path.write_text(json.dumps(stamp | {"python": python}))
        assert set_up(project) == (0, does)


@ctrl_c.heard()
def test_an_interrupted_set_up_is_finished_by_the_next(project, monkeypatch, capsys):
    set_up(project)
    (project[0] / "requirements.txt").write_text("other")
    with monkeypatch.context() as patch:
        patch.setattr(bootstrap, "pip", lambda *_: signal.raise_signal(signal.SIGINT))
        assert set_up(project) == (130, [])
    assert "Run this again" in capsys.readouterr().err
    assert set_up(project) == (0, PINS)


def test_a_full_disk_stops_it_before_anything_is_downloaded(project, monkeypatch, capsys):
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=3e9))
        assert set_up(project) == (1, [])
    assert "need about 4 GB of disk" in capsys.readouterr().err
    assert left(project) == []
    assert set_up(project) == (0, ALL)


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("[Errno -3] Temporary failure in name resolution", "network"),
        ("HTTPSConnectionPool(...): Read timed out. (read timeout=15)", "network"),
        ("[WinError 10061] ... actively refused it: NewConnectionError", "network"),
        ("ERROR: Could not install packages: [Errno 28] No space left on device", "disk is full"),
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]'))", "trusted"),
        ("THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "differs"),
        ("[WinError 32] The process cannot access the file", "Close whatever"),
        ("HINT: ... does not have Windows Long Path support enabled", "shorter"),
        ("ERROR: No matching distribution found for numpy==99", "no such package"),
        ("ERROR: Can not combine '--user' and '--target'", "When that is put right"),
        ("OSError: Missing dependencies for SOCKS support.", "ALL_PROXY"),
        ("OSError: Please check proxy URL. It is malformed and could be", "HTTPS_PROXY"),
        ("connection broken by 'ProxyError('Unable to connect to proxy')'", "HTTPS_PROXY"),
        ("suitable TLS CA certificate bundle, invalid path: /x.pem", "REQUESTS_CA_BUNDLE"),
        ("[WinError 5] Access is denied", "does not let pip write"),
    ],
)
def test_the_advice_follows_what_pip_said(said, advice):
    found = bootstrap.cause(["Collecting numpy", said, "note: see above"])
    assert advice in found
    assert ("network" in found) == (advice in ("network", "trusted"))


# --- bootstrap.py: cut off, or two at once -------------------------------------------------------


def environment(root: Path, name: str, says: str, done: bool = True) -> None:
    """Make something that the set-up may take for its own work."""
    place = root / name
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place], check=True)
    (place / "says").write_text(says)
    [packages] = place.rglob("site-packages")
    (packages / "_tlhelpers.pth").write_text(bootstrap.POINTER)
    facts = bootstrap.probe([bootstrap.venv_python(root, name)])
    stamp = bootstrap.stamp(root, facts) if done else {}
    if says == "old":
        stamp["pins"] = "other"
    Path(bootstrap.stamp_path(root, name)).write_text(json.dumps(stamp))


#: What a set-up that is cut off can leave, and what the next one makes of it.
LEFT = {
    "while it made the new one": ({".venv": "old", ".vnew": "half"}, PINS),
    "before the old one was renamed": ({".venv": "old", ".vnew": "new"}, []),
    "between the two renames": ({".vold": "old", ".vnew": "new"}, []),
    "before the old one was removed": ({".vold": "old", ".venv": "new"}, []),
    "before the first one was renamed": ({".vnew": "new"}, []),
    "while it put the old one back": ({".vold": "old"}, PINS),
}


@pytest.mark.parametrize("when", LEFT)
def test_what_was_cut_off_is_finished(project, when):
    folders, does = LEFT[when]
    for name, says in folders.items():
        environment(project[0], name, says, says != "half")
    assert set_up(project) == (0, does)
    assert left(project) == [".venv"]
    assert bootstrap.state(project[0])[0] == "ready"
    # An update of what was there keeps what a learner put into it.
    assert (project[0] / ".venv" / "says").read_text() == ("old" if does else "new")


CUT_OFF = """
import os, sys
sys.path.insert(0, sys.argv[1])
import bootstrap
count = int(sys.argv[2])

def trace(frame, event, argument):
    global count
    if frame.f_code.co_filename != bootstrap.__file__:
        return None
    count -= event == "line"
    if count == 0:
        os._exit(9)  # as after kill -9: nothing is tidied up
    return trace

sys.settrace(trace)
bootstrap.swap(sys.argv[3])
"""


@pytest.mark.slow
def test_the_swap_can_be_cut_off_at_every_line(project, tmp_path_factory):
    for name, says in ((".venv", "old"), (".vnew", "new")):
        environment(project[0], name, says)
    ready = tmp_path_factory.mktemp("ready") / "course"
    shutil.copytree(project[0], ready, symlinks=True)
    seen, code, line = set(), 9, 0
    while code == 9:
        line += 1
        for path in project[0].glob(".v*"):
            shutil.rmtree(path)
        for name in (".venv", ".vnew"):
            shutil.copytree(ready / name, project[0] / name, symlinks=True)
        command = [sys.executable, "-S", "-c", CUT_OFF, str(ROOT), str(line), str(project[0])]
        code = subprocess.run(command).returncode
        seen.add(tuple(left(project)))
        if line % 5 == 0 or len(seen) > 1:  # the next set-up, a second each
            bootstrap.tidy(project[0], None)
            assert (project[0] / ".venv" / "says").read_text() == "new"
            assert left(project) == [".venv"]
    assert (code, line > 20) == (0, True)
    assert seen == {(".venv", ".vnew"), (".vnew", ".vold"), (".venv", ".vold"), (".venv",)}


def test_a_command_of_windows_is_settled_in_its_one_line(project):
    # A program, the line that names a Python, and an archive with what it runs.
    environment(project[0], ".vnew", "new")
    path = Path(bootstrap.venv_python(project[0], ".vnew")).with_name("say.exe")
    program = b"MZ .vnew \x00" + os.urandom(100_000).replace(b"#!", b"  ")
    path.write_bytes(program + b"#!C:\\.vnew\\course\\.vnew\\Scripts\\python.exe\r\n")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("__main__.py", "print('hello')")
    bootstrap.settle(project[0])
    data = path.read_bytes()
    assert data.startswith(program + b"#!C:\\.vnew\\course\\.venv\\Scripts\\python.exe\r\nPK")
    assert zipfile.ZipFile(path).read("__main__.py") == b"print('hello')"


def test_a_rename_that_fails_leaves_the_old_one(project, monkeypatch, capsys):
    set_up(project)
    append(project[0] / "requirements.txt", "another==2\n")
    rename = os.rename

    def refuse(old, new):
        if str(old).endswith(".vnew"):
            raise PermissionError(13, "Access is denied")
        rename(old, new)

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", refuse)
        patch.setattr(time, "sleep", lambda _: None)
        assert set_up(project) == (1, PINS)
    assert "Close whatever still uses it" in capsys.readouterr().err
    assert bootstrap.state(project[0])[0] == "stale"
    assert set_up(project) == (0, [])  # the new one was ready and had only to be renamed
    assert bootstrap.state(project[0])[0] == "ready"


def test_a_disk_without_links_gets_a_real_copy(project, monkeypatch):
    set_up(project)
    (project[0] / ".venv" / "deep").mkdir()
    (project[0] / ".venv" / "deep" / "notes.txt").write_text("a learner's own")
    append(project[0] / "requirements.txt", "another==2\n")

    def refuse(*_):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", refuse)
    assert set_up(project) == (0, PINS)
    assert (project[0] / ".venv" / "deep" / "notes.txt").read_text() == "a learner's own"


def test_packages_that_cannot_be_imported_are_not_put_in_place(project, capsys):
    set_up(project)
    package = project[0] / "tlhelpers" / "__init__.py"
    append(package, '__version__ = "2"\nimport no_such_module\n')
    assert set_up(project) == (1, ["."])
    said = capsys.readouterr().err
    assert "No module named 'no_such_module'" in said and "is as it was" in said
    assert left(project) == [".venv"]


@posix
def test_a_full_disk_is_named_in_a_sentence(project, monkeypatch, capsys):
    def full(*_):
        raise OSError(28, "No space left on device", "x")

    monkeypatch.setattr(bootstrap, "make_venv", full)
    assert set_up(project) == (1, [])
    assert "The disk is full. Make room and run this again." in capsys.readouterr().err


# --- bootstrap.py: for real, in a tiny course ----------------------------------------------------


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> TinyCourse:
    """A tiny course that is set up, in a folder with a blank, an umlaut and a quotation mark."""
    course = TinyCourse(tmp_path_factory.mktemp("tiny") / "Maria's Übung")
    code, said = course.set_up(LC_ALL="C")
    assert code == 0, said
    return course


def other_pins(tiny) -> tuple[str, str]:
    """Change the pins; return what the command says and what it will say."""
    old = tiny.says()[-1]
    new = {"1": "2", "2": "1"}[old]
    tiny.pin(new)
    return f"tlhelpers {old} {old}", f"tlhelpers {new} {new}"


def update(tiny, **more: str) -> str:
    """Change the pins and set the course up; return what was said."""
    _, new = other_pins(tiny)
    code, said = tiny.set_up(**more)
    assert (code, tiny.says()) == (0, new), said
    return said


def test_a_tiny_course_is_set_up_where_paths_are_odd(tiny):
    assert tiny.says() == "tlhelpers 1 1"
    code, said = tiny.set_up(LC_ALL="C")
    assert code == 0 and "is up to date" in said
    python = bootstrap.venv_python(tiny.folder)
    code = "import importlib.metadata as m; print(m.version('tlhelpers'))"
    for locale in ("C", "C.UTF-8"):
        done = subprocess.run([python, "-c", code], env=tiny.environment(LC_ALL=locale))
        assert done.returncode == 0
    # Python 3.11 and 3.12 read these files in an encoding that pip does not write.
    pointers = list((tiny.folder / ".venv").rglob("_tlhelpers.pth"))
    assert pointers and all(path.read_bytes().isascii() for path in pointers)


@posix
def test_a_venv_can_be_used_through_links(tiny, tmp_path):
    (tmp_path / "course").symlink_to(tiny.folder)
    (tmp_path / "packages").symlink_to(tiny.folder / ".venv")
    for venv in (tmp_path / "course" / ".venv", tmp_path / "packages"):
        done = subprocess.run(
            [venv / "bin" / "python", "-c", "import tlhelpers; print(tlhelpers.__file__)"],
            cwd=tmp_path,
            env=tiny.environment(),
            capture_output=True,
            text=True,
        )
        assert Path(done.stdout.strip()).samefile(tiny.folder / "tlhelpers" / "__init__.py")


def test_nothing_in_a_venv_names_the_folder_it_was_made_in(tiny):
    update(tiny)
    named = [
        path
        for path in (tiny.folder / ".venv").rglob("*")
        if path.is_file() and path.suffix != ".pyc" and b".vnew" in path.read_bytes()
    ]
    assert named == []
    done = subprocess.run([tiny.commands / "pip", "--version"], capture_output=True, text=True)
    assert "Übung" in done.stdout, done.stderr


SETTINGS = """
[global]
target = {elsewhere}
quiet = 3
require-virtualenv = yes
[install]
user = yes
prefix = {elsewhere}
find-links = {wheels}
"""


def test_settings_of_pip_that_lead_astray_are_ignored(tiny, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    file = tmp_path / "pip.conf"
    file.write_text(SETTINGS.format(elsewhere=elsewhere, wheels=tiny.wheels.as_uri()))
    more = {"PIP_CONFIG_FILE": str(file), "PIP_FIND_LINKS": "", "PIP_TARGET": str(elsewhere)}
    update(tiny, **more, PIP_REQUIRE_HASHES="0", PIP_LOG=str(elsewhere))
    assert not elsewhere.exists()


def test_another_file_than_the_pinned_one_is_named_and_tried_without_the_cache(tiny):
    before, _ = other_pins(tiny)
    pins = tiny.folder / "requirements.txt"
    pins.write_text(re.sub("(?<=sha256:)[0-9a-f]{64}", 64 * "0", pins.read_text()))
    code, said = tiny.set_up(PIP_CACHE_DIR=str(tiny.folder / "cache"))
    assert code == 1 and "Trying again without pip's cache" in said
    advice = said.split("set-up.log")[-1]
    assert "PIP_EXTRA_INDEX_URL" in advice and "network" not in advice
    log = (tiny.folder / "build" / "set-up.log").read_text("utf-8")
    assert log.count("DO NOT MATCH THE HASHES") == 2 and tiny.says() == before
    tiny.pin(before[-1])
    assert tiny.set_up()[0] == 0


def test_without_an_index_and_without_a_folder_pip_asks_nobody(tiny, monkeypatch):
    """Who sets PIP_NO_INDEX means it."""
    monkeypatch.setattr(bootstrap, "folder", lambda root, name="": str(tiny.folder / ".venv"))
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_USER", "1")
    found = bootstrap.pip_environment(str(tiny.folder))
    assert found["PIP_NO_INDEX"] == "1" and "PIP_USER" not in found


def test_settings_of_python_do_not_reach_in(monkeypatch):
    for name in ("PYTHONHOME", "PYTHONIOENCODING", "PYTHONWARNINGS", "PYTHONHASHSEED"):
        monkeypatch.setenv(name, "garbage")
    assert bootstrap.probe([sys.executable])["version"] == list(sys.version_info[:3])


def test_a_failing_pip_is_shown_and_nothing_is_changed(tiny):
    before, _ = other_pins(tiny)
    append(tiny.folder / "requirements.txt", "there-is-none==1 --hash=sha256:" + 64 * "0" + "\n")
    for _ in range(2):
        code, said = tiny.set_up()
        assert code == 1
        assert "No matching distribution found for there-is-none==1" in said
        assert "is as it was, and still works" in said and "network" not in said
        assert "there-is-none" in (tiny.folder / "build" / "set-up.log").read_text("utf-8")
        assert tiny.says() == before
    tiny.pin(before[-1])
    assert "is up to date" in tiny.set_up()[1]


def test_a_second_set_up_waits_for_the_first(tiny):
    _, new = other_pins(tiny)
    first = tiny.start()
    while not (tiny.folder / ".vnew").exists():
        assert first.poll() is None
        time.sleep(0.01)
    code, said = tiny.set_up()
    assert (first.wait(timeout=60), code) == (0, 0)
    first.stdout.close()
    assert "Another set-up is at work in this folder" in said
    assert "is up to date" in said
    assert tiny.says() == new


INSTALLING = ".vnew/lib/*/site-packages/many/m200.py"


@posix
@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "moment"),
    [("SIGTERM", ".vnew"), ("SIGHUP", INSTALLING), ("SIGKILL", INSTALLING)],
)
def test_what_worked_still_works_after_an_interruption(tiny, number, moment):
    old, new = other_pins(tiny)
    copied = {path.stat().st_ino for path in tiny.folder.glob(moment.replace(".vnew", ".venv"))}

    def there() -> bool:
        found = {path.stat().st_ino for path in tiny.folder.glob(moment)}
        return bool(found - copied)  # not the copied ones, but pip's

    code = tiny.interrupt(getattr(signal, number), there)
    assert code == (-9 if number == "SIGKILL" else 130)
    assert not tiny.still_writing()
    assert tiny.says() == old
    code, said = tiny.set_up()
    assert (code, tiny.says()) == (0, new), said
    assert sorted(path.name for path in tiny.folder.glob(".v*")) == [".venv", ".venv.lock"]


# --- the wheel -----------------------------------------------------------------------------------


def test_the_wheel_has_the_bundled_network_and_no_tests(tmp_path):
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    [wheel] = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    data = {path.name for path in (ROOT / "data").iterdir()}
    assert data and {f"tlhelpers/_data/{name}" for name in data} <= names
    modules = {p.relative_to(ROOT).as_posix() for p in (ROOT / "tlhelpers").rglob("*.py")}
    assert modules <= names
    folders = {name.partition("/")[0] for name in names}
    assert folders == {"tlhelpers", f"tlhelpers-{tlhelpers.__version__}.dist-info"}
    assert any(name.endswith("licenses/LICENSE") for name in names)


# --- the tests have no network -------------------------------------------------------------------

#: An address that is reserved for examples, so that nobody is there.
ELSEWHERE = ("192.0.2.1", 9)
REFUSED = "The tests run without a network: a connection to '192.0.2.1' was refused"


def udp() -> socket.socket:
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


@pytest.mark.parametrize(
    "attempt",
    [
        lambda: socket.socket().connect(ELSEWHERE),
        lambda: socket.socket().connect_ex(ELSEWHERE),
        lambda: udp().sendto(b"x", ELSEWHERE),
        lambda: udp().sendto(b"x", 0, ELSEWHERE),
        lambda: udp().sendmsg([b"x"], [], 0, ELSEWHERE),
        lambda: socket.create_connection(ELSEWHERE, timeout=1),
        lambda: socket.getaddrinfo(ELSEWHERE[0], 9),
        lambda: socket.gethostbyname(ELSEWHERE[0]),
    ],
    ids=["connect", "connect_ex", "sendto", "flags", "sendmsg", "create", "getaddrinfo", "byname"],
)
def test_this_process_reaches_no_other_machine(attempt):
    with pytest.raises(OSError, match=re.escape(REFUSED)):
        attempt()


def test_a_name_is_not_even_looked_up():
    with pytest.raises(OSError, match="a connection to 'example.org' was refused"):
        socket.getaddrinfo("example.org", 80)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_this_machine_can_be_reached(host):
    with socket.create_server(("127.0.0.1", 0)) as server:
        with socket.create_connection((host, server.getsockname()[1]), timeout=5) as client:
            client.sendall(b"hello")
            assert server.accept()[0].recv(5) == b"hello"


@posix
def test_sockets_without_an_address_still_work():
    one, other = socket.socketpair()
    with one, other:
        one.sendmsg([b"hello"])
        assert other.recv(5) == b"hello"


def child(code: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | environment,
        capture_output=True,
        text=True,
    )


def test_a_child_and_its_child_reach_no_other_machine():
    reach = f"import socket; socket.socket().connect({ELSEWHERE})"
    for code in (
        reach,
        f"import subprocess, sys; subprocess.run([sys.executable, '-c', {reach!r}])",
    ):
        assert REFUSED in child(code).stderr


def test_the_block_hides_no_other_sitecustomize(tmp_path):
    (tmp_path / "sitecustomize.py").write_text("print('the other one')")
    path = os.environ["PYTHONPATH"] + os.pathsep + str(tmp_path)
    done = child(f"import socket; socket.socket().connect({ELSEWHERE})", PYTHONPATH=path)
    assert done.stdout == "the other one\n" and REFUSED in done.stderr


def test_tests_write_to_no_cache_of_the_users():
    for name in ("TLHELPERS_CACHE", "KERAS_HOME"):
        assert Path(os.environ[name]).is_relative_to(tempfile.gettempdir())
    assert "TLHELPERS_MIRROR" not in os.environ
