"""The ways to get a frame into a sleeping process that bench_rings.py compares: one file each.

A path's module has `connect(payload, readers, folder) -> Link`. Its sender writes the frame's number into
the first bytes of the frame, its receiver hands out the frame as an array.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

STOP = 0  # the number of the frame after which a reader ends; real ones count from 1

Frame = npt.NDArray[Any]


@dataclass(frozen=True)
class Payload:
    name: str
    shape: tuple[int, ...]

    @property
    def nbytes(self) -> int:
        return prod(self.shape)


PAYLOADS = {
    "small": Payload("small", (64,)),
    "1080p": Payload("1080p", (1080, 1920, 3)),
    "4k": Payload("4k", (2160, 3840, 3)),
}


class MissingPeer(Exception):
    """What the ring is compared with is not installed; a comparison without it would say nothing."""


class Sender(Protocol):
    def prepare(self, number: int) -> None:
        """Have frame `number` ready in its slot or array. Not timed."""

    def send(self) -> None:
        """Publish it and wake the reader. The clock starts when this is called."""

    def close(self) -> None: ...


class Receiver(Protocol):
    def wait(self) -> None:
        """Sleep until there is a frame."""

    def take(self) -> Frame | None:
        """A usable view of it; None when the wake-up was for nothing."""

    def release(self) -> None:
        """The view has been dropped; let go of its memory."""

    def close(self) -> None: ...


@dataclass(frozen=True)
class Link:
    """Openers are called in the process that will use them, so they are picklable while it is spawned."""

    open_sender: Callable[[], Sender]
    open_receivers: tuple[Callable[[], Receiver], ...]
    slots: int = 1  # so many frames are written in full at first, so that every slot's pages are there
    close: Callable[[], None] = lambda: None


_MODULES = {
    "ring": "ring",
    "iceoryx2": "iceoryx",
    "mp_queue": "mp_queue",
    "mp_pipe": "mp_pipe",
    "pyzmq": "pyzmq_ipc",
    "memcpy": "memcpy",
    "pipe": "bare_pipe",
}


def connect(path: str, payload: Payload, readers: int, folder: Path) -> Link:
    """Raises MissingPeer. Modules are loaded here, so that a process has in it only what it measures."""
    try:
        module = importlib.import_module(f"{__name__}.{_MODULES[path]}")
    except ModuleNotFoundError as error:
        raise MissingPeer(
            f"bench_rings compares with {path}, and module {error.name!r} is not installed: "
            "pip install iceoryx2==0.10.0 pyzmq"
        ) from error
    link: Link = module.connect(payload, readers, folder)
    return link


def put_number(frame: Frame, number: int) -> None:
    frame.reshape(-1)[:8].view(np.uint64)[0] = number


def number_of(frame: Frame) -> int:
    return int(frame.reshape(-1)[:8].view(np.uint64)[0])
