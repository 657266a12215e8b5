"""A full memory fence from the standard library."""

import threading
from collections.abc import Callable


def make_fence() -> Callable[[], None]:
    """A function whose call orders every earlier load and store of this thread before every later one.

    It has a private lock that is always held: releasing is a store-release, acquiring an atomic
    read-modify-write, and a release followed by an acquire cannot be passed in either direction (Armv8
    model: `po;[L]`, `[L];po;[A]`, `[A];po`; on x86 either is a locked instruction). `with lock: pass`, the
    other way round, lets earlier and later accesses meet inside.

    A plain function, which costs less than an object with `__call__`. One per endpoint and per thread: two
    threads on one would wait for each other.
    """
    lock = threading.Lock()
    lock.acquire()
    release, acquire = lock.release, lock.acquire

    def fence() -> None:
        release()
        acquire()

    return fence
