"""One byte through os.pipe, select and read: the least that a wake-up costs. Carries no frame."""

import multiprocessing
import os
import select
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from scripts.bench_rings_paths import STOP, Frame, Link, Payload, put_number


class BareSender:
    def __init__(self, end: Connection) -> None:
        self._end, self._fd = end, end.fileno()

    def prepare(self, number: int) -> None:
        self._byte = b"\0" if number == STOP else b"\1"

    def send(self) -> None:
        os.write(self._fd, self._byte)

    def close(self) -> None:
        self._end.close()


class BareReceiver:
    """Counts the bytes itself, since they cannot carry a number."""

    def __init__(self, end: Connection) -> None:
        self._end, self._fd = end, end.fileno()
        self._count, self._number = 0, np.zeros(8, np.uint8)

    def wait(self) -> None:
        select.select([self._fd], [], [])
        self._byte = os.read(self._fd, 1)

    def take(self) -> Frame | None:
        self._count += 1
        put_number(self._number, self._count if self._byte == b"\1" else STOP)
        return self._number

    def release(self) -> None: ...

    def close(self) -> None:
        self._end.close()


def connect(payload: Payload, readers: int, folder: Path) -> Link:
    receiving, sending = multiprocessing.get_context("spawn").Pipe(duplex=False)  # os.pipe underneath
    return Link(partial(BareSender, sending), (partial(BareReceiver, receiving),))
