"""Start TensorFlow quietly, and keep small sums on one core."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


def load_tensorflow() -> None:
    """Import TensorFlow, and keep its start-up messages off the screen.

    TensorFlow writes about missing graphics cards and processor instructions
    before Python can stop it.  Here they go to a temporary file, and they are
    shown only if the import fails.  Also calls `small_sums_on_one_core`.

    Raises
    ------
    ImportError
        If TensorFlow cannot be imported; what it said is printed first.

    Examples
    --------
    >>> load_tensorflow()
    >>> "tensorflow" in sys.modules
    True
    """
    if "tensorflow" in sys.modules:
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    small_sums_on_one_core()
    with no_messages():
        import tensorflow as tf

        tf.config.list_physical_devices()  # says the rest of what it has to say
        tf.get_logger().setLevel("ERROR")  # advice on speed, for those who wrote the network


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


@contextmanager
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
    with tempfile.TemporaryFile() as said:
        # The messages come from compiled code, which knows the screen as file 2.
        sys.stderr.flush()
        screen = os.dup(2)
        os.dup2(said.fileno(), 2)
        try:
            yield
        except Exception:
            if show_on_error:
                said.seek(0)
                os.write(screen, said.read())
            raise
        finally:
            os.dup2(screen, 2)
            os.close(screen)
