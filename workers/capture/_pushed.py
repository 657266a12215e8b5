"""Sources whose pictures come from somebody else's thread: a camera's driver, a system's capture service."""

import threading
import time
from typing import Any

import numpy as np
import numpy.typing as npt

from workers.capture._frames import Grab, LosableSource

PATIENCE = 0.1  # seconds that a step waits for a picture; longer, and control messages would wait for it
REST = 2.0  # seconds without anybody asking; then nobody looks, and whoever gives pictures may stop
Pixels = npt.NDArray[np.uint8]


class Newest:
    """The newest picture that another thread has. One side puts, the other takes; none waits for the other,
    and what was taken stays as it is until the next is taken."""

    def __init__(self) -> None:
        self._change = threading.Condition()
        self._newest: Grab | None = None
        self._taken: Grab | None = None
        self._free: Pixels | None = None
        self._asked = time.perf_counter()
        self.closed = False
        self.failure: str | None = None
        """Why no more will come, if so."""

    def put(self, picture: Grab) -> bool:
        """Gives it away: its pixels may not be written any more. False: nobody wants pictures now, end."""
        with self._change:
            if self.wanted():
                self._free = self._newest.pixels if self._newest is not None else self._free
                self._newest = picture
                self._change.notify()
            return not self.closed

    def wanted(self) -> bool:
        """Whether anybody has asked lately; if not, it is closed."""
        self.closed = self.closed or time.perf_counter() - self._asked > REST
        return not self.closed

    def put_copy(self, pixels: Pixels, colour: str) -> bool:
        """For pixels that are only lent, captured just now; see `put`."""
        t_capture = time.perf_counter_ns()
        room = self.room(pixels.shape)
        np.copyto(room, pixels)
        return self.put(Grab(room, colour, t_capture))

    def fail(self, why: str) -> None:
        """No more will come."""
        with self._change:
            self.failure = why
            self._change.notify()

    def take(self, timeout: float) -> Grab | None:
        """The newest, once; waits `timeout` seconds for it at most."""
        with self._change:
            self._asked = time.perf_counter()
            self._change.wait_for(lambda: self._newest is not None or self.failure is not None, timeout)
            if self._newest is None:
                return None
            if self._taken is not None:
                self._free = self._taken.pixels
            self._taken, self._newest = self._newest, None
            return self._taken

    def close(self) -> None:
        self.closed = True

    def room(self, shape: tuple[int, ...]) -> Pixels:
        """For the next picture, what neither side has in hand: a fresh array costs as much as the copy."""
        with self._change:
            room, self._free = self._free, None
        return room if room is not None and room.shape == shape else np.empty(shape, np.uint8)


class PushedSource(LosableSource):
    """Begun by the first `grab`: before, nobody looks, and the launcher would not be told that it is away.

    They only have to `start` what puts pictures into `newest`, until `put` says that nobody wants any more
    or `newest.closed` is set, and to `stop` it."""

    what = "the source"
    """Its name in messages."""
    paced = False
    """Whether `start` tells somebody capture.fps, who has to be told anew when it changes."""
    silence = float("inf")
    """Seconds without a picture after which it counts as lost; a screen may well stand still."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._newest: Newest | None = None
        self._last: Grab | None = None
        self._once_more = False
        self._heard = 0.0
        self._fps = 0

    def start(self, newest: Newest) -> None:
        """Raises OSError or ValueError when it is not there."""
        raise NotImplementedError

    def stop(self) -> None:
        """Of what `start` has started."""

    def part_of(self, pixels: Pixels) -> Pixels:
        """What of a picture is to be shown. Raises ValueError when there is no such part."""
        return pixels

    def close(self) -> None:
        if self._newest is not None:
            self._newest.close()
            self._newest = None
            self.stop()

    def again(self) -> None:
        self._once_more = True

    def grab(self) -> Grab | None:
        if self._newest is not None and (self._newest.closed or self._has_another_pace()):
            self.close()  # it has rested, as nobody looked, or is to be asked for another number of pictures
        if self._newest is None and not self._begin():
            return None
        assert self._newest is not None
        picture = self._newest.take(PATIENCE)
        if picture is not None:
            return self._part(self._pass_on(picture))
        if self._newest.failure is not None:
            self._lose(self._newest.failure)
        elif time.perf_counter() - self._heard > self.silence:
            self._lose(f"{self.what} has given no picture for {self.silence:.0f} s; trying to open it anew")
        return self._part(self._repeated())

    def _begin(self) -> bool:
        self._newest, self._heard = Newest(), time.perf_counter()
        self._fps = self.settings.capture.fps
        self._due = 0.0
        self._first = True
        try:
            self.start(self._newest)
        except (OSError, ValueError) as error:
            self._lose(str(error))
            return False
        return True

    def _has_another_pace(self) -> bool:
        return self.paced and self._fps != self.settings.capture.fps

    def _pass_on(self, picture: Grab) -> Grab:
        self._heard = time.perf_counter()
        self._due = max(self._due + 1 / self.settings.capture.fps, self._heard)
        if self._first:
            self._first = False
            self._is_here()
            rows, columns = picture.pixels.shape[:2]
            self.log.info("capturing %d x %d from %s", columns, rows, self.what)
        self._last, self._once_more = picture, False
        return picture

    def _part(self, picture: Grab | None) -> Grab | None:
        if picture is None:
            return None
        try:
            return Grab(self.part_of(picture.pixels), picture.colour, picture.t_capture)
        except ValueError as error:
            self._lose(f"{error}; trying again every second")
            return None

    def _repeated(self) -> Grab | None:
        """The last one, for somebody who has just begun to look."""
        if not self._once_more or self._last is None:
            return None
        self._once_more = False
        return Grab(self._last.pixels, self._last.colour, time.perf_counter_ns())
