"""multiprocessing.Pipe with send_bytes and recv_bytes: two copies through the kernel."""

import multiprocessing
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from scripts.bench_rings_paths import Frame, Link, Payload, put_number


class PipeSender:
    def __init__(self, end: Connection, payload: Payload) -> None:
        self._end = end
        self._frame: Any = np.ones(payload.nbytes, np.uint8)

    def prepare(self, number: int) -> None:
        put_number(self._frame, number)

    def send(self) -> None:
        self._end.send_bytes(self._frame)

    def close(self) -> None:
        self._end.close()


class PipeReceiver:
    def __init__(self, end: Connection, payload: Payload) -> None:
        self._end, self._shape = end, payload.shape
        self._bytes = b""

    def wait(self) -> None:
        self._bytes = self._end.recv_bytes()

    def take(self) -> Frame | None:
        return np.frombuffer(self._bytes, np.uint8).reshape(self._shape)

    def release(self) -> None:
        self._bytes = b""

    def close(self) -> None:
        self._end.close()


def connect(payload: Payload, readers: int, folder: Path) -> Link:
    receiving, sending = multiprocessing.get_context("spawn").Pipe(duplex=False)
    return Link(partial(PipeSender, sending, payload), (partial(PipeReceiver, receiving, payload),))
