"""pyzmq over ipc with copy=False: no copies in Python, two through the kernel."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import zmq

from scripts.bench_rings_paths import Frame, Link, Payload, put_number


class ZmqSender:
    def __init__(self, address: str, payload: Payload) -> None:
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.PUSH)
        self._socket.bind(address)
        self._frame: Any = np.ones(payload.shape, np.uint8)

    def prepare(self, number: int) -> None:
        put_number(self._frame, number)

    def send(self) -> None:
        self._socket.send(self._frame, copy=False)

    def close(self) -> None:
        self._socket.close()
        self._context.term()


class ZmqReceiver:
    def __init__(self, address: str, payload: Payload) -> None:
        self._context, self._shape = zmq.Context(), payload.shape
        self._socket = self._context.socket(zmq.PULL)
        self._socket.connect(address)
        self._message: Any = None

    def wait(self) -> None:
        self._message = self._socket.recv(copy=False)

    def take(self) -> Frame | None:
        return np.frombuffer(self._message.buffer, np.uint8).reshape(self._shape)

    def release(self) -> None:
        self._message = None

    def close(self) -> None:
        self._socket.close()
        self._context.term()


def connect(payload: Payload, readers: int, folder: Path) -> Link:
    address = f"ipc://{folder}/zmq-{payload.name}"
    return Link(partial(ZmqSender, address, payload), (partial(ZmqReceiver, address, payload),))
