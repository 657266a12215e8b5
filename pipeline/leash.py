"""Ties the life of the workers to the launcher's, so that a killed launcher leaves nobody behind.

Everywhere a worker sees its control socket close. That does not reach one that hangs in a call, so:
Linux kills a process whose parent dies (prctl), Windows all processes of a job whose last handle closes.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from typing import Any, TypeVar

Argument = TypeVar("Argument")

if sys.platform == "linux":
    _PR_SET_PDEATHSIG = 1

    def leash_worker(launcher_pid: int) -> None:
        """Exits when the launcher is gone already."""
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != launcher_pid:
            sys.exit(f"the launcher (process {launcher_pid}) has gone")

else:

    def leash_worker(launcher_pid: int) -> None:
        """Nothing more to do here; macOS has the control socket only."""


class Leash:
    """Put before everything else that a new worker process is given: unpickling it puts the leash on. What
    comes behind it imports half of the program, which takes a second or more where the cores are busy."""

    def __init__(self, launcher_pid: int) -> None:
        self._launcher_pid = launcher_pid

    def __reduce__(self) -> tuple[Any, ...]:
        return leash_worker, (self._launcher_pid,)


def run_leashed(leash: object, body: Callable[[Argument], None], argument: Argument) -> None:
    """The target of a worker's process. A target is unpickled before its arguments, so this stands here."""
    body(argument)


if sys.platform == "win32":
    from ctypes import wintypes

    _BREAKAWAY_OK, _KILL_ON_JOB_CLOSE = 0x800, 0x2000
    _EXTENDED_LIMIT_INFORMATION = 9

    class _BasicLimits(ctypes.Structure):
        _fields_ = [
            ("PerProcessUserTimeLimit", wintypes.LARGE_INTEGER),
            ("PerJobUserTimeLimit", wintypes.LARGE_INTEGER),
            ("LimitFlags", wintypes.DWORD),
            ("MinimumWorkingSetSize", ctypes.c_size_t),
            ("MaximumWorkingSetSize", ctypes.c_size_t),
            ("ActiveProcessLimit", wintypes.DWORD),
            ("Affinity", ctypes.c_size_t),
            ("PriorityClass", wintypes.DWORD),
            ("SchedulingClass", wintypes.DWORD),
        ]

    class _ExtendedLimits(ctypes.Structure):
        _fields_ = [
            ("BasicLimitInformation", _BasicLimits),
            ("IoInfo", ctypes.c_ulonglong * 6),
            ("ProcessMemoryLimit", ctypes.c_size_t),
            ("JobMemoryLimit", ctypes.c_size_t),
            ("PeakProcessMemoryUsed", ctypes.c_size_t),
            ("PeakJobMemoryUsed", ctypes.c_size_t),
        ]

    def leash_all_workers() -> None:
        """Put the launcher, and with it all that it starts, into a job that dies with it; but for whoever is
        started to break away, as the user's browser.

        The job's handle is never closed on purpose: Windows does that when the launcher ends.
        """
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.CreateJobObjectW.restype = wintypes.HANDLE
        kernel.GetCurrentProcess.restype = wintypes.HANDLE
        limits = _ExtendedLimits()
        limits.BasicLimitInformation.LimitFlags = _BREAKAWAY_OK | _KILL_ON_JOB_CLOSE
        job = wintypes.HANDLE(kernel.CreateJobObjectW(None, None))
        done = kernel.SetInformationJobObject(
            job, _EXTENDED_LIMIT_INFORMATION, ctypes.byref(limits), ctypes.sizeof(limits)
        )
        if not done or not kernel.AssignProcessToJobObject(job, wintypes.HANDLE(kernel.GetCurrentProcess())):
            raise ctypes.WinError(ctypes.get_last_error())

else:

    def leash_all_workers() -> None:
        """Each worker sees to it itself."""
