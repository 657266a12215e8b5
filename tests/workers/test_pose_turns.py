"""Who sends a picture for its poses waits for a turn, and decoding it is part of that."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import Client
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.workers.people import needs_people
from workers.person import _pose_desk
from workers.person._pose_desk import PoseDesk
from workers.person._pose_networks import Detector, Landmarks

pytestmark = needs_people()
LARGE = cv2.imencode(".jpg", np.zeros((2000, 3000, 3), np.uint8))[1].tobytes()  # some ms to decode


@contextmanager
def desk(folder: Path, at_once: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where it is asked."""
    address = str(folder / "pose")
    monkeypatch.setattr("os.cpu_count", lambda: at_once)
    there = PoseDesk(address, lambda: (Detector(1), Landmarks("pose-lite", 1)))
    try:
        yield address
    finally:
        there.close()


def asked(address: str, file: bytes) -> tuple[dict[str, Any], Any]:
    with Client(address) as connection:
        connection.send_bytes(json.dumps({"ask": "picture", "draw": False, "people": 1}).encode())
        connection.send_bytes(file)
        return json.loads(connection.recv_bytes()), json.loads(connection.recv_bytes())


def test_no_more_pictures_are_decoded_at_once_than_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, now, most, decode = threading.Lock(), [0], [0], _pose_desk.decoded

    def counted(file: bytes) -> Any:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        try:
            return decode(file)
        finally:
            with lock:
                now[0] -= 1

    monkeypatch.setattr(_pose_desk, "decoded", counted)
    with desk(tmp_path, 2, monkeypatch) as address, ThreadPoolExecutor(8) as clients:
        answers = list(clients.map(lambda _: asked(address, LARGE), range(16)))
    assert [head["status"] for head, _ in answers] == [404] * 16
    assert most[0] == 2
