"""Below a NameError: which cells to run, where that is known, and nothing elsewhere."""

import builtins
import json
import os
import symtable
from pathlib import Path

import pytest
from jupyter_client import KernelManager
from jupyter_client.kernelspec import KernelSpecManager

from tlhelpers.course import missing_names
from tlhelpers.course.commands import lab

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
CELLS = [
    ("setup", "import tlhelpers.teaching as teaching\nclass K:\n    inner = 1"),
    ("made", "for row, (a, b) in enumerate([]):\n    pass\nwith open(p) as f: x: int = 1"),
    ("inside", "t = {k: [i for i in v] for k, v in []}"),  # from 3.12 on, part of the cell's code
    ("magic", "%matplotlib inline\n!ls\ndef late(v): unseen = v"),
    ("broken", "def ("),
    ("asks", "total"),
    ("later", "total = 1"),
]


@pytest.mark.parametrize("name", ["teaching", "K", "row", "a", "b", "f", "x", "late"])
def test_what_an_earlier_cell_makes_is_known(name):
    said = missing_names.advice(name, CELLS, "asks", "anything")
    assert f"`{name}`" in said and "Run All Above Selected Cell" in said
    assert missing_names.advice(name, CELLS, None, "total") == said  # no id: by what it says
    assert missing_names.advice(name, CELLS, "setup", "") is None  # nothing is above it
    assert "another cell" in missing_names.advice(name, CELLS, "new", "not saved yet")


@pytest.mark.parametrize(
    "name", ["total", "tlhelpers", "inner", "v", "unseen", "p", "typo", "i", None]
)
def test_of_other_names_nothing_is_said(name):
    assert missing_names.advice(name, CELLS, "asks", "total") is None
    new = missing_names.advice(name, CELLS, "new", "not saved yet")
    assert (new is None) == (name != "total")  # a new cell may stand below all


def needed(source):
    """The names that a cell takes from others."""
    tables, found = [symtable.symtable(source, "cell", "exec")], set()
    for table in tables:
        tables += table.get_children()
        found |= {s.get_name() for s in table.get_symbols() if s.is_global() and s.is_referenced()}
        if table.get_type() == "module":
            made = {s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_imported()}
            found |= {s.get_name() for s in table.get_symbols() if s.is_referenced()}
    return found - made - set(dir(builtins))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_each_name_that_a_cell_takes_from_above_is_found(path):
    cells = missing_names._code_cells(path)
    asked = 0
    for key, source in cells:
        for name in needed(source):
            assert missing_names.advice(name, cells, key, source), f"{key} needs {name}"
            asked += 1
    assert asked > 50


@pytest.fixture
def run(tmp_path):
    """Run a cell in a kernel as the lab starts it; return what is shown."""
    notebook = tmp_path / "my_course" / "00.ipynb"
    notebook.parent.mkdir()
    cells = [{"cell_type": "code", "id": k, "source": s.splitlines(True)} for k, s in CELLS]
    notebook.write_text(json.dumps({"cells": cells}))
    lab._write_kernel(tmp_path)
    folder = lab._environment(tmp_path)["JUPYTER_PATH"].split(os.pathsep)[0]
    manager = KernelManager(
        kernel_name="python3",
        kernel_spec_manager=KernelSpecManager(kernel_dirs=[os.path.join(folder, "kernels")]),
    )
    env = lab._environment(tmp_path) | {"JPY_SESSION_NAME": str(notebook)}
    manager.start_kernel(env=env | {"IPYTHONDIR": str(tmp_path / "ipython")})
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=60)

    def run_cell(source, key="asks"):
        content = {"code": source, "silent": False, "store_history": True, "stop_on_error": True}
        message = client.session.msg("execute_request", content, metadata={"cellId": key})
        client.shell_channel.send(message)
        shown = []
        while True:
            answer = client.get_iopub_msg(timeout=60)
            if answer["parent_header"].get("msg_id") != message["header"]["msg_id"]:
                continue
            content = answer["content"]
            if content.get("execution_state") == "idle":
                return shown
            if answer["msg_type"] == "error":
                shown.append(f"{content['ename']}: {content['evalue']}")
            elif answer["msg_type"] in ("display_data", "stream"):
                shown.append(content.get("text") or content["data"]["text/plain"])

    yield run_cell
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def test_in_a_kernel_of_the_lab_the_error_stays_and_a_sentence_follows(run):
    error, said = run("teaching.progress")
    assert error == "NameError: name 'teaching' is not defined"
    assert said == missing_names.advice("teaching", CELLS, "asks", "").replace("*", "")
    assert len(run("def f(): return late(1)\nf()")) == 2  # in a function of the learner's, too
    # What is no missing name of an earlier cell gets no word.
    assert run("typo") == ["NameError: name 'typo' is not defined"]
    assert run("raise NameError('mine')") == ["NameError: mine"]
    assert run("1 / 0") == ["ZeroDivisionError: division by zero"]
    assert len(run("def g():\n    print(row)\n    row = 1\ng()")) == 1  # UnboundLocalError
    deeper = "import types; m = types.ModuleType('m'); exec('def g(): return row', vars(m)); m.g()"
    assert run(deeper) == ["NameError: name 'row' is not defined"]
    assert run("teaching", key="setup") == ["NameError: name 'teaching' is not defined"]
    assert run("x = 1\nx, 'fine'") == []
