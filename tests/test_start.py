"""TensorFlow starts without its greeting, and not without its errors; sums stay on one core."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tlhelpers import start

UNSET = ("TF_CPP_MIN_LOG_LEVEL", "OPENBLAS_NUM_THREADS")


def run(code, **env):
    command = [sys.executable, "-c", code]
    environment = {k: v for k, v in os.environ.items() if k not in UNSET} | env
    environment = {k: v for k, v in environment.items() if v is not None}  # None: not set
    return subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)


# A start takes seconds, so each of these answers several questions.

QUESTIONS = """
import json, os, sys
import tlhelpers as tl
tl.load_tensorflow()
import keras.config, scipy.linalg, tensorflow as tf, threadpoolctl
pools = [pool for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"]
tf.random.shuffle([1, 2, 3])  # as fit() does it, also where no seed was set
print(json.dumps({
    "deterministic": os.environ["TF_DETERMINISTIC_OPS"],
    "cores": sorted({pool["num_threads"] for pool in pools}),
    "layout": keras.config.image_data_format(),
    "floats": keras.config.floatx(),
    "epsilon": keras.config.epsilon(),
    "backend": keras.config.backend(),
}))
"""


@pytest.fixture(scope="module")
def usual_start():
    """What a process says that starts as a notebook does."""
    ends = "keras.ops.ones((1, 2))\nos.write(2, b'still here')"
    return run(QUESTIONS + ends, TF_DETERMINISTIC_OPS=None)


@pytest.fixture(scope="module")
def odd_start(tmp_path_factory):
    """The answers where other settings were made before, and nobody can see what is said."""
    home = tmp_path_factory.mktemp("odd-keras")
    settings = {"floatx": "float16", "image_data_format": "channels_first", "epsilon": 0.5}
    (home / "keras.json").write_text(json.dumps(settings | {"backend": "theano"}))
    done = run(
        "import os\nos.close(2)\nimport sys\nsys.stderr = None\n" + QUESTIONS,
        TF_DETERMINISTIC_OPS="0",
        OPENBLAS_NUM_THREADS="2",
        KERAS_HOME=str(home),
        KERAS_BACKEND="",
    )
    return json.loads(done.stdout.splitlines()[-1])


def test_nothing_is_said_and_stderr_still_works_afterwards(usual_start):
    assert usual_start.stdout.count("\n") == 1 and usual_start.stderr == "still here"


def test_a_seed_gives_the_stored_numbers_wherever_the_notebook_runs(usual_start, odd_start):
    assert json.loads(usual_start.stdout)["deterministic"] == "1"
    assert odd_start["deterministic"] == "0"  # whoever knows better


def test_what_keras_json_says_does_not_reach_in(odd_start):
    asked = ("layout", "floats", "epsilon", "backend")
    assert [odd_start[name] for name in asked] == ["channels_last", "float32", 1e-7, "tensorflow"]


def test_sums_stay_on_one_core_once_tensorflow_is_loaded(usual_start, odd_start):
    cores = json.loads(usual_start.stdout)["cores"]
    if not cores:
        pytest.skip("this NumPy computes with another library than OpenBLAS")
    assert (cores, odd_start["cores"]) == ([1], [2])  # 2 is what that one was told


@pytest.mark.slow
def test_a_seed_that_was_set_before_stays():
    done = run(
        "import tensorflow as tf, tlhelpers as tl\n"
        "tf.random.set_seed(7)\nwanted = float(tf.random.uniform([]))\n"
        "tf.random.set_seed(7)\ntl.load_tensorflow()\n"
        "print(float(tf.random.uniform([])) == wanted)"
    )
    assert done.stdout.split()[-1] == "True", done.stderr


def test_a_failing_import_says_why(tmp_path):
    broken = tmp_path / "tensorflow.py"
    broken.write_text("import os\nos.write(2, b'library xyz is missing')\nraise ImportError('no')")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    done = run("import tlhelpers as tl\ntl.load_tensorflow()", PYTHONPATH=path)
    assert done.returncode != 0
    assert "library xyz is missing" in done.stderr and "ImportError: no" in done.stderr


@pytest.mark.slow
def test_settings_that_keras_refuses_are_named(tmp_path):
    (tmp_path / "keras.json").write_text("[]")
    done = run("import tlhelpers as tl\ntl.load_tensorflow()", KERAS_HOME=str(tmp_path))
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("ImportError: Keras cannot be loaded")
    assert str(tmp_path / "keras.json") in last and "KERAS_" in last


@pytest.mark.parametrize(
    ("variable", "in_file", "used", "named"),
    [
        ("tensorflow", "theano", "tensorflow", ""),
        ("theano", "tensorflow", "tensorflow", "KERAS_BACKEND names the backend 'theano'"),
        ("no_such_module", None, "tensorflow", "KERAS_BACKEND"),
        ("", "cntk", "tensorflow", "keras.json names the backend 'cntk'"),
        ("", 7, "tensorflow", "keras.json"),
        ("", None, "", ""),
        ("jax", None, "tensorflow", "which the course cannot use here"),
    ],
)
def test_a_backend_that_is_not_here_is_named(
    monkeypatch, tmp_path, capsys, variable, in_file, used, named
):
    find_spec = start.importlib.util.find_spec
    monkeypatch.setattr(
        start.importlib.util, "find_spec", lambda name: None if name == "jax" else find_spec(name)
    )
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setenv("KERAS_BACKEND", variable)
    text = "[broken" if in_file is None else json.dumps({"backend": in_file})
    (tmp_path / "keras.json").write_text(text)
    start._choose_backend()
    assert os.environ["KERAS_BACKEND"] == used
    said = capsys.readouterr().err
    assert named in said and bool(named) == bool(said)


@pytest.mark.parametrize(
    ("tensorflow", "keras", "older"),
    [
        ("2.19.0", "3.15.1", True),
        ("2.21.0", "3.10.0", True),
        ("2.9.1", "3.15.0", True),  # 9 is less than 21
        ("2.21.0", "3.15.0", False),
        ("2.22.0rc1", "4.0", False),
    ],
)
def test_older_versions_are_named_once_and_used(capsys, tensorflow, keras, older):
    start._say_if_older.cache_clear()
    for _ in range(2):
        start._say_if_older(tensorflow, keras)
    said = capsys.readouterr().err
    assert said.count("Note:") == older
    if older:
        assert f"TensorFlow {tensorflow} and Keras {keras}" in said and "goes on" in said


def test_the_oldest_versions_are_those_of_the_project():
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))
    bounds = dict(re.split(">=", line) for line in project["project"]["dependencies"])
    assert {bounds[name.lower()]: name for name in start.OLDEST} == {
        oldest: name for name, oldest in start.OLDEST.items()
    }


def test_without_a_screen_nothing_is_written_into_a_file_of_the_learners(tmp_path):
    done = run(
        "import os\nos.close(2)\nfrom tlhelpers import start\n"
        "with start.no_messages():\n    os.write(2, b'greeting')\n"
        f"notes = open({str(tmp_path / 'notes')!r}, 'w')\nos.write(2, b'greeting')\n"
        "print(notes.fileno() > 2)"
    )
    assert done.stdout.strip() == "True" and (tmp_path / "notes").read_text() == ""


CORES = (
    "import {first}, threadpoolctl\nfrom tlhelpers import start\n"
    "start.small_sums_on_one_core()\nimport scipy.linalg\n"
    "infos = threadpoolctl.threadpool_info()\n"
    "print({{info['num_threads'] for info in infos if info['user_api'] == 'blas'}})"
)


@pytest.mark.parametrize("first", ["sys", "numpy", "scipy.linalg"])
def test_small_sums_stay_on_one_core_unless_told_otherwise(first):
    """Whatever was imported before."""
    on_its_own = run(CORES.format(first=first)).stdout.strip()
    if on_its_own == "set()":
        pytest.skip("this NumPy computes with another library than OpenBLAS")
    assert on_its_own == "{1}"
    told = run(CORES.format(first=first), OPENBLAS_NUM_THREADS="2")
    assert told.stdout.strip() == "{2}"
