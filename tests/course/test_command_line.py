"""The command line: what it does, what it says, and how it ends."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import types
from pathlib import Path

import ctrl_c
import psutil
import pytest
from jupyter_server.serverapp import ServerApp

from tlhelpers.course import command_line, notebooks
from tlhelpers.course.commands import lab
from tlhelpers.fetching import places

COMMANDS = ["run", "execute", "lab", "doctor", "pretrain", "architectures"]
PACKAGE_HOME = places.PACKAGE.parent


def write_notebook(path: Path, *cells: str) -> None:
    import nbformat.v4 as v4

    nb = v4.new_notebook(cells=[v4.new_code_cell(cell, id=f"c{i}") for i, cell in enumerate(cells)])
    path.write_text(json.dumps(nb), encoding="utf-8")


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """Make a checkout with two notebooks, and stand in it."""
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "tlhelpers"\n')
    (tmp_path / "notebooks").mkdir()
    write_notebook(tmp_path / "notebooks" / "00_start_here.ipynb", "print('hello')")
    write_notebook(tmp_path / "notebooks" / "01_prediction.ipynb", "1 / 0")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """Stand where there is no checkout, with the package installed somewhere else."""
    monkeypatch.setattr(places, "PACKAGE", tmp_path / "site-packages" / "tlhelpers")
    monkeypatch.chdir(tmp_path)


# ---------------------------------------------------------------------- finding notebooks


def test_the_root_is_found_from_a_folder_below_it(checkout):
    below = checkout / "notebooks" / "deeper"
    below.mkdir()
    assert notebooks.find_root(below) == checkout
    assert notebooks.find_root() == checkout


def test_another_project_is_not_the_course(checkout, nowhere):
    (checkout / "pyproject.toml").write_text('[project]\nname = "other"\n')
    assert notebooks.find_root() is None


def test_outside_a_checkout_the_package_knows_its_own(tmp_path, checkout, monkeypatch):
    monkeypatch.setattr(places, "PACKAGE", checkout / "tlhelpers")
    elsewhere = Path(tmp_path.anchor)
    assert notebooks.find_root(elsewhere) == checkout


def test_without_a_checkout_it_says_what_to_do(nowhere, capsys):
    assert command_line.main(["run"]) == 2
    message = capsys.readouterr().err
    assert "no course notebooks" in message and "git clone" in message


@pytest.mark.parametrize(
    "names, chosen",
    [
        ([], ["00_start_here", "01_prediction"]),
        (["01"], ["01_prediction"]),
        (["1", "0", "00"], ["00_start_here", "01_prediction"]),
        (["00_start_here"], ["00_start_here"]),
        (["notebooks/01_prediction.ipynb"], ["01_prediction"]),
    ],
)
def test_notebooks_are_chosen_by_number_or_name(checkout, names, chosen):
    paths = notebooks.choose_notebooks(checkout / "notebooks", names)
    assert [path.stem for path in paths] == chosen


@pytest.mark.parametrize("command", ["run", "execute", "lab"])
def test_an_unknown_name_lists_the_known_ones(checkout, capsys, command):
    assert command_line.main([command, "07"]) == 2
    message = capsys.readouterr().err
    assert "'07'" in message and "00_start_here" in message and "01_prediction" in message
    assert not (checkout / "build").exists()


# ------------------------------------------------------------------------------ commands


def test_run_ends_with_0_or_1(checkout, capsys):
    assert command_line.main(["run", "00"]) == 0
    assert (checkout / "build" / "notebooks" / "00_start_here.ipynb").exists()
    assert command_line.main(["run", "01", "--build", "elsewhere"]) == 1
    assert "01_prediction stopped in cell 1: ZeroDivisionError" in capsys.readouterr().out
    assert (checkout / "elsewhere" / "report.json").exists()


def test_run_passes_the_timeout_on(checkout, monkeypatch, capsys):
    write_notebook(checkout / "notebooks" / "00_start_here.ipynb", "import time; time.sleep(60)")
    assert command_line.main(["run", "00", "--timeout", "1"]) == 1
    assert "longer than 1 s" in capsys.readouterr().out


def test_execute_writes_and_check_compares(checkout, capsys):
    path = checkout / "notebooks" / "00_start_here.ipynb"
    before = path.read_bytes()
    assert command_line.main(["execute", "00", "--check"]) == 1
    assert "00_start_here  differs in cells 1" in capsys.readouterr().out
    assert path.read_bytes() == before
    assert command_line.main(["execute", "00"]) == 0
    assert "hello" in path.read_text(encoding="utf-8")
    assert command_line.main(["execute", "00", "--check"]) == 0
    assert "same outputs" in capsys.readouterr().out
    bad = checkout / "notebooks" / "01_prediction.ipynb"
    before = bad.read_bytes()
    assert command_line.main(["execute", "01"]) == 1
    assert "stopped in cell 1: ZeroDivisionError" in capsys.readouterr().out
    assert bad.read_bytes() == before


@pytest.mark.skipif(os.name == "nt", reason="Windows ends processes without a signal")
def test_ending_the_command_ends_jupyterlab(checkout, tmp_path):
    stub = tmp_path / "jupyterlab.py"
    stub.write_text("import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(60)\n")
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ["PYTHONPATH"]])}
    command = [sys.executable, "-m", "tlhelpers.course.command_line", "lab"]
    process = subprocess.Popen(command, cwd=checkout, env=env, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline().startswith("Your notebooks are in")
    pid = int(process.stdout.readline())
    process.terminate()
    process.wait(timeout=20)
    process.stdout.close()
    assert not psutil.pid_exists(pid)


def test_an_end_that_comes_while_jupyterlab_starts_is_passed_on(checkout, monkeypatch):
    handlers, ended = {}, []

    class Process:
        def __init__(self, command, env):
            handlers[signal.SIGTERM]()

        def terminate(self):
            ended.append(True)

        def wait(self):
            return -signal.SIGTERM

    monkeypatch.setattr(subprocess, "Popen", Process)
    monkeypatch.setattr(signal, "signal", handlers.__setitem__)
    assert command_line.main(["lab"]) == -signal.SIGTERM
    assert ended == [True]


def test_lab_opens_jupyterlab_and_leaves_ctrl_c_to_it(checkout, monkeypatch):
    started = []

    class Process:
        waits = 0

        def __init__(self, command, env):
            started.append(command)

        def wait(self):
            Process.waits += 1
            if Process.waits == 1:
                raise KeyboardInterrupt
            return 5

    monkeypatch.setattr(subprocess, "Popen", Process)
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # pytest keeps its own
    assert command_line.main(["lab"]) == 5
    assert command_line.main(["lab", "01", "--", "--no-browser", "--port=9"]) == 5
    assert [words[:3] for words in started] == [[sys.executable, "-m", "jupyterlab"]] * 2
    mine = checkout / "my_course"
    assert started[0][3] == str(mine / "00_start_here.ipynb")
    assert started[1][3] == str(mine / "01_prediction.ipynb")
    assert started[1][-2:] == ["--no-browser", "--port=9"]  # last, so that they win
    (folder,) = [word for word in started[0] if word.startswith("--LabApp.app_settings_dir=")]
    overrides = json.loads(Path(folder.partition("=")[2], "overrides.json").read_text())
    assert overrides["@jupyterlab/apputils-extension:notification"]["checkForUpdates"] is False
    assert overrides["@jupyterlab/notebook-extension:tracker"]["kernelShutdown"] is True


@pytest.fixture
def started(checkout, monkeypatch):
    """Collect what would be started in place of JupyterLab."""
    calls = []

    def stay(command, env):
        calls.append((command, env))
        return 0

    monkeypatch.setattr(lab, "_stay", stay)
    return calls


def test_lab_opens_a_copy_and_leaves_the_courses_notebooks_alone(checkout, started, capsys):
    before = {path: path.read_bytes() for path in (checkout / "notebooks").iterdir()}
    assert command_line.main(["lab"]) == 0
    mine = checkout / "my_course" / "00_start_here.ipynb"
    assert f"Your notebooks are in {mine.parent}" in capsys.readouterr().out
    mine.write_text(mine.read_text().replace("hello", "my work"))
    assert command_line.main(["lab"]) == 0
    assert "my work" in mine.read_text()
    assert command_line.main(["lab", "--fresh", "00"]) == 0
    assert "hello" in mine.read_text()
    assert "kept" in capsys.readouterr().out
    (kept,) = (mine.parent / "kept").iterdir()
    assert "my work" in kept.read_text()
    assert {path: path.read_bytes() for path in before} == before


def test_lab_works_where_the_learner_says(checkout, started, tmp_path):
    assert command_line.main(["lab", "01", "--folder", str(tmp_path / "at home")]) == 0
    assert started[0][0][3] == str(tmp_path / "at home" / "01_prediction.ipynb")
    assert (tmp_path / "at home" / "00_start_here.ipynb").exists()
    assert not (checkout / "my_course").exists()


def test_lab_brings_copies_up_to_date_without_opening_them(checkout, started, tmp_path):
    folder = tmp_path / "copies"
    assert command_line.main(["lab", "--copies-only", "--folder", str(folder)]) == 0
    assert (folder / "00_start_here.ipynb").is_file() and not started


@pytest.mark.parametrize("content", [b'{"cells": [', b"", b"[]", b"\xff\xff", b"[" * 99_999])
def test_lab_says_that_a_notebook_cannot_be_read(checkout, started, capsys, content):
    assert command_line.main(["lab"]) == 0
    assert "readable" not in capsys.readouterr().out
    broken = next((checkout / "my_course").glob("00*.ipynb"))
    broken.write_bytes(content)
    assert command_line.main(["lab", "00"]) == 0
    assert "no readable notebook" in (said := capsys.readouterr().out)
    assert "tlhelpers lab 00 --fresh" in said and broken.read_bytes() == content
    assert command_line.main(["lab", "00", "--fresh"]) == 0
    assert "readable" not in capsys.readouterr().out


def test_lab_says_that_a_notebook_cannot_be_saved(checkout, started, monkeypatch, capsys):
    assert command_line.main(["lab"]) == 0
    assert "saved" not in capsys.readouterr().out
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    assert command_line.main(["lab"]) == 0
    assert "may not write" in capsys.readouterr().out


def test_the_commands_of_the_course_are_found_in_the_lab(checkout, started):
    command_line.main(["lab"])
    env = started[0][1]
    assert shutil.which("tlhelpers", path=env["PATH"].partition(os.pathsep)[0])
    assert str(PACKAGE_HOME) in env["PYTHONPATH"].split(os.pathsep)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no login shells")
def test_a_terminal_in_the_lab_does_not_set_path_anew(checkout, started, monkeypatch):
    monkeypatch.setenv("SHELL", "/some where/zsh")
    command_line.main(["lab"])
    (setting,) = [word for word in started[0][0] if "terminado_settings" in word]
    server = ServerApp()
    server.parse_command_line([setting])
    assert server.terminado_settings == {"shell_command": ["/some where/zsh"]}


def test_many_pictures_are_uploaded_at_once_and_the_learners_settings_win(checkout, started):
    own = "--ServerApp.tornado_settings={'headers': {}}"
    command_line.main(["lab"])
    command_line.main(["lab", "--", own])
    found = [[x for x in call[0] if "tornado_settings" in x] for call in started]
    value = ast.literal_eval(found[0][0].partition("=")[2])
    assert value["websocket_max_message_size"] > 2**28
    assert found[1] == [own]


def test_each_lab_begins_with_one_notebook(checkout, started):
    command_line.main(["lab"])
    command_line.main(["lab"])
    folders = {word for call in started for word in call[0] if "workspaces_dir" in word}
    assert len(folders) == 2  # none remembers what was open in the other
    assert not any(Path(word.partition("=")[2]).exists() for word in folders)


@pytest.mark.parametrize(
    "words, expected",
    [
        ([], {"out": None, "pictures": None, "seed": 0, "fresh": False}),
        (
            ["--out", "a.h5", "--pictures", "9", "--seed", "3", "--fresh"],
            {"out": Path("a.h5"), "pictures": 9, "seed": 3, "fresh": True},
        ),
    ],
)
def test_pretrain_hands_its_arguments_on(monkeypatch, words, expected):
    got = {}
    module = types.ModuleType("pretrain")
    module.make_weights = lambda out, **others: got.update(others, out=out)
    monkeypatch.setitem(sys.modules, "tlhelpers.course.pretrain", module)
    assert command_line.main(["pretrain", *words]) == 0
    assert got == expected


def test_doctor_ends_with_what_the_report_says(monkeypatch):
    module = types.ModuleType("doctor")
    module.report_on_this_computer = lambda: 3
    monkeypatch.setitem(sys.modules, "tlhelpers.course.doctor", module)
    assert command_line.main(["doctor"]) == 3


def test_ctrl_c_in_any_command_ends_without_a_traceback(monkeypatch, capsys):
    def interrupted():
        raise KeyboardInterrupt

    module = types.ModuleType("doctor")
    module.report_on_this_computer = interrupted
    monkeypatch.setitem(sys.modules, "tlhelpers.course.doctor", module)
    assert command_line.main(["doctor"]) == 130
    assert capsys.readouterr().err == "\nStopped.\n"


ODD_NUMBERS = {
    ("run", "--timeout"): ("0", "-1", "nan", "1.5", "", "many", "9" * 20),
    ("execute", "--timeout"): ("0", "-1", "nan", "inf"),
    ("verify", "--timeout"): ("0", "x"),
    ("verify", "--seeds"): ("0", "-1", "nan"),
    ("verify", "--output"): ("", ".", "{file}/x"),
    ("pretrain", "--seed"): ("-1", "nan", "x"),
    ("pretrain", "--pictures"): ("-1", "nan"),
    ("pretrain", "--blocks"): ("-1", "nan"),
    ("pretrain", "--out"): ("", ".", "{file}/x.weights.h5"),
    ("mirror", "--port"): ("-1", "65536", "nan"),
}


@pytest.mark.parametrize(
    ("command", "option", "value"),
    [(*key, value) for key in ODD_NUMBERS for value in ODD_NUMBERS[key]],
)
def test_odd_options_are_refused_in_a_sentence(checkout, capsys, command, option, value):
    (checkout / "file").write_text("")
    words = ["serve", "mirror"] if command == "mirror" else []
    value = value.format(file=checkout / "file")
    with pytest.raises(SystemExit) as stop:
        command_line.main([command, *words, f"{option}={value}"])
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert stop.value.code == 2 and f"argument {option}: " in said
    assert re.search("must be a whole number of at|must name a file|is no folder that can", said)


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps the current folder")
def test_a_current_folder_that_is_gone_is_no_obstacle(tmp_path, monkeypatch, checkout):
    monkeypatch.setattr(places, "PACKAGE", checkout / "tlhelpers")
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert notebooks.find_root() == checkout
    monkeypatch.chdir(tmp_path)


def test_without_a_console_commands_do_their_work(checkout, monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    monkeypatch.setattr(sys, "stdin", None)
    assert command_line.main(["architectures"]) == 0
    assert sys.stdout is not None and sys.stderr is not None  # not every package asks first
    assert command_line.main(["lab", "99"]) == 2
    assert command_line.main(["progress", "reset"]) == 0


def test_words_after_a_double_dash_are_only_for_lab(checkout, capsys):
    with pytest.raises(SystemExit) as stop:
        command_line.main(["run", "00", "--", "--no-browser"])
    assert stop.value.code == 2
    assert "only 'lab'" in capsys.readouterr().err


# --------------------------------------------------------------------------------- help


def test_help_shows_an_example_of_every_command(capsys):
    assert command_line.main([]) == 0
    overview = capsys.readouterr().out
    for command in COMMANDS:
        assert f"  {command}" in overview
        with pytest.raises(SystemExit) as stop:
            command_line.main([command, "--help"])
        assert stop.value.code == 0
        assert f"Example: tlhelpers {command}" in capsys.readouterr().out


def test_help_loads_nothing_heavy():
    code = (
        "import sys\n"
        "from tlhelpers.course import command_line\n"
        "command_line.main([])\n"
        "heavy = {'asyncio', 'nbclient', 'nbformat', 'jupyter_client', 'numpy', 'tensorflow'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PACKAGE_HOME, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


# ------------------------------------------------------------------------ a real Ctrl-C


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends Ctrl-C in another way")
@ctrl_c.heard()
def test_ctrl_c_keeps_what_is_finished_and_leaves_no_kernel(checkout):
    write_notebook(
        checkout / "notebooks" / "01_prediction.ipynb",
        "import os, pathlib, time\n"
        "pathlib.Path('pid.tmp').write_text(str(os.getpid()))\n"
        "os.replace('pid.tmp', 'pid')\n"
        "time.sleep(60)",
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "tlhelpers.course.command_line", "run"],
        env=os.environ | {"PYTHONPATH": str(PACKAGE_HOME)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    pid = checkout / "notebooks" / "pid"
    try:
        deadline = time.monotonic() + 60
        while not pid.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        kernel = int(pid.read_text())
        process.send_signal(signal.SIGINT)
        out = process.communicate(timeout=30)[0]
    finally:
        process.kill()
    assert process.returncode == 130
    lines = out.splitlines()
    assert lines[0] == "00_start_here  started"
    assert lines[1].startswith("00_start_here  ok")
    assert lines[2] == "01_prediction  started"
    build = checkout / "build"
    assert lines[3:] == [f"Stopped. Finished and kept in {build}: 00_start_here."]
    assert json.loads((build / "report.json").read_text())["status"] == "interrupted"
    assert [p.name for p in (build / "notebooks").iterdir()] == ["00_start_here.ipynb"]
    assert not psutil.pid_exists(kernel)
