"""Where others ask the pose worker for what is no frame: poses in a picture of theirs, and the live ones as
JSON.

It is in the worker's own process because the networks and the live poses are there, and because who serves
web pages may know nothing of people. Networks of its own answer for pictures, as many at once as there are
cores; the live ones are another thread's and do not wait for them.
"""

import json
import logging
import os
import queue
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection, Listener
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import simplejpeg

from workers.person._bones import draw
from workers.person._largest import LONGEST_SIDE, WHAT
from workers.person._pose_networks import Detector, Landmarks
from workers.person._pose_payload import Pose
from workers.person._pose_words import ms, words_of
from workers.person._tracker import poses_in

log = logging.getLogger(__name__)
Networks = tuple[Detector, Landmarks]
LONGEST_REQUEST = 64 * 1024 * 1024  # bytes
MOST_AT_ONCE = 4
MOST_WAITING = 64  # to be let in; of one more a Mac's system says that nobody listens
QUALITY = 90
PATIENCE = 1.0  # seconds
SWITCH = 0.0005  # seconds that who is back from a network waits for who runs Python; usually ten times that
BAD, NOBODY, TOO_LARGE, FOUND = 400, 404, 413, 200  # as HTTP has them
JSON, JPEG = "application/json", "image/jpeg"


class TooLarge(Exception):
    """A picture with more pixels than are read, or a longer side."""


class PoseDesk:
    """A request is {"ask": "watch"}, or {"ask": "picture", "draw": …, "people": …} and then the file's bytes.
    "watch" is answered with a line for each frame from then on, "picture" with {"status": …, "type": …} and
    the body."""

    def __init__(self, address: str, networks: Callable[[], Networks]) -> None:
        self.take(networks)
        sys.setswitchinterval(SWITCH)
        self._newest: tuple[list[Pose], dict[str, Any]] = [], {}
        self._number = 0
        self._changed = threading.Condition()
        if sys.platform != "win32":
            Path(address).unlink(missing_ok=True)  # of one who was killed
        self._listener, self._closed = Listener(address, backlog=MOST_WAITING), False
        threading.Thread(target=self._accept, name="poses", daemon=True).start()

    def take(self, networks: Callable[[], Networks]) -> None:
        """From now on those."""
        free: queue.SimpleQueue[Networks] = queue.SimpleQueue()
        at_once = min(MOST_AT_ONCE, os.cpu_count() or 1)
        for _ in range(at_once):
            free.put(networks())
        # One after the other as they came: who is first to take from a queue need not have waited longest.
        self._turns, self._free = ThreadPoolExecutor(at_once, thread_name_prefix="poses"), free

    def show(self, poses: list[Pose], facts: dict[str, Any]) -> None:
        """Those of the last frame, and what is to be said of it besides."""
        with self._changed:
            self._newest, self._number = (poses, facts), self._number + 1
            self._changed.notify_all()

    def close(self) -> None:
        self._closed = True
        self._listener.close()

    def _accept(self) -> None:
        while not self._closed:
            try:
                connection = self._listener.accept()
            except OSError as error:
                if not self._closed:  # no descriptor is left: somebody may leave
                    log.warning("nobody more can ask for poses: %s", error)
                    time.sleep(0.1)
                continue
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: Connection) -> None:
        with connection:
            try:
                asked = json.loads(connection.recv_bytes(LONGEST_REQUEST))
                if asked["ask"] == "watch":
                    self._let_watch(connection)
                else:
                    self._answer(connection, asked, connection.recv_bytes(LONGEST_REQUEST))
            except (EOFError, OSError):
                return  # he has left

    def _let_watch(self, connection: Connection) -> None:
        """The first line is of the last frame: of a still picture there may be no other."""
        seen = 0
        while not connection.poll():  # he says nothing more; if there is something, it is that he left
            words, seen = self._newer_than(seen)
            if words:
                connection.send_bytes(words)

    def _newer_than(self, seen: int) -> tuple[bytes, int]:
        """The words of the last frame and its number; no words if nothing newer comes for a while."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._number != seen, PATIENCE):
                return b"", seen
            (poses, facts), number = self._newest, self._number
        return words_of(poses, **facts), number

    def _answer(self, connection: Connection, asked: dict[str, Any], file: bytes) -> None:
        came, free = time.perf_counter(), self._free
        turn = self._turns.submit(_answer_to, free, file, bool(asked["draw"]), int(asked["people"]), came)
        status, kind, body = turn.result()
        connection.send_bytes(json.dumps({"status": status, "type": kind}).encode())
        connection.send_bytes(body)


def _answer_to(
    free: "queue.SimpleQueue[Networks]", file: bytes, draws: bool, people: int, came: float
) -> tuple[int, str, bytes]:
    """In its turn, all of it: what is decoded for somebody who still waits takes memory, and the cores from
    those whose turn it is."""
    begin = time.perf_counter()
    try:
        picture = decoded(file)
    except TooLarge:
        return _wrong(TOO_LARGE, WHAT)
    if picture is None:
        return _wrong(BAD, "this is no picture that can be read, like JPEG, PNG or WebP")
    at, networks = time.perf_counter(), free.get()
    try:
        poses = poses_in(picture, *networks, people)
    finally:
        free.put(networks)
    found = time.perf_counter()
    if not poses:
        return _wrong(NOBODY, "there is nobody in the picture whose pose can be seen")
    if draws:
        for pose in poses:
            draw(pose, picture)
        return FOUND, JPEG, simplejpeg.encode_jpeg(picture, quality=QUALITY, colorspace="RGB")
    times = {"waiting": begin - came, "decoding": at - begin, "finding": found - at, "all": found - came}
    height, width = picture.shape[:2]
    return FOUND, JSON, words_of(poses, width=width, height=height, ms=ms(times))


def decoded(file: bytes) -> Any:
    """uint8[H, W, 3], RGB, upright; None if it is no picture. Raises TooLarge."""
    if not file:
        return None
    try:
        pixels = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_COLOR_RGB)
    except cv2.error as error:
        if error.func == "validateInputImageSize":
            raise TooLarge from error
        return None
    if pixels is not None and max(pixels.shape) > LONGEST_SIDE:
        raise TooLarge
    return pixels


def _wrong(status: int, what: str) -> tuple[int, str, bytes]:
    return status, JSON, json.dumps({"error": what}).encode()
