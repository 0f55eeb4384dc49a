"""``tlhelpers doctor``: every check can pass, and every check can fail with advice."""

import collections
import sys

import pytest

from tlhelpers.course import doctor
from tlhelpers.labs import digits
from tlhelpers.networks import features, onnx_runtime


def test_every_check_passes_here(capsys):
    assert doctor.report_on_this_computer() == 0
    report = capsys.readouterr().out
    assert report.count("  ok ") == len(doctor.CHECKS)
    assert "All is well" in report


def test_a_failing_check_is_named_and_the_others_still_run(monkeypatch, capsys):
    def broken():
        raise ImportError("libfoo.so.1 not found")

    def fine():
        return "fine"

    monkeypatch.setattr(doctor, "CHECKS", {"packages": broken, "disk": fine})
    assert doctor.report_on_this_computer() == 1
    report = capsys.readouterr().out
    assert "WRONG packages       ImportError: libfoo.so.1 not found" in report
    assert "ok    disk           fine" in report
    assert "1 of 2 checks" in report


@pytest.mark.parametrize("version", [(3, 10, 9), (3, 14, 0)])
def test_an_unsupported_python(monkeypatch, version):
    monkeypatch.setattr(doctor.sys, "version_info", version)
    with pytest.raises(doctor.CheckFailed, match="3.11, 3.12 or 3.13"):
        doctor.check_python()


def test_a_missing_package(monkeypatch):
    monkeypatch.setattr(doctor, "PACKAGES", ("no-such-package",))
    with pytest.raises(doctor.CheckFailed, match="no-such-package is missing.*bootstrap.py"):
        doctor.check_packages()


def test_little_memory_and_little_disk(monkeypatch):
    import psutil

    sizes = collections.namedtuple("sizes", "available total free")(1e8, 4e9, 1e8)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: sizes)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: sizes)
    with pytest.raises(doctor.CheckFailed, match="Close other programs"):
        doctor.check_free_memory()
    with pytest.raises(doctor.CheckFailed, match="free at least"):
        doctor.check_disk()


def test_an_unwritable_cache(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setattr(features, "cache_folder", lambda: tmp_path / "file" / "cache")
    with pytest.raises(doctor.CheckFailed, match="TLHELPERS_CACHE"):
        doctor.check_cache()


def test_a_missing_weights_file(monkeypatch, tmp_path):
    monkeypatch.setattr(digits, "bundled_folder", lambda: tmp_path)
    with pytest.raises(doctor.CheckFailed, match="git checkout -- data"):
        doctor.check_files()


def test_fast_features_are_welcome_and_not_needed(monkeypatch):
    pytest.importorskip("onnxruntime")
    assert "ONNX Runtime works" in doctor.check_fast_features()
    monkeypatch.setitem(sys.modules, "onnxruntime", None)  # an import of it fails now
    monkeypatch.setattr(onnx_runtime, "_told", set())
    assert doctor.check_fast_features().startswith("no, and the course works without: Note: ONNX")
