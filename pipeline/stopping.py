"""Ctrl-C for commands that work on files: it comes between two steps and not within one."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

INTERRUPTED = 130  # exit code, as shells have it


@contextmanager
def stopping() -> Iterator[threading.Event]:
    """Set by Ctrl-C."""
    stop = threading.Event()
    before = signal.signal(signal.SIGINT, lambda number, frame: stop.set())
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
