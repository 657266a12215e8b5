"""One memcpy of the frame within one process: what every other path is measured against. No reader."""

from functools import partial
from pathlib import Path

import numpy as np

from scripts.bench_rings_paths import Link, Payload, put_number


class MemcpySender:
    def __init__(self, payload: Payload) -> None:
        self._frame = np.ones(payload.shape, np.uint8)
        self._copy = np.ones(payload.shape, np.uint8)

    def prepare(self, number: int) -> None:
        put_number(self._frame, number)

    def send(self) -> None:
        np.copyto(self._copy, self._frame)

    def close(self) -> None: ...


def connect(payload: Payload, readers: int, folder: Path) -> Link:
    return Link(partial(MemcpySender, payload), ())
