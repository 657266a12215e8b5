"""Models on their way here, each fetched by a process of its own: the launcher's round waits for no
network, and what is cancelled ends at once. What has come is kept; the next attempt goes on from there."""

import logging
import os
import time
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any, NamedTuple

from pipeline.leash import Leash, run_leashed
from pipeline.own_models import MODELS
from workers.depth._folders import is_name
from workers.depth._models import download_folder
from workers.house import Refused
from workers.models import ModelError, download

TELL_EVERY = 0.1  # seconds between two words of a download's process
log = logging.getLogger("stereoring.launcher")
_spawn = get_context("spawn")


class _Task(NamedTuple):
    name: str
    told: Connection


@dataclass
class _Download:
    """`state`: running, done, failed or cancelled."""

    process: SpawnProcess
    told: Connection
    state: str = "running"
    done: int = 0
    total: int = 0
    error: str = ""

    def as_data(self) -> dict[str, Any]:
        return {"state": self.state, "done": self.done, "total": self.total, "error": self.error}


class Downloads:
    """For the launcher's own thread."""

    def __init__(self) -> None:
        self._by_name: dict[str, _Download] = {}

    def start(self, name: str) -> None:
        """Raises Refused for what has no address, and what is under way."""
        if not (MODELS[name].address if name in MODELS else is_name(name)):
            raise Refused(f"{name!r} is not to be had; it takes a model of the list, or ORG/NAME of one")
        if name in self._by_name and self._by_name[name].state == "running":
            raise Refused(f"{name} is being downloaded already")
        told, theirs = _spawn.Pipe(duplex=False)
        arguments = (Leash(os.getpid()), _fetch, _Task(name, theirs))
        process = _spawn.Process(target=run_leashed, args=arguments, name=f"download {name}", daemon=True)
        process.start()
        theirs.close()
        self._by_name[name] = _Download(process, told)
        log.info("downloading %s", name)

    def cancel(self, name: str) -> None:
        """Raises Refused when there is nothing to cancel."""
        one = self._by_name.get(name)
        if one is None or one.state != "running":
            raise Refused(f"{name} is not being downloaded")
        self._end(one, "cancelled")
        log.info("the download of %s is cancelled; what has come is kept", name)

    def poll(self) -> None:
        """To be called often: hears how far they are."""
        for name, one in self._by_name.items():
            if one.state == "running":
                self._hear(name, one)

    def as_data(self) -> dict[str, Any]:
        return {name: one.as_data() for name, one in self._by_name.items()}

    def close(self) -> None:
        for one in self._by_name.values():
            if one.state == "running":
                self._end(one, "cancelled")

    def _hear(self, name: str, one: _Download) -> None:
        try:
            while one.told.poll():
                word = one.told.recv()
                if "state" in word:
                    one.error = word["error"]
                    self._end(one, word["state"])
                    log.info("%s is here", name) if not word["error"] else log.error("%s", word["error"])
                    return
                one.done, one.total = word["done"], word["total"]
        except (EOFError, OSError):
            one.error = f"the process that was to download {name} has ended; try again"
            self._end(one, "failed")
            log.error("%s", one.error)

    def _end(self, one: _Download, state: str) -> None:
        one.state = state
        one.process.kill()
        one.process.join()
        one.told.close()


def _fetch(task: _Task) -> None:
    """The body of a download's process."""
    last = 0.0

    def tell(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last > TELL_EVERY or done == total:
            last = time.monotonic()
            task.told.send({"done": done, "total": total})

    try:
        if task.name in MODELS:
            download(MODELS[task.name], tell)
        else:
            download_folder(task.name, tell)
        task.told.send({"state": "done", "error": ""})
    except (ModelError, OSError) as error:  # OSError: the disk is full, say
        task.told.send({"state": "failed", "error": str(error)})
