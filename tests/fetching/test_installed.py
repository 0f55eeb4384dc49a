"""Files inside installed packages: found without importing, checked, the first place to look."""

import sys

import pytest
from naughty import server
from small_mirror import DATA, good, make_mirror, sha256

from tlhelpers.course import classroom_mirror
from tlhelpers.course.commands import fetch as command
from tlhelpers.fetching import fetch, registry
from tlhelpers.fetching.installed import installed_file

pytestmark = pytest.mark.usefixtures("cache")
INSIDE = "some_data/files/thing.bin"


@pytest.fixture
def package(tmp_path, monkeypatch):
    """An installed package some-data 1.0 that brings a file, and must not be imported."""
    site = tmp_path / "site"
    (site / "some_data" / "files").mkdir(parents=True)
    (site / "some_data" / "__init__.py").write_text("raise SystemExit('imported')")
    (site / INSIDE).write_bytes(DATA)
    info = site / "some_data-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: some-data\nVersion: 1.0\n")
    (info / "RECORD").write_text(f"some_data/__init__.py,,\n{INSIDE},,\n")
    monkeypatch.syspath_prepend(str(site))
    return site / INSIDE


def thing(**changes):
    values = {"size": len(DATA), "checksum": sha256(DATA), "word": "Thing"}
    return registry.File(
        "datasets/thing.bin", **values | changes, package="some-data==1.0", inside=INSIDE
    )


def test_a_file_is_found_and_nothing_imported(package):
    assert installed_file("some-data", INSIDE) == package
    assert installed_file("Some_Data", INSIDE) == package  # a name as pip takes it
    assert "some_data" not in sys.modules


@pytest.mark.parametrize(
    ("name", "path"), [("other-data", INSIDE), ("some-data", "some_data/files"), ("some-data", "x")]
)
def test_what_is_not_there_is_none(package, name, path):
    assert installed_file(name, path) is None


def test_the_package_comes_before_cache_mirror_and_internet(package, cache, tmp_path, monkeypatch):
    monkeypatch.setenv("TLHELPERS_MIRROR", str(make_mirror(tmp_path / "mirror")))
    with server(good) as there:
        assert fetch.fetch_file(thing(address=f"{there.url}/thing.bin")) == package
        assert there.seen == []
    assert not cache.exists()  # it is used where it lies


def test_without_the_package_the_order_is_as_ever(cache, tmp_path, monkeypatch):
    monkeypatch.setenv("TLHELPERS_MIRROR", str(make_mirror(tmp_path / "mirror")))
    assert fetch.fetch_file(thing()) == cache / "datasets" / "thing.bin"


def test_a_damaged_file_in_a_package_is_not_used(package, cache, tmp_path, monkeypatch):
    package.write_bytes(DATA[:-1])
    with pytest.raises(fetch.FileNotHere) as caught:
        fetch.fetch_file(thing())
    said = str(caught.value)
    assert "package some-data==1.0 has a damaged file; its checksum is wrong" in said
    assert "pip install --no-deps --force-reinstall some-data==1.0" in said and "\n" not in said
    monkeypatch.setenv("TLHELPERS_MIRROR", str(make_mirror(tmp_path / "mirror")))
    assert fetch.fetch_file(thing()).read_bytes() == DATA


def test_a_missing_package_is_named_with_the_command_that_gets_it():
    for download in (False, True):
        with pytest.raises(fetch.FileNotHere) as caught:
            fetch.fetch_file(thing(), download=download)
        assert "python -m pip install --no-deps some-data==1.0" in str(caught.value)
        assert "tlhelpers fetch" not in str(caught.value)


def test_the_command_and_a_mirror_know_it(package, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(registry, "FILES", {"thing.bin": thing()})
    monkeypatch.setattr(command, "FILES", {"thing.bin": thing()})
    from tlhelpers.course.command_line import main

    assert main(["fetch"]) == 0
    assert capsys.readouterr().out.split()[:2] == ["here", "Thing"]
    assert main(["fetch", "Thing"]) == 0
    assert str(package) in capsys.readouterr().out
    classroom_mirror.build_mirror(tmp_path / "mirror", ["Thing"])
    assert (tmp_path / "mirror" / "datasets" / "thing.bin").read_bytes() == DATA
