"""TensorFlow starts without its greeting, and not without its errors; sums stay on one core."""

import json
import os
import subprocess
import sys

import pytest

from tlhelpers import start

UNSET = ("TF_CPP_MIN_LOG_LEVEL", "OPENBLAS_NUM_THREADS")


def run(code, **env):
    command = [sys.executable, "-c", code]
    environment = {k: v for k, v in os.environ.items() if k not in UNSET} | env
    return subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)


def test_nothing_is_said_and_stderr_still_works_afterwards():
    done = run(
        "import os, sys, tlhelpers as tl\ntl.load_tensorflow()\nimport keras\n"
        "keras.ops.ones((1, 2))\nprint('ready')\nos.write(2, b'still here')"
    )
    assert (done.stdout.strip(), done.stderr) == ("ready", "still here")


@pytest.mark.slow
def test_a_seed_gives_the_stored_numbers_wherever_the_notebook_runs():
    code = (
        "import tlhelpers as tl\ntl.load_tensorflow()\n"
        "import os, tensorflow as tf\nprint(os.environ['TF_DETERMINISTIC_OPS'])\n"
        "tf.random.shuffle([1, 2, 3])\n"  # as fit() does it, also where no seed was set
    )
    assert run(code, TF_DETERMINISTIC_OPS="0").stdout.strip() == "0"  # whoever knows better
    env = {k: v for k, v in os.environ.items() if k != "TF_DETERMINISTIC_OPS"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=env)
    assert (done.stdout.strip(), done.returncode) == ("1", 0), done.stderr


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
def test_what_keras_json_says_does_not_reach_in(tmp_path):
    """Nor does it matter that nobody can see what is said."""
    settings = {"floatx": "float16", "image_data_format": "channels_first", "epsilon": 0.5}
    (tmp_path / "keras.json").write_text(json.dumps(settings | {"backend": "theano"}))
    done = run(
        "import os\nos.close(2)\nimport sys\nsys.stderr = None\nimport tlhelpers as tl\n"
        "tl.load_tensorflow()\nimport keras.config as k\n"
        "print(k.image_data_format(), k.floatx(), k.epsilon(), k.backend())",
        KERAS_HOME=str(tmp_path),
        KERAS_BACKEND="",
    )
    assert done.stdout.split()[-4:] == ["channels_last", "float32", "1e-07", "tensorflow"]


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


def test_without_a_screen_nothing_is_written_into_a_file_of_the_learners(tmp_path):
    done = run(
        "import os\nos.close(2)\nfrom tlhelpers import start\n"
        "with start.no_messages():\n    os.write(2, b'greeting')\n"
        f"notes = open({str(tmp_path / 'notes')!r}, 'w')\nos.write(2, b'greeting')\n"
        "print(notes.fileno() > 2)"
    )
    assert done.stdout.strip() == "True" and (tmp_path / "notes").read_text() == ""


CORES = (
    "import {first}, tlhelpers as tl, threadpoolctl\ntl.load_tensorflow()\nimport scipy.linalg\n"
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
