"""TensorFlow starts without its greeting, and not without its errors; sums stay on one core."""

import os
import subprocess
import sys

import pytest

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


def test_a_failing_import_says_why(tmp_path):
    broken = tmp_path / "tensorflow.py"
    broken.write_text("import os\nos.write(2, b'library xyz is missing')\nraise ImportError('no')")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    done = run("import tlhelpers as tl\ntl.load_tensorflow()", PYTHONPATH=path)
    assert done.returncode != 0
    assert "library xyz is missing" in done.stderr and "ImportError: no" in done.stderr


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
