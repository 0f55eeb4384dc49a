"""Ctrl-C in a test: heard also where the tests were started with it switched off."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def heard() -> Iterator[None]:
    """Let this process and those that it starts stop at Ctrl-C; to be put over a test.

    A shell that runs the tests in the background (``nohup make test &`` in a
    script) has them ignore it, and a child takes that over from its parent.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
