"""What every test runs with: no network, no window, no cache of the user's."""

import contextlib
import gc
import importlib.util
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

NETBLOCK = Path(__file__).parent / "netblock"
collect_ignore = ["netblock"]  # its name is Python's own, and it has no tests

# Set before any test module is imported: TensorFlow, Keras and Matplotlib read
# these once, when they are first loaded.
_scratch = Path(tempfile.mkdtemp(prefix="tlhelpers-tests-"))
os.environ["MPLBACKEND"] = "Agg"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["OPENBLAS_NUM_THREADS"] = "1"  # as tl.load_tensorflow() does; NumPy reads it once
os.environ["KERAS_HOME"] = str(_scratch / "keras")
os.environ["TLHELPERS_CACHE"] = str(_scratch / "cache")
os.environ["TLHELPERS_DATA"] = str(_scratch / "data")
os.environ.pop("TLHELPERS_MIRROR", None)

# Children inherit the block through PYTHONPATH; this process blocks itself now.
_paths = [str(NETBLOCK), *filter(None, [os.environ.get("PYTHONPATH")])]
os.environ["PYTHONPATH"] = os.pathsep.join(_paths)
_spec = importlib.util.spec_from_file_location("netblock", NETBLOCK / "sitecustomize.py")
_netblock = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_netblock)
_netblock.block()


def pytest_unconfigure() -> None:
    shutil.rmtree(_scratch, ignore_errors=True)


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the checkout."""
    return Path(__file__).parent.parent


@pytest.fixture
def shared(root: Path) -> Path:
    """The ready mirror beside a checkout, where there is one."""
    path = Path(os.environ.get("TLHELPERS_TEST_MIRROR", root.parent / "shared" / "mirror"))
    if not (path / "mirror.json").is_file():
        pytest.skip("there is no mirror beside this checkout")
    return path


@pytest.fixture(autouse=True)
def _close_figures() -> Iterator[None]:
    """Figures of one test are no business of the next; Matplotlib warns above twenty."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture(scope="module", autouse=True)
def _what_stays_is_not_searched() -> None:
    """Look for garbage only in what a module's tests make: all else takes a second to search."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def uncompiled() -> Callable[[], contextlib.AbstractContextManager]:
    """Let TensorFlow take each step as it is written: few are over before one is compiled."""

    @contextlib.contextmanager
    def as_written() -> Iterator[None]:
        import tensorflow as tf

        tf.config.run_functions_eagerly(True)
        try:
            yield
        finally:
            tf.config.run_functions_eagerly(False)

    return as_written


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache, no mirror, no proxy, and little patience."""
    monkeypatch.setenv("TLHELPERS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    for name in ("TLHELPERS_MIRROR", "TLHELPERS_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    from tlhelpers.fetching import internet

    monkeypatch.setattr(internet, "PAUSE", 0.001)
    monkeypatch.setattr(internet, "STALL", 0.5)
    return tmp_path / "cache"
