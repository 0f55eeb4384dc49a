"""The address of the repository stands in one place, and a command puts it everywhere."""

import importlib.util
import os
import shutil
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
HOST = "https://github.com/somebody/course"


@pytest.fixture
def links(tmp_path, monkeypatch):
    """The command, for a copy of the files that it changes."""
    spec = importlib.util.spec_from_file_location("links", ROOT / ".ci" / "links.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in ("pyproject.toml", "README.md", "CITATION.cff"):
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    return module


def everything(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_address_goes_everywhere(links, tmp_path):
    assert links.main([HOST + ".git"]) == 0
    readme = (tmp_path / "README.md").read_text("utf-8")
    assert f"git clone {HOST} transfer-learning" in readme
    assert "mybinder.org/v2/gh/somebody/course/HEAD" in readme
    citation = yaml.safe_load((tmp_path / "CITATION.cff").read_text("utf-8"))
    assert citation["repository-code"] == HOST
    assert f'Repository = "{HOST}"' in (tmp_path / "pyproject.toml").read_text("utf-8")
    left = [path for path, text in everything(tmp_path).items() if links.NONE_YET.encode() in text]
    assert not left


def test_a_second_address_takes_the_place_of_the_first(links, tmp_path):
    links.main([HOST])
    links.main(["https://example.org/other/place"])
    left = [path for path, text in everything(tmp_path).items() if b"somebody/course" in text]
    assert not left
    readme = (tmp_path / "README.md").read_text("utf-8")  # this host has no such services
    assert "(https://mybinder.org" not in readme and "(https://codespaces.new" not in readme
    links.main([HOST])
    once = everything(tmp_path)
    links.main([HOST])
    assert everything(tmp_path) == once


@pytest.mark.parametrize(
    "words", [[], [""], ["github.com/a/b"], ["https://a.org"], ["https://a.org/b c/d"], ["a", "b"]]
)
def test_what_is_no_address_changes_nothing(links, tmp_path, words):
    before = everything(tmp_path)
    with pytest.raises(SystemExit, match="make links ADDRESS=https"):
        links.main(words)
    assert everything(tmp_path) == before


def test_binder_installs_what_the_setup_installs():
    post = (ROOT / ".binder" / "postBuild").read_text("utf-8")
    for name in ("requirements.txt", "requirements-data.txt"):
        assert f"--require-hashes -r {name}" in post
    if os.name != "nt":
        assert (ROOT / ".binder" / "postBuild").stat().st_mode & 0o100
