"""What the learner has set and the course cannot put right is named, and its value is not shown."""

import json
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from tlhelpers.course import doctor, settings


@pytest.fixture(autouse=True)
def plain(monkeypatch, tmp_path):
    """Nothing is set, and pip has no settings."""
    names = [*settings.FOLDERS, *settings.CERTIFICATES, *settings.COUNTS, "MPLBACKEND"]
    names += [n for name in settings.internet.PROXIES for n in (name, name.lower())]
    names += ["PYTHONPATH", "TLHELPERS_MIRROR", "KERAS_BACKEND", "CUDA_VISIBLE_DEVICES"]
    for name in names:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    pip_says(monkeypatch, "")


def pip_says(monkeypatch, text, code=0):
    done = SimpleNamespace(stdout=text.encode(), returncode=code)
    stand_in = SimpleNamespace(run=lambda *_, **__: done, SubprocessError=RuntimeError)
    monkeypatch.setattr(settings, "subprocess", stand_in)


def test_what_is_usual_disturbs_nobody(monkeypatch, tmp_path):
    for name, value in {
        "TLHELPERS_CACHE": str(tmp_path / "new" / "cache"),
        "TLHELPERS_MIRROR": "http://192.0.2.7:8765",
        "HTTPS_PROXY": "http://proxy.school.example:3128",
        "http_proxy": "proxy.school.example:3128",
        "REQUESTS_CA_BUNDLE": __file__,
        "OMP_NUM_THREADS": "4,2",
        "CUDA_VISIBLE_DEVICES": "0,1",
        "KERAS_BACKEND": "tensorflow",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    }.items():
        monkeypatch.setenv(name, value)
    assert settings.find_disturbing() == []
    assert doctor.check_settings() == "nothing that is set disturbs"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TLHELPERS_CACHE", "{file}/cache"),
        ("TLHELPERS_DATA", "{file}"),
        ("JUPYTER_RUNTIME_DIR", "{file}"),
        ("MPLCONFIGDIR", "{file}"),
        ("TLHELPERS_MIRROR", "ftp://secret"),
        ("TLHELPERS_MIRROR", "/secret/mirror"),
        ("REQUESTS_CA_BUNDLE", "/secret/ca.pem"),
        ("CURL_CA_BUNDLE", "/secret/ca.pem"),
        ("SSL_CERT_FILE", "/secret/ca.pem"),
        ("ALL_PROXY", "socks5://secret:1080"),
        ("https_proxy", "secret://proxy"),
        ("HTTP_PROXY", "http://secret:port"),
        ("OMP_NUM_THREADS", "secret"),
        ("OPENBLAS_NUM_THREADS", "0"),
        ("TF_NUM_INTRAOP_THREADS", "-1"),
        ("KERAS_MAX_EPOCHS", "1"),
        ("PYTHONHOME", "/secret"),
        ("PYTHONPATH", "{theirs}"),
    ],
)
def test_a_variable_that_disturbs_is_named(monkeypatch, tmp_path, name, value):
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "numpy.py").write_text("")
    value = value.format(file=tmp_path / "file", theirs=tmp_path / "theirs")
    monkeypatch.setenv(name, value)
    with pytest.raises(doctor.CheckFailed) as failed:
        doctor.check_settings()
    text = str(failed.value)
    assert text.startswith(name) and "secret" not in text
    assert "nset it" in text or "Put it right" in text


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("KERAS_BACKEND", "theano", "uses TensorFlow"),
        ("MPLBACKEND", "module://no_such_module.backend", "drawn in memory"),
        ("CUDA_VISIBLE_DEVICES", "all of them", "none is used"),
        ("TMPDIR", "/nowhere", "another one is used"),
        ("XLA_FLAGS", "--x", "ends Python at once"),
    ],
)
def test_what_the_course_gets_over_is_good_to_know(monkeypatch, name, value, said):
    monkeypatch.setenv(name, value)
    text = doctor.check_settings()
    assert text.startswith(name) and said in text


@pytest.mark.parametrize(
    ("text", "wrong", "said"),
    [
        ("[]", True, "refuses all of it"),
        ({"floatx": "float8"}, True, "refuses floatx"),
        ({"epsilon": 1}, True, "refuses epsilon"),
        ({"image_data_format": 7}, True, "refuses image_data_format"),
        ({"image_data_format": "channels_first"}, False, "sets what the course needs"),
        ({"floatx": "float16"}, False, "sets what the course needs"),
        ({"backend": "theano"}, False, "uses TensorFlow"),
        ("{broken", False, "cannot be read"),
    ],
)
def test_keras_json(tmp_path, text, wrong, said):
    (tmp_path / "keras.json").write_text(text if isinstance(text, str) else json.dumps(text))
    [(disturbs, sentence)] = settings.find_disturbing()
    assert disturbs is wrong and said in sentence and "keras.json" in sentence


@pytest.mark.parametrize(
    ("said", "code", "wrong"),
    [
        ("install.user='true'\n", 0, False),
        (":env:.target='/x'\n", 0, False),
        ("global.prefix='/x'", 0, False),
        ("Traceback", 1, True),
    ],
)
def test_pip_conf(monkeypatch, said, code, wrong):
    pip_says(monkeypatch, said, code)
    [(disturbs, sentence)] = settings.find_disturbing()
    assert disturbs is wrong and "pip.conf" in sentence


def test_without_a_home(monkeypatch):
    def nobody(*_):
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(settings.Path, "home", nobody)
    monkeypatch.setattr(doctor, "CHECKS", {"settings": doctor.check_settings})
    assert doctor.report_on_this_computer() == 1


def test_a_matplotlibrc_is_named(tmp_path):
    code = "from tlhelpers.course import settings\nprint(list(settings._matplotlib()))"
    for text, said in (("lines.linewidth: 9", "do not follow it"), ("\udcff\udcfe", "see MPLBACK")):
        (tmp_path / "matplotlibrc").write_bytes(text.encode("utf-8", "surrogateescape"))
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONPATH": str(doctor.places.PACKAGE.parent)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert said in done.stdout, done.stderr


def test_a_folder_on_a_drive_that_is_not_there(monkeypatch):
    monkeypatch.setenv("TLHELPERS_CACHE", "/not/here")
    monkeypatch.setattr(settings.os.path, "lexists", lambda path: False)
    assert "TLHELPERS_CACHE names no folder" in str([*settings._folders()])


def test_an_environment_without_pip_has_no_trouble_with_it(monkeypatch):
    pip_says(monkeypatch, "", code=1)
    monkeypatch.setattr(settings.importlib.util, "find_spec", lambda name: None)
    assert [*settings._pip()] == []
