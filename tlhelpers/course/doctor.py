"""See whether this computer is ready for the course.

Every check returns a line for the report, or raises `CheckFailed` with what to
do.  The report holds nothing private: no user name, no folders outside the course.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import io
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tlhelpers.fetching import places

GIB = 2**30
PACKAGES = (
    "tensorflow",
    "keras",
    "numpy",
    "scikit-learn",
    "matplotlib",
    "jupyterlab",
    "ipywidgets",
)


class CheckFailed(Exception):
    """A check that failed, with what to do about it."""


def check_python() -> str:
    """Python is a version that the course is tested with."""
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        raise CheckFailed(
            f"Python {platform.python_version()} is not supported; "
            "install Python 3.11, 3.12 or 3.13 and set the course up again."
        )
    return f"{platform.python_version()} on {platform.system()} {platform.machine()}"


def check_packages() -> str:
    """The packages of the course are there."""
    found = []
    for name in PACKAGES:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            raise CheckFailed(
                f"The package {name} is missing; run 'python bootstrap.py' in the course folder."
            ) from None
    return ", ".join(found)


def check_free_memory() -> str:
    """There is memory to train a small network."""
    import psutil

    memory = psutil.virtual_memory()
    if memory.available < 1.5 * GIB:
        raise CheckFailed(
            f"Only {memory.available / GIB:.1f} GiB of memory are free; the notebooks "
            "want 1.5 GiB. Close other programs or notebooks."
        )
    cores = os.cpu_count()
    return f"{memory.available / GIB:.1f} of {memory.total / GIB:.1f} GiB free, {cores} cores"


def check_disk() -> str:
    """There is room for caches."""
    free = shutil.disk_usage(places.PACKAGE).free
    if free < 0.5 * GIB:
        raise CheckFailed(f"Only {free / GIB:.1f} GiB of disk are free; free at least 0.5 GiB.")
    return f"{free / GIB:.0f} GiB free"


def check_cache() -> str:
    """The cache folder can be written to."""
    from tlhelpers.networks import features

    folder = features.cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"x")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise CheckFailed(
            f"The cache folder cannot be written to ({reason}). The course works without it, "
            "but slower. Set TLHELPERS_CACHE to a folder of yours."
        ) from None
    return "can be written to"


def check_settings() -> str:
    """No variable and no file of the learner's settings disturbs."""
    from tlhelpers.course import settings

    found = settings.find_disturbing()
    text = "\n".join(sentence for _, sentence in found)
    if any(disturbs for disturbs, _ in found):
        raise CheckFailed(text)
    return text or "nothing that is set disturbs"


def check_files() -> str:
    """The bundled network is complete."""
    from tlhelpers.labs import digits

    try:
        path = digits.check_weights()
    except (OSError, ValueError) as error:
        raise CheckFailed(str(error)) from None
    return f"{path.name} is complete (SHA-256 {digits.read_card()['sha256'][:12]}…)"


def check_data() -> str:
    """The data packages are whole; without them the course works, but skips something."""
    from tlhelpers.course import data_packages

    lines, well = data_packages.check_data_packages()
    if not well:
        raise CheckFailed("\n".join(lines))
    return "\n".join(lines)


def check_kernel() -> str:
    """A notebook can start Python and get an answer."""
    import nbformat

    from tlhelpers.course import execution

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "check.ipynb"
        cell = nbformat.v4.new_code_cell("6 * 7", id="check")
        nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
        began = time.perf_counter()
        notebook, _, error = execution.execute_notebook(path, timeout=60)
    if error:
        raise CheckFailed(f"The notebook kernel failed: {error['ename']}: {error['evalue']}.")
    output = notebook.cells[0].outputs[0]["data"]["text/plain"]
    if output != "42":
        raise CheckFailed(f"The notebook kernel answered {output!r} instead of 42.")
    return f"answered in {time.perf_counter() - began:.1f} s"


def check_short_training() -> str:
    """A network can be loaded and trained, for about ten seconds."""
    from tlhelpers import start
    from tlhelpers.labs import load

    start.load_tensorflow()
    import keras

    began = time.perf_counter()
    lab = load.load_lab("digits")
    keras.utils.set_random_seed(0)
    backbone = lab.backbone()
    rows = backbone.predict(lab.preprocess(lab.train.images[:200]), verbose=0)
    head = keras.Sequential([keras.Input(rows.shape[1:]), keras.layers.Dense(10, "softmax")])
    head.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = head.fit(rows, lab.train.labels[:200], epochs=60, verbose=0).history
    accuracy = history["accuracy"][-1]
    if not np.isfinite(history["loss"][-1]) or accuracy < 0.8:
        raise CheckFailed(f"The smoke training reached only {accuracy:.0%} on its own examples.")
    return f"{accuracy:.0%} on 200 training digits after {time.perf_counter() - began:.0f} s"


def check_fast_features() -> str:
    """Features can be computed by ONNX Runtime; without it the course works, but slower."""
    from tlhelpers import start
    from tlhelpers.networks import onnx_runtime

    start.load_tensorflow()
    import keras

    network = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.GlobalAveragePooling2D()])
    began = time.perf_counter()
    reason = io.StringIO()
    with contextlib.redirect_stderr(reason):
        run = onnx_runtime.load_fast(network, None, np.ones((2, 8, 8, 3), np.float32))
    if run is None:
        return f"no, and the course works without: {reason.getvalue().strip()}"
    return f"ONNX Runtime works, after {time.perf_counter() - began:.1f} s"


CHECKS: dict[str, Callable[[], str]] = {
    "Python": check_python,
    "packages": check_packages,
    "memory": check_free_memory,
    "disk": check_disk,
    "cache": check_cache,
    "settings": check_settings,
    "bundled files": check_files,
    "data packages": check_data,
    "kernel": check_kernel,
    "training": check_short_training,
    "fast features": check_fast_features,
}


def report_on_this_computer() -> int:
    """Run every check, and print what it found, line by line.

    Returns
    -------
    int
        0 if all is well, 1 if something is wrong.
    """
    print("tlhelpers doctor: checking this computer (about twenty seconds)\n")
    wrong = 0
    for name, check in CHECKS.items():
        try:
            line, mark = check(), "ok"
        except CheckFailed as trouble:
            line, mark, wrong = str(trouble), "WRONG", wrong + 1
        except Exception as error:  # a broken installation fails in any way it likes
            line, mark, wrong = f"{type(error).__name__}: {error}", "WRONG", wrong + 1
        with contextlib.suppress(RuntimeError):  # there is no home
            line = line.replace(str(Path.home()), "~")  # it would tell the user's name
        line = line.replace("\n", "\n" + " " * 23)
        print(f"  {mark:<6}{name:<15}{line}", flush=True)
    print()
    if wrong:
        print(f"{wrong} of {len(CHECKS)} checks found something wrong. Read the lines marked")
        print("WRONG; if they do not help, paste this whole report into a question.")
        return 1
    print("All is well. Start with 'tlhelpers lab'.")
    return 0
