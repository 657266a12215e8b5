"""How much of the processor is ours where a game wants it too."""

import logging
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Literal

import psutil

LOW = 5  # nice
AT_START = psutil.Process().nice()  # as the user has it
log = logging.getLogger("stereoring.launcher")


@dataclass(frozen=True)
class Processes:
    """The pipeline's own section `processes`."""

    priority: Annotated[Literal["normal", "low"], "live"] = "normal"


def set_priority(priority: str, processes: Iterable[int]) -> None:
    """Of these, by their ids; those that they start later get it from them. Who has been given less of the
    processor by the user keeps that."""
    for process in processes:
        try:
            _set_level(psutil.Process(process), priority)
        except psutil.NoSuchProcess:
            continue  # its successor is ours as well
        except psutil.AccessDenied:  # on Linux and macOS nobody but root may take a larger share again
            log.warning("processes.priority: the system allows %s only from the next start on", priority)
            return


def _set_level(process: psutil.Process, priority: str) -> None:
    now = process.nice()
    ours = AT_START if now == _lowered(AT_START) else now
    level = _lowered(now) if priority == "low" else ours
    if level != now:
        process.nice(level)


def _lowered(level: int) -> int:
    if sys.platform == "win32":
        low = psutil.BELOW_NORMAL_PRIORITY_CLASS
        return level if level in (low, psutil.IDLE_PRIORITY_CLASS) else low
    return max(level, LOW)
