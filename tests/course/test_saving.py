"""A saved notebook has no widget that would come back dead."""

import copy

import pytest
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from traitlets.config import Config

from tlhelpers.course.commands import lab
from tlhelpers.course.saving import WIDGET_VIEW, before_saving

VIEW = {"model_id": "1", "version_major": 2, "version_minor": 0}


def output(**data):
    return {"output_type": "display_data", "metadata": {}, "data": data}


def widget(**data):
    return output(**data, **{WIDGET_VIEW: VIEW})


def saved(*outputs):
    cells = [
        {"cell_type": "markdown", "source": "text"},
        {"cell_type": "code", "source": "", "outputs": list(outputs)},
    ]
    model = {"type": "notebook", "content": {"cells": cells, "nbformat": 4}}
    before_saving(model=model, path="00.ipynb", contents_manager=None)
    assert cells[0] == {"cell_type": "markdown", "source": "text"}
    return cells[1]["outputs"]


def test_what_stands_in_for_a_widget_stays():
    quiz = {"text/plain": "Quiz 0.a", "text/markdown": "**Quiz 0.a**"}
    assert saved(widget(**quiz)) == [output(**quiz)]


@pytest.mark.parametrize(
    "text",
    ["features:  46%|████▌     | 46/100 [00:01<00:01, 40.1image/s]", "3it [00:00, 5.2it/s]"],
)
@pytest.mark.parametrize("as_list", [False, True])
def test_progress_bars_go(text, as_list):
    bar = widget(**{"text/plain": [text] if as_list else text})
    assert saved(bar, output(**{"text/plain": "done"})) == [output(**{"text/plain": "done"})]


def test_what_has_nothing_to_stand_in_goes():
    assert saved(widget()) == []


def test_all_else_stays_as_it_is():
    stream = {"output_type": "stream", "name": "stdout", "text": "features:  46%|████▌ | 46/100"}
    error = {"output_type": "error", "ename": "E", "evalue": "", "traceback": []}
    figure = output(**{"image/png": "AAAA", "text/plain": "<Figure>"})
    before = copy.deepcopy([stream, error, figure])
    assert saved(stream, error, figure) == before


@pytest.mark.parametrize(
    "model",
    [
        {},
        {"type": "file", "content": "text", "format": "text"},
        {"type": "directory", "content": None},
        {"type": "notebook", "content": {}},
        {"type": "notebook", "content": {"cells": None}},
    ],
)
def test_other_files_are_left_alone(model):
    before = copy.deepcopy(model)
    before_saving(model=model)
    assert model == before


def test_the_lab_names_a_hook_that_jupyter_finds(tmp_path):
    (setting,) = [x for x in lab._settings(tmp_path) if "pre_save_hook" in x]
    name, _, hook = setting.removeprefix("--").partition("=")
    assert name == "ContentsManager.pre_save_hook"
    config = Config({"ContentsManager": {"pre_save_hook": hook}})
    assert AsyncLargeFileManager(config=config, root_dir=str(tmp_path)).pre_save_hook
    assert hook == f"{before_saving.__module__}.{before_saving.__name__}"
