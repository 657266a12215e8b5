"""How much of the processor is ours where a game wants it too."""

import logging
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Literal

import psutil

NICE = {"normal": 0, "low": 5}
log = logging.getLogger("stereoring.launcher")


@dataclass(frozen=True)
class Processes:
    """The pipeline's own section `processes`."""

    priority: Annotated[Literal["normal", "low"], "live"] = "normal"


def set_priority(priority: str, processes: Iterable[int]) -> None:
    """Of these, by their ids; those that they start later get it from them."""
    for process in processes:
        try:
            psutil.Process(process).nice(_level(priority))
        except psutil.NoSuchProcess:
            continue  # its successor is ours as well
        except psutil.AccessDenied:  # on Linux and macOS nobody but root may take a larger share again
            log.warning("processes.priority: the system allows %s only from the next start on", priority)
            return


def _level(priority: str) -> int:
    if sys.platform == "win32":
        return psutil.NORMAL_PRIORITY_CLASS if priority == "normal" else psutil.BELOW_NORMAL_PRIORITY_CLASS
    return NICE[priority]
