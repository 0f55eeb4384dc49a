"""Every method runs on every backend of Keras that is installed here."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent / "methods_on_a_backend.py"
ABSENT = {name: not importlib.util.find_spec(name) for name in ("tensorflow", "jax", "torch")}


@pytest.mark.parametrize(
    "backend",
    [
        pytest.param(name, marks=pytest.mark.skipif(absent, reason=f"{name} is not installed"))
        for name, absent in ABSENT.items()
    ],
)
def test_every_method_runs(backend, root, tmp_path):
    env = os.environ | {
        "KERAS_BACKEND": backend,
        "JAX_PLATFORMS": "cpu",
        "TLHELPERS_CACHE": str(tmp_path),
        "PYTHONPATH": os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")]),
    }
    found = subprocess.run(
        [sys.executable, SCRIPT], env=env, capture_output=True, text=True, timeout=600
    )
    lines = found.stdout.splitlines()
    assert found.returncode == 0 and len(lines) == 13, found.stdout + found.stderr
    assert [line for line in lines if not line.endswith(": ok")] == []
