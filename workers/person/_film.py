"""A video behind the person."""

import logging
import threading
import time
from collections.abc import Generator
from contextlib import closing

import av
import numpy as np

from workers.capture._readable import readable, warned_once
from workers.capture._upright import Upright
from workers.person._scenery import CannotShow, Pixels, Scenery, covering

PAUSE = 1.0  # seconds without a picture, after which a video goes on where it was
BEHIND = 1.0  # seconds that it may lag; then it goes on at the pace at which it can be decoded
AGAIN = 1.0  # seconds, until it is looked whether a video that is away is back
log = logging.getLogger(__name__)


class Film:
    """At its own pace, again and again. A thread decodes it, for nobody's picture waits for what is behind
    it: a video that takes longer than it lasts goes slower, and of one that is away the last frame stays."""

    def __init__(self, path: str) -> None:
        """Raises CannotShow."""
        if not path:
            raise CannotShow("background.video is not set: which video?")
        self._path = path
        self._damaged = warned_once(log, path)
        self._upright: Upright | None = None
        self._frames = self._again_and_again()
        self._now, self._length = next(self._frames)
        self._shown = self._now
        self._made = Scenery(np.empty((0, 0, 3), np.uint8), np.empty((0, 0, 3), np.uint8))
        self._asked, self._last_asked = threading.Event(), 0.0
        self._closed = threading.Event()
        threading.Thread(target=self._run, name="film", daemon=True).start()

    def __call__(self, frame: Pixels, mask: Pixels) -> Scenery:
        self._last_asked = time.perf_counter()
        self._asked.set()
        now = self._now
        if now is not self._shown or self._made.behind.shape != frame.shape:
            self._shown, self._made = now, covering(now, frame.shape[0], frame.shape[1])
        return self._made

    def close(self) -> None:
        self._closed.set()
        self._asked.set()

    def _run(self) -> None:
        with closing(self._frames):
            self._asked.wait()
            self._play()

    def _play(self) -> None:
        due, slow = time.perf_counter() + self._length, False
        for picture, length in self._frames:
            late = time.perf_counter() - due
            if late > BEHIND:
                if not slow:
                    log.warning("background.video: %s comes more slowly than it plays, and lags", self._path)
                due, slow = due + late, True
            self._closed.wait(max(0.0, -late))
            if self._was_left():
                due = time.perf_counter()
            if self._closed.is_set():
                return
            self._now = picture
            due += length

    def _was_left(self) -> bool:
        """Nobody wanted it for a while; it comes back when somebody does."""
        self._asked.clear()
        if self._closed.is_set() or time.perf_counter() - self._last_asked < PAUSE:
            return False
        self._asked.wait()
        return True

    def _again_and_again(self) -> Generator[tuple[Pixels, float]]:
        """(frame, seconds that it is shown). Raises CannotShow if there is no first one."""
        shown = said = False
        while True:
            try:
                for picture in self._once():
                    yield picture
                    shown, said = True, False
            except CannotShow as error:
                if not shown:
                    raise
                self._upright = None
                if not said:
                    log.error("%s; its last frame stays until it can be read", error)
                said = True
                self._closed.wait(AGAIN)
                if self._closed.is_set():
                    return

    def _once(self) -> Generator[tuple[Pixels, float]]:
        """Raises CannotShow."""
        shown = False
        try:
            with av.open(self._path) as container:
                stream = container.streams.video[0]
                self._upright = self._upright or Upright(stream.sample_aspect_ratio)
                length = 1 / float(stream.average_rate or 30)
                for frame in readable(container.demux(stream), self._damaged):
                    shown = True
                    yield self._upright(frame), length
        except (av.FFmpegError, OSError, IndexError) as error:
            raise CannotShow(f"background.video: {self._path} cannot be read: {error}") from error
        if not shown:
            raise CannotShow(f"background.video: {self._path} has no picture")
