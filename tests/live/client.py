"""Somebody who watches: a WebSocket client that notes what comes and when."""

import asyncio
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import aiohttp
import numpy as np
import numpy.typing as npt
import simplejpeg

from tests.live.picture import eyes_of, is_in_stereo, shifts
from tests.pipeline.running import WATCHDOG, until

HEADER = struct.Struct("<QQQB")  # seq, capture time, time of sending (ns), flags
STALE = 1


@dataclass(frozen=True)
class Seen:
    """A message: when it came, and what it was."""

    at: float
    seq: int
    t_capture: int
    stale: bool
    jpeg: bytes = field(repr=False)

    @property
    def picture(self) -> npt.NDArray[np.uint8]:
        return np.asarray(simplejpeg.decode_jpeg(self.jpeg, colorspace="RGB"))


class Client:
    """Watches in a thread of its own, and comes back as the page does when it is cut off."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/ws"
        self._loop = asyncio.new_event_loop()
        self._seen: list[Seen] = []
        self.connections = 0
        self._thread = threading.Thread(target=self._run, daemon=True)

    @classmethod
    @contextmanager
    def watching(cls, port: int) -> Iterator["Client"]:
        client = cls(port)
        client._thread.start()
        try:
            yield client
        finally:
            client.leave()

    @property
    def seen(self) -> list[Seen]:
        """All so far; only the last has its picture still."""
        return list(self._seen)

    @property
    def last(self) -> Seen:
        self.until(lambda: self._seen, "a picture comes")
        return self._seen[-1]

    def until(self, condition: Any, what: str, limit: float = WATCHDOG) -> None:
        until(condition, what, limit)

    def until_new(self, count: int = 5, limit: float = WATCHDOG) -> None:
        """So many pictures of newer frames, none of them stale."""
        start = time.monotonic()

        def enough() -> bool:
            fresh = {one.t_capture for one in self.since(start) if not one.stale}
            return len(fresh) >= count

        self.until(enough, f"{count} new pictures come", limit)

    def until_in_stereo(self) -> None:
        """What the client sees has both eyes; the first pictures may show a screen that is still empty."""

        def holds() -> bool:
            try:
                return is_in_stereo(self.last.picture)
            except AssertionError:
                return False

        self.until(holds, "the picture is in stereo")

    def near_shift(self) -> float:
        """How much farther right the left eye sees the near ball; not a number while it is not there."""
        try:
            return shifts(eyes_of(self.last.picture))[0]
        except AssertionError:
            return float("nan")

    def since(self, start: float) -> list[Seen]:
        return [one for one in self._seen if one.at >= start]

    def longest_gap(self, start: float) -> float:
        """Seconds without a picture of a newer frame, since `start` until now."""
        times, newest = [start], 0
        for one in self.seen:
            if one.t_capture > newest:
                newest = one.t_capture
                times += [one.at] if one.at >= start else []
        times.append(time.monotonic())
        return max(later - earlier for earlier, later in pairwise(times))

    def leave(self) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._task.cancel)
            self._thread.join(10)

    def _run(self) -> None:
        self._task = self._loop.create_task(self._watch())
        try:
            self._loop.run_until_complete(self._task)
        except asyncio.CancelledError:
            pass
        finally:
            self._loop.close()

    async def _watch(self) -> None:
        async with aiohttp.ClientSession() as session:
            while True:
                try:
                    async with session.ws_connect(self._url, max_msg_size=0) as socket:
                        self.connections += 1
                        async for message in socket:
                            self._note(message.data)
                except (aiohttp.ClientError, OSError):
                    pass  # it is not there yet, or no more
                await asyncio.sleep(0.1)

    def _note(self, data: bytes) -> None:
        seq, t_capture, _, flags = HEADER.unpack_from(data)
        if self._seen:  # pictures are large
            before = self._seen[-1]
            self._seen[-1] = Seen(before.at, before.seq, before.t_capture, before.stale, b"")
        self._seen.append(Seen(time.monotonic(), seq, t_capture, bool(flags & STALE), data[HEADER.size :]))
