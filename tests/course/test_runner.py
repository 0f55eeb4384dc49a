"""The runner: what it reports, what it keeps, and that it leaves nothing behind."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import tempfile
from pathlib import Path

import psutil
import pytest

from tlhelpers.course import (
    execution,
    kept_outputs,
    kernel_stream,
    outputs,
    runner,
    verify,
)
from tlhelpers.teaching import photo_sections


def write_notebook(path: Path, *cells: str, tags: dict[int, list[str]] | None = None) -> Path:
    """Write a notebook of code cells, as an editor leaves it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {
            "kernelspec": {"name": "elsewhere", "display_name": "x", "language": "python"}
        },
        "cells": [
            {
                "cell_type": "code",
                "id": f"id{index}",
                "metadata": {"tags": (tags or {}).get(index, []), "collapsed": False},
                "execution_count": 99,
                "outputs": [{"output_type": "stream", "name": "stdout", "text": "old"}],
                "source": source,
            }
            for index, source in enumerate(cells)
        ],
    }
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def text_of(cell: dict) -> str:
    return "".join(output.get("text", "") for output in cell["outputs"])


def running_kernels() -> list[psutil.Process]:
    """Return the kernels that this process has started and that still run."""
    return [
        child
        for child in psutil.Process().children(recursive=True)
        if "ipykernel_launcher" in " ".join(child.cmdline())
    ]


@pytest.fixture(autouse=True)
def nothing_left_behind(monkeypatch, tmp_path):
    """Check after every test that no kernel and no temporary folder is left.

    `tmp_path` is asked for so that pytest makes its own folder before, somewhere else.
    """
    with tempfile.TemporaryDirectory() as folder:
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield
        assert running_kernels() == []
        assert os.listdir(folder) == []


# ------------------------------------------------------------------ several notebooks

GOOD = (
    "from tlhelpers.teaching.claims import claim\nclaim(1 < 2, 'One is less than two: ½')",
    "from IPython.display import publish_display_data\n"
    "for status in ('run', 'skipped', 'run'):\n"
    f"    data = {{{photo_sections.PHOTOS_TYPE!r}: {{'status': status}}, 'text/plain': ''}}\n"
    "    publish_display_data(data)",
    "import json, os, sys, ipykernel\n"
    "with open(ipykernel.get_connection_file()) as f:\n"
    "    transport = json.load(f)['transport']\n"
    "facts = dict(python=sys.executable, folder=os.getcwd(), transport=transport,\n"
    "    startup='user_startup' in globals(), hash=os.environ['PYTHONHASHSEED'])\n"
    "print(json.dumps(facts))",
    "   ",  # not run, so not counted
)


