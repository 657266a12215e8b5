"""SVT-AV1 as a guest: left alone it makes every thread of its process, the caller's too, a real-time one
where it may (as root), so that nothing else runs on the machine; and it writes a page about itself."""

import contextlib
import os
from typing import Any

NAME = "libsvtav1"


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
