"""Start TensorFlow quietly, set Keras up for the course, and keep small sums on one core."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tlhelpers import memory

#: Keras' backends that the course works with, each with the module that it needs.
BACKENDS = ("tensorflow", "jax", "torch")
#: The oldest versions that the course is tested with, as in pyproject.toml.
OLDEST = {"TensorFlow": "2.21", "Keras": "3.15"}


def load_tensorflow() -> None:
    """Import TensorFlow, and keep its start-up messages off the screen.

    TensorFlow writes about missing graphics cards and processor instructions
    before Python can stop it.  Here they go to a temporary file, and they are
    shown only if the import fails.  Also calls `small_sums_on_one_core`, lets
    TensorFlow calculate in the same order each time, with a seed (0, until you set
    one), if this is what imports it, and gives Keras the settings of the course: pictures with the
    colours last, and numbers of 32 bits, whatever ``keras.json`` says.  In a notebook,
    memory that a cell leaves unused is given back (`memory.give_back_after_cells`).  A note
    names versions that are older than those that the course is tested with; it goes on.

    Raises
    ------
    ImportError
        If TensorFlow or Keras cannot be imported; what it said is printed first.

    Examples
    --------
    >>> load_tensorflow()
    >>> "tensorflow" in sys.modules
    True
    """
    first = "tensorflow" not in sys.modules
    if first:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        os.environ.setdefault("TF_DETERMINISTIC_OPS", "1")
        small_sums_on_one_core()
    if "keras" not in sys.modules:
        _choose_backend()
    # A flag that TensorFlow does not know ends Python at once: then it has to say so.
    flags = "TF_XLA_FLAGS" in os.environ or "XLA_FLAGS" in os.environ
    try:
        with contextlib.nullcontext() if flags else no_messages():
            import tensorflow as tf

            tf.config.list_physical_devices()  # says the rest of what it has to say
            if first:
                tf.random.set_seed(0)  # in the same order each time, it insists on a seed
            tf.get_logger().setLevel("ERROR")  # advice on speed, for those who wrote the network
            import keras
    except ImportError:
        raise
    except Exception as error:  # Keras takes what is in its settings as it is
        said = f"{type(error).__name__}: {error}".rstrip(": ")
        raise ImportError(
            f"Keras cannot be loaded ({said}). It reads {_keras_file()} "
            "and the environment variables that begin with KERAS_: put right what is wrong "
            "there, or rename that file, and restart Python."
        ) from error
    _say_if_older(tf.__version__, keras.__version__)
    keras.config.set_image_data_format("channels_last")
    keras.config.set_floatx("float32")
    keras.config.set_epsilon(1e-7)
    memory.give_back_after_cells()


@functools.cache  # once in each session
def _say_if_older(tensorflow: str, keras: str) -> None:
    """Say if one of them is older than what the course is tested with."""
    here = {"TensorFlow": tensorflow, "Keras": keras}
    if any(_as_numbers(here[name]) < _as_numbers(oldest) for name, oldest in OLDEST.items()):
        print(
            f"Note: this is {_in_words(here)}. The course is tested with {_in_words(OLDEST)} "
            "or newer. It goes on; numbers may differ, and a cell or a claim may fail.",
            file=sys.stderr,
        )


def _as_numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)[:2]]


def _in_words(versions: dict[str, str]) -> str:
    return " and ".join(f"{name} {version}" for name, version in versions.items())


def _choose_backend() -> None:
    """Let Keras use TensorFlow if what the settings name is not to be had."""
    try:
        in_file = json.loads(_keras_file().read_text(encoding="utf-8")).get("backend")
    except (OSError, ValueError, AttributeError):  # Keras itself says what is wrong with it
        in_file = None
    in_variable = os.environ.get("KERAS_BACKEND")
    name = in_variable or in_file or "tensorflow"
    if name not in BACKENDS or importlib.util.find_spec(name) is None:
        where = "The variable KERAS_BACKEND" if in_variable else _keras_file()
        print(
            f"Note: {where} names the backend {name!r}, which the course cannot use here; "
            "it uses TensorFlow.",
            file=sys.stderr,
        )
        os.environ["KERAS_BACKEND"] = "tensorflow"


def _keras_file() -> Path:
    home = os.environ.get("KERAS_HOME") or os.path.join("~", ".keras")
    return Path(os.path.expanduser(home)) / "keras.json"


def small_sums_on_one_core() -> None:
    """Let NumPy and SciPy use one core for linear algebra, unless you have said otherwise.

    A logistic regression on some hundred rows is so small that two cores mostly
    wait for each other: it took twelve times as long on both cores of a busy
    machine as on one.  TensorFlow is not affected.  To decide yourself, set the
    environment variable ``OPENBLAS_NUM_THREADS``.

    Examples
    --------
    >>> small_sums_on_one_core()
    >>> "OPENBLAS_NUM_THREADS" in os.environ
    True
    """
    if "OPENBLAS_NUM_THREADS" in os.environ:
        return
    from threadpoolctl import threadpool_limits

    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # for what is loaded later
    threadpool_limits(1, user_api="blas")  # for what is loaded already


@contextlib.contextmanager
def no_messages(*, show_on_error: bool = True) -> Iterator[None]:
    """Keep what compiled code writes to the error stream off the screen.

    Parameters
    ----------
    show_on_error
        Print it after all if there is an error.

    Examples
    --------
    >>> with no_messages():
    ...     _ = os.write(2, b"Technical greetings.")
    """
    _insist_on_a_screen()
    try:
        file = tempfile.TemporaryFile()
    except OSError:  # there is nowhere to put anything
        file = open(os.devnull, "w+b")
    with file as said:
        # The messages come from compiled code, which knows the screen as file 2.
        with contextlib.suppress(AttributeError, OSError, ValueError):
            sys.stderr.flush()  # there may be none
        screen = os.dup(2)
        os.dup2(said.fileno(), 2)
        try:
            yield
        except Exception:
            if show_on_error:
                said.seek(0)
                with contextlib.suppress(OSError):
                    os.write(screen, said.read())
            raise
        finally:
            os.dup2(screen, 2)
            os.close(screen)


def _insist_on_a_screen() -> None:
    """Let file 2 be something: else what is said would go into the next file that is opened."""
    try:
        os.fstat(2)
    except OSError:  # a service, or pythonw
        nowhere = os.open(os.devnull, os.O_WRONLY)
        if nowhere != 2:
            os.dup2(nowhere, 2)
            os.close(nowhere)