@pytest.fixture(scope="module")
def several(tmp_path_factory):
    """Run four notebooks: one is good, one fails, one dies, one cannot be read."""
    folder = tmp_path_factory.mktemp("several")
    home = folder / "home"
    # Somebody else's "python3" kernel and start-up file; neither must be used.
    for kernel in (home / ".local/share/jupyter/kernels/python3", folder / "more/kernels/python3"):
        kernel.mkdir(parents=True)
        spec = {"argv": ["no-such-python"], "display_name": "x", "language": "python"}
        (kernel / "kernel.json").write_text(json.dumps(spec))
    startup = home / ".ipython/profile_default/startup/00.py"
    startup.parent.mkdir(parents=True)
    startup.write_text("user_startup = True")
    paths = [
        write_notebook(folder / "notebooks" / "00_good.ipynb", *GOOD),
        write_notebook(
            folder / "notebooks" / "01_bad.ipynb",
            "print('before')",
            "raise ValueError('first line\\nsecond line')",
            "print('never')",
        ),
        write_notebook(folder / "notebooks" / "02_dead.ipynb", "import os", "os._exit(7)"),
        folder / "notebooks" / "03_unreadable.ipynb",
    ]
    paths[-1].write_text("{]")
    originals = {path: path.read_bytes() for path in paths}
    before = sorted(home.rglob("*"))
    out = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out):
        patch.setenv("HOME", str(home))
        patch.setenv("USERPROFILE", str(home))
        patch.setenv("PYTHONSTARTUP", str(startup))
        patch.setenv("JUPYTER_PATH", str(folder / "more"))
        for name in ("IPYTHONDIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "XDG_RUNTIME_DIR"):
            patch.delenv(name, raising=False)
        report = runner.run_notebooks(paths, folder / "build")
    return {
        "report": report,
        "entries": {entry["name"]: entry for entry in report["notebooks"]},
        "folder": folder,
        "out": out.getvalue(),
        "home_is_untouched": sorted(home.rglob("*")) == before,
        "sources_are_untouched": originals == {path: path.read_bytes() for path in paths},
    }


def executed(several: dict, name: str) -> dict:
    path = several["folder"] / "build" / "notebooks" / f"{name}.ipynb"
    return json.loads(path.read_text(encoding="utf-8"))


def test_the_report_is_on_disk_and_complete(several):
    report = several["report"]
    path = several["folder"] / "build" / "report.json"
    assert json.loads(path.read_text(encoding="utf-8")) == report
    assert report["format"] == 1
    assert report["status"] == "failed"
    assert report["started"].endswith("+00:00")
    assert report["python"].split(".")[0] == "3" and report["platform"]
    assert report["seconds"] >= sum(entry["seconds"] for entry in report["notebooks"]) * 0.99
    assert [e["status"] for e in report["notebooks"]] == ["ok", "failed", "failed", "failed"]
    assert [e["cells"] for e in report["notebooks"]] == [3, 2, 2, 0]
    assert all(e["cells"] == len(e["cell_seconds"]) for e in report["notebooks"])
    left = sorted(p.name for p in (several["folder"] / "build").rglob("*") if p.is_file())
    assert left == ["00_good.ipynb", "01_bad.ipynb", "02_dead.ipynb", "report.json"]


def test_claims_and_photo_sections_are_counted(several):
    good = several["entries"]["00_good"]
    assert good["claims"] == ["One is less than two: ½"]
    assert good["photos"] == {"run": 2, "skipped": 1}
    assert several["entries"]["01_bad"]["photos"] == {"run": 0, "skipped": 0}


def test_errors_name_cell_and_reason(several):
    entries = several["entries"]
    assert entries["00_good"]["error"] is None
    assert entries["01_bad"]["error"] == {
        "cell": 2,
        "ename": "ValueError",
        "evalue": "first line\nsecond line",
    }
    assert entries["02_dead"]["error"]["cell"] == 2
    assert "kernel died" in entries["02_dead"]["error"]["evalue"]
    assert entries["03_unreadable"]["error"]["cell"] == 0
    assert "03_unreadable.ipynb" in entries["03_unreadable"]["error"]["evalue"]


def test_a_failed_notebook_is_kept_as_far_as_it_came(several):
    cells = executed(several, "01_bad")["cells"]
    assert cells[0]["outputs"][0]["text"] == ["before\n"]
    assert cells[1]["outputs"][0]["ename"] == "ValueError"
    assert cells[2]["outputs"] == [] and cells[2]["execution_count"] is None


def test_the_kernel_is_this_python_and_private(several):
    facts = json.loads(executed(several, "00_good")["cells"][2]["outputs"][0]["text"][0])
    assert facts["python"] == sys.executable
    assert Path(facts["folder"]) == (several["folder"] / "notebooks").resolve()
    assert facts["transport"] == ("tcp" if sys.platform == "win32" else "ipc")
    assert facts["hash"] == "0"
    assert facts["startup"] is False
    assert several["home_is_untouched"]
    assert several["sources_are_untouched"]


def test_a_log_gets_a_line_at_start_and_end_and_a_table(several):
    lines = several["out"].splitlines()
    assert "\r" not in several["out"]
    assert lines[0] == "00_good  started"
    assert lines[1].startswith("00_good  ok  3 cells")
    assert lines[2] == "01_bad  started"
    assert lines[3].startswith("01_bad  failed  2 cells")
    table = lines[lines.index("") + 1 :]
    assert table[0].split() == "notebook seconds cells claims checked photo sections".split()
    assert table[1].startswith("00_good") and table[1].endswith(
        "3               1  2 run, 1 skipped"
    )
    assert table[2].startswith("01_bad (failed)") and table[2].endswith(" -")
    assert "01_bad stopped in cell 2: ValueError: first line" in lines
    assert any(line.startswith("02_dead stopped in cell 2: DeadKernelError") for line in lines)


# -------------------------------------------------------------------- when things go wrong


def test_a_cell_that_takes_too_long_is_stopped(tmp_path):
    path = write_notebook(tmp_path / "slow.ipynb", "print('on')", "import time; time.sleep(60)")
    nb, seconds, error = execution.execute_notebook(path, timeout=1)
    assert error["cell"] == 2 and error["ename"] == "TimeoutError" and "1 s" in error["evalue"]
    assert text_of(nb.cells[0]) == "on\n"
    assert 0.9 < seconds[1] < 20


def test_a_kernel_that_does_not_start_says_why(tmp_path):
    path = write_notebook(tmp_path / "a.ipynb", "1")
    (tmp_path / "ipykernel_launcher.py").write_text("raise SystemExit('the roof is on fire')")
    nb, seconds, error = execution.execute_notebook(path, env={"PYTHONPATH": str(tmp_path)})
    assert error["cell"] == 0 and "the roof is on fire" in error["evalue"]
    assert seconds == [] and nb.cells[0].outputs == []


def test_an_interruption_keeps_what_is_finished(tmp_path, monkeypatch, capsys):
    first = write_notebook(tmp_path / "1_first.ipynb", "print('done')")
    second = write_notebook(tmp_path / "2_second.ipynb", "1", "2")
    seen, on_disk = [], []

    def interrupt_the_second(name, expected):
        def on_cell(number, total, seconds):
            seen.append((name, number, total, len(seconds), bool(running_kernels())))
            on_disk.append(runner._seconds_of_last_run(tmp_path / "build" / "report.json"))
            if name == "2_second" and number == 2:
                raise KeyboardInterrupt

        return on_cell

    monkeypatch.setattr(runner, "show_progress", interrupt_the_second)
    report = runner.run_notebooks([first, second], tmp_path / "build")
    # The kernel was there; nothing_left_behind checks that it is gone.
    assert seen == [
        ("1_first", 1, 1, 0, True),
        ("2_second", 1, 2, 0, True),
        ("2_second", 2, 2, 1, True),
    ]
    assert [sorted(names) for names in on_disk] == [[], ["1_first"], ["1_first"]]
    assert report["status"] == "interrupted"
    assert json.loads((tmp_path / "build" / "report.json").read_text(encoding="utf-8")) == report
    assert [entry["name"] for entry in report["notebooks"]] == ["1_first"]
    assert os.listdir(tmp_path / "build" / "notebooks") == ["1_first.ipynb"]


def test_a_broken_old_report_is_no_obstacle(tmp_path):
    report = tmp_path / "report.json"
    assert runner._seconds_of_last_run(report) == {}
    for text in ("{", "[]", '{"notebooks": [{}]}', '{"notebooks": 3}'):
        report.write_text(text)
        assert runner._seconds_of_last_run(report) == {}
    report.write_text('{"notebooks": [{"name": "00", "cell_seconds": [1.5]}]}')
    assert runner._seconds_of_last_run(report) == {"00": [1.5]}


# --------------------------------------------------------------------------- progress


def test_the_estimate_uses_the_last_run_if_it_fits():
    assert runner.seconds_left(2, 3, [1.0], [1.0, 5.0, 7.0]) == 12
    assert runner.seconds_left(2, 3, [1.0], [9.0, 9.0]) == 2  # another notebook by now
    assert runner.seconds_left(3, 4, [1.0, 3.0], None) == 4
    assert runner.seconds_left(1, 3, [], None) is None


def test_a_terminal_gets_one_line_rewritten_in_place(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    out = Terminal()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setenv("COLUMNS", "60")
    on_cell = runner.show_progress("00_start_here", [1.0, 20.0, 30.0])
    on_cell(1, 3, [])
    on_cell(2, 3, [1.0])
    runner.end_progress("00_start_here  ok")
    pieces = out.getvalue().split("\r")
    assert [piece.strip() for piece in pieces] == [
        "",
        "00_start_here  cell 1 of 3  0 s  about 51 s left",
        "00_start_here  cell 2 of 3  0 s  about 50 s left",
        "",
        "00_start_here  ok",
    ]
    assert all(len(piece) == 59 for piece in pieces[1:4])
    assert out.getvalue().count("\n") == 1


def test_progress_goes_on_while_a_cell_runs(tmp_path):
    path = write_notebook(tmp_path / "a.ipynb", "import time; time.sleep(1.6)")
    calls = []
    execution.execute_notebook(path, on_cell=lambda *call: calls.append(call))
    assert len(calls) >= 2 and {call[:2] for call in calls} == {(1, 1)}


# ------------------------------------------------------------------- committed outputs

CELLS = (
    "import sys, time\nprint('a'); print('w', file=sys.stderr)\ntime.sleep(0.4); print('b ½')",
    "print(time.time())",
    "from tqdm.auto import tqdm\nfor i in tqdm(range(3)): pass\nprint('after the bar')",
    "import ipywidgets\nipywidgets.IntSlider(value=3)",
    "print({'x', 'y', 'z', 'hash'})",
)


def test_made_outputs_are_the_same_every_time(tmp_path):
    path = write_notebook(tmp_path / "a.ipynb", *CELLS, tags={1: ["timing"]})
    different, error = outputs.make_outputs(path)
    assert error is None and different == [1, 3, 4, 5]  # cell 2 is the timing cell
    first = path.read_bytes()
    assert outputs.make_outputs(path) == ([], None)
    one, two = json.loads(first), json.loads(path.read_bytes())
    assert one["cells"][1].pop("outputs") != two["cells"][1].pop("outputs")
    assert one == two

    assert first.endswith(b"}\n") and b"\r" not in first and "b ½".encode() in first
    assert first.startswith(b'{\n "cells": [\n')
    assert one["metadata"] == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    assert [cell["id"] for cell in one["cells"]] == ["id0", "id1", "id2", "id3", "id4"]
    assert [cell["execution_count"] for cell in one["cells"]] == [1, 2, 3, 4, 5]
    assert [cell["metadata"] for cell in one["cells"]][:2] == [{"tags": []}, {"tags": ["timing"]}]
    streams = [(o["name"], o["text"]) for o in one["cells"][0]["outputs"]]
    assert streams == [("stdout", ["a\n", "b ½\n"]), ("stderr", ["w\n"])]
    assert [o["output_type"] for o in one["cells"][2]["outputs"]] == ["stream"]  # no bar
    assert one["cells"][3]["outputs"][0]["data"] == {"text/plain": ["IntSlider(value=3)"]}


def test_source_that_is_hidden_stays_hidden_and_no_other(tmp_path):
    path = write_notebook(tmp_path / "a.ipynb", "1 + 1", "2 + 2", tags={1: ["hide-input"]})
    outputs.make_outputs(path)
    shown, hidden = (cell["metadata"] for cell in json.loads(path.read_text("utf-8"))["cells"])
    assert hidden == {"jupyter": {"source_hidden": True}, "tags": ["hide-input"]}
    assert "jupyter" not in shown


def test_without_timing_cells_the_bytes_are_the_same(tmp_path):
    path = write_notebook(tmp_path / "a.ipynb", CELLS[0], *CELLS[2:])
    contents = json.loads(path.read_text())
    del contents["cells"][1]["id"]
    contents["nbformat_minor"] = 4
    path.write_text(json.dumps(contents))
    outputs.make_outputs(path)
    first = path.read_bytes()
    outputs.make_outputs(path)
    assert path.read_bytes() == first
    assert [cell["id"] for cell in json.loads(first)["cells"]] == ["id0", "cell-1", "id2", "id3"]


def test_outputs_are_not_written_if_a_cell_fails_or_only_checking(tmp_path):
    bad = write_notebook(tmp_path / "bad.ipynb", "print(1)", "1 / 0")
    before = bad.read_bytes()
    different, error = outputs.make_outputs(bad)
    assert different == [] and error["cell"] == 2 and error["ename"] == "ZeroDivisionError"
    assert bad.read_bytes() == before

    good = write_notebook(tmp_path / "good.ipynb", "print(1)")
    before = good.read_bytes()
    assert outputs.make_outputs(good, write=False) == ([1], None)
    assert good.read_bytes() == before
    assert sorted(os.listdir(tmp_path)) == ["bad.ipynb", "good.ipynb"]


def test_the_comparison_looks_at_code_outputs_and_length(tmp_path):
    def read(name, *cells, outputs=None, tags=None):
        path = write_notebook(tmp_path / name, *cells, tags=tags)
        nb = execution.read_notebook(path)
        for cell, text in zip(nb.cells, outputs or [], strict=False):
            cell.outputs[0].text = text
        return nb

    a = read("a.ipynb", "f()", "", "g()", outputs=["1", "", "2"])
    assert outputs.different_cells(a, read("b.ipynb", "f()", "g()", outputs=["1", "2"])) == []
    assert outputs.different_cells(a, read("b.ipynb", "f()", "g()", outputs=["1", "3"])) == [2]
    assert outputs.different_cells(a, read("b.ipynb", "h()", "g()", outputs=["1", "2"])) == [1]
    assert outputs.different_cells(a, read("b.ipynb", "f()", outputs=["1"])) == [2]
    longer = read("b.ipynb", "f()", "g()", "h()", outputs=["1", "2"])
    assert outputs.different_cells(a, longer) == [3]
    timing = {0: ["timing"]}
    one = read("c.ipynb", "t()", outputs=["1"], tags=timing)
    assert outputs.different_cells(one, read("d.ipynb", "t()", outputs=["2"], tags=timing)) == []


def test_what_is_printed_below_a_figure_stays_below_it():
    from nbformat.v4 import new_output

    def printed(name, text):
        return new_output("stream", name=name, text=text)

    figure = new_output("display_data", data={"image/png": "eA=="})
    shown = [
        *(printed("stderr", "w"), printed("stdout", "a"), printed("stdout", "b")),
        figure,
        *(printed("stdout", "c"), printed("stdout", "d")),
    ]
    merged = [printed("stdout", "ab"), printed("stderr", "w"), figure, printed("stdout", "cd")]
    assert outputs._merge_streams(shown) == merged


def test_a_picture_and_its_caption_are_stored_once_for_pages_that_host_code(tmp_path):
    code = """import matplotlib.figure, tlhelpers as tl
tl.plots.show(matplotlib.figure.Figure(figsize=(1, 1)), "Nothing to see.")
tl.claim(True, "One is one.")"""
    path = write_notebook(tmp_path / "a.ipynb", code)
    outputs.make_outputs(path)
    picture, caption, claim = execution.read_notebook(path).cells[0].outputs
    assert set(picture.data) == {"image/png", "text/plain"}
    assert picture.metadata["image/png"]["alt"] == "Nothing to see."
    assert set(caption.data) == {"text/markdown", "text/plain"}
    assert claim.data["text/html"] == "<p>✔ One is one.</p>"


def test_cells_without_an_id_get_one_of_their_own(tmp_path):
    path = write_notebook(tmp_path / "a.ipynb", "1", "2", "3")
    contents = json.loads(path.read_text())
    for cell in contents["cells"]:
        del cell["id"]
    contents["cells"][2]["id"] = "cell-1"  # as if a cell had been put in before it
    path.write_text(json.dumps(contents))
    ids = [cell.id for cell in execution.read_notebook(path).cells]
    assert ids == ["cell-0", "cell-1x", "cell-1"]


@pytest.mark.parametrize("text", ["", "[]", '{"nbformat": 3}', '{"nbformat": 4, "cells": 1}'])
def test_a_file_that_is_no_notebook_is_named(tmp_path, text):
    path = tmp_path / "odd.ipynb"
    path.write_text(text)
    with pytest.raises(ValueError, match="odd.ipynb is no readable notebook"):
        execution.read_notebook(path)


def test_a_kernel_prints_in_pieces_that_fit_into_a_message(monkeypatch):
    pieces = []
    above = kernel_stream.OutStream
    monkeypatch.setattr(above, "write", lambda self, text: pieces.append(len(text)))
    monkeypatch.setattr(above, "flush", lambda self: pieces.append("flush"))
    monkeypatch.setattr(kernel_stream, "MOST_PRINTED", 100)
    stream = above.__new__(kernel_stream.PiecewiseStream)
    assert [stream.write("x" * length) for length in (60, 40, 1, 500, 3)] == [60, 40, 1, 500, 3]
    assert pieces == [60, 40, "flush", 1, "flush", 100, "flush", 3]
    assert execution.STREAM == f"{kernel_stream.__name__}.{kernel_stream.PiecewiseStream.__name__}"


def test_settings_of_the_users_do_not_reach_the_kernel(monkeypatch, tmp_path):
    for name in ("PYTHONWARNINGS", "PYTHONOPTIMIZE", "MATPLOTLIBRC", "JUPYTER_CONFIG_PATH"):
        monkeypatch.setenv(name, "odd")
    monkeypatch.setenv("MINE", "stays")
    env = execution._kernel_env(tmp_path, {})
    assert "odd" not in env.values() and env["MINE"] == "stays"


#: What an editor would not write, but a script or a broken disk may.
ODD_CELLS = [
    {"source": None},
    {"source": []},
    {"metadata": None},
    {"metadata": {"tags": None}},
    {"metadata": {"tags": "timing"}},
    {"outputs": None},
    {"id": None},
    {"id": 7},
    {"execution_count": "x"},
]


@pytest.mark.parametrize("odd", ODD_CELLS, ids=str)
@pytest.mark.parametrize("missing", [False, True])
def test_what_is_missing_in_a_notebook_is_taken_as_empty(tmp_path, odd, missing):
    path = write_notebook(tmp_path / "a.ipynb", "1", "2")
    content = json.loads(path.read_text())
    content["metadata"] = None
    content["cells"][0] |= odd
    if missing:
        for key in odd:
            del content["cells"][0][key]
        del content["metadata"]
    path.write_text(json.dumps(content))
    nb = execution.read_notebook(path)
    assert execution.cells_that_run(nb)[-1] == 1 and outputs.different_cells(nb, nb) == []
    assert execution.notebook_text(nb)


@pytest.mark.parametrize(
    "text", ["[" * 200_000, "{}", "no json", '{"nbformat": 4, "cells": [3]}', "\0", "[1]"]
)
def test_a_broken_notebook_costs_one_line_and_the_next_is_run(tmp_path, capsys, monkeypatch, text):
    for name in ("a", "b"):
        (tmp_path / f"{name}.ipynb").write_text(text)
    report = runner.run_notebooks([tmp_path / "a.ipynb", tmp_path / "b.ipynb"], tmp_path / "build")
    assert report["status"] == "failed" and len(report["notebooks"]) == 2
    said = capsys.readouterr().out
    assert "Traceback" not in said
    assert len([line for line in said.splitlines() if "is no readable notebook" in line]) == 2


@pytest.mark.parametrize("data", [None, 7, "x", [1], {}, {"sentence": 3}, {"status": ["run"]}])
def test_outputs_that_only_look_like_ours_are_passed_over(data):
    from nbformat import v4

    types = (runner.CLAIM_TYPE, runner.PHOTOS_TYPE)
    shown = [v4.new_output("display_data", {one: data}) for one in types]
    nb = v4.new_notebook(cells=[v4.new_code_cell("", outputs=shown)])
    assert runner.checked_claims(nb) == [] and verify.claims_by_place(nb) == {}
    assert runner.count_photo_sections(nb) == {"run": 0, "skipped": 0}


def test_output_without_end_is_cut_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(kept_outputs, "MOST_KEPT", 20_000)
    path = write_notebook(
        tmp_path / "a.ipynb",
        "for i in range(50):\n    print('x' * 1000, flush=True)",
        "from IPython.display import display\nfor i in range(50):\n"
        "    display({'text/plain': 'y' * 5000}, raw=True)\n"
        "display({'application/vnd.tlhelpers.claim+json': {'sentence': 'True.'}}, raw=True)\n1 / 0",
    )
    nb, _, error = execution.execute_notebook(path)
    printed, shown = nb.cells[0].outputs, nb.cells[1].outputs
    assert 10_000 < sum(len(output.text) for output in printed) < 21_000
    assert [output.text.count("This cell has more output") for output in printed][-1] == 1
    kinds = [output.output_type for output in shown]
    assert kinds == ["display_data"] * 3 + ["stream", "display_data", "error"]
    assert "This cell has more output" in shown[3].text
    assert runner.checked_claims(nb) == ["True."] and error["ename"] == "ZeroDivisionError"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no sockets with paths")
def test_a_long_temporary_path_is_avoided(monkeypatch):
    monkeypatch.setattr(tempfile, "gettempdir", lambda: "/" + "x" * 90)
    assert execution._short_temp_folder() == "/tmp"
