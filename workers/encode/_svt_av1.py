"""SVT-AV1 as a guest: left alone it makes every thread of its process, the caller's too, a real-time one
where it may (as root), so that nothing else runs on the machine; it writes a page about itself; and now and
then it stands still for ever when the next picture is there before it has cleared up after the last one."""

import contextlib
import os
import time
from typing import Any

NAME = "libsvtav1"
PAUSE = 0.001
"""Seconds that it is left alone after a packet. Version 4.1 with pred-struct=1, twenty pictures at a time in
five processes on two cores: without it one of 400 such runs stood still (its picture decision waited for a
reference to become free that nobody freed any more), with half of it none of 6700."""


def open_quietly(context: Any) -> None:
    """Open the encoder of a codec context that is set up. Raises FFmpegError. Other encoders are left as they
    are: they open with the first picture."""
    if context.name != NAME:
        return
    os.environ.setdefault("SVT_LOG", "1")
    context.open()
    if hasattr(os, "sched_setscheduler"):
        for thread in os.listdir("/proc/self/task"):
            with contextlib.suppress(ProcessLookupError):  # it has ended meanwhile
                os.sched_setscheduler(int(thread), os.SCHED_OTHER, os.sched_param(0))


def let_clear_up(name: str, answered: float) -> None:
    """Before the next picture; `answered` is when the last packet came, of time.monotonic()."""
    if pause := pause_of(name, time.monotonic() - answered):
        time.sleep(pause)


def pause_of(name: str, since: float) -> float:
    """Seconds that are left of it; `since` the last packet."""
    return max(0.0, PAUSE - since) if name == NAME else 0.0
