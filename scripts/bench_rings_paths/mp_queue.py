"""multiprocessing.Queue with an array: pickled by a thread of the writer, copied through a pipe."""

import multiprocessing
from functools import partial
from multiprocessing.queues import Queue
from pathlib import Path

import numpy as np

from scripts.bench_rings_paths import Frame, Link, Payload, put_number


class QueueSender:
    def __init__(self, queue: "Queue[Frame]", payload: Payload) -> None:
        self._queue, self._frame = queue, np.ones(payload.shape, np.uint8)

    def prepare(self, number: int) -> None:
        put_number(self._frame, number)

    def send(self) -> None:
        self._queue.put(self._frame)

    def close(self) -> None:
        self._queue.close()
        self._queue.join_thread()


class QueueReceiver:
    def __init__(self, queue: "Queue[Frame]") -> None:
        self._queue = queue
        self._frame: Frame | None = None

    def wait(self) -> None:
        self._frame = self._queue.get()

    def take(self) -> Frame | None:
        return self._frame

    def release(self) -> None:
        self._frame = None

    def close(self) -> None: ...


def connect(payload: Payload, readers: int, folder: Path) -> Link:
    queue = multiprocessing.get_context("spawn").Queue(maxsize=1)
    return Link(partial(QueueSender, queue, payload), (partial(QueueReceiver, queue),), close=queue.close)
