"""TensorFlow starts without its greeting, and not without its errors."""

import os
import subprocess
import sys


def run(code, **env):
    command = [sys.executable, "-c", code]
    environment = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"} | env
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
