"""Pictures and sound into one file after the other. Nothing happens by itself, only when something comes."""

import logging
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from av.error import FFmpegError

from workers.sinks._container import size_of
from workers.sinks._part import Part
from workers.sinks._video_codecs import VideoCodec

ENDS_LATER = 2_000_000_000  # ns; so long an old file waits for the sound of its last pictures
ROOM = 64_000_000  # bytes that have to be free before it goes on after the disk was full
LOOK_AGAIN = 1.0  # seconds between two looks at whether they are


class Limits(NamedTuple):
    """Seconds and bytes after which a new file is begun; 0: never."""

    seconds: float
    nbytes: float


class Recording:
    """Begins with a picture at which a decoder can begin, and asks for one where it needs it."""

    def __init__(
        self,
        path: Path,
        video: VideoCodec,
        sound: bool,
        ask_for_key: Callable[[], None],
        log: logging.Logger,
    ) -> None:
        self._path, self._video, self._sound = path, video, sound
        self._ask, self._log = ask_for_key, log
        self._part: Part | None = None
        self._ending: Part | None = None  # the one before, until the sound of its last pictures is there
        self._number = 1
        self._waits, self._asked = True, False
        self._full, self._look_at = False, 0.0

    def picture(self, data: bytes, t_capture: int, stereo: str, limits: Limits) -> None:
        """A packet of the video. `stereo` says where its views are, in the words of _stereo_mode."""
        key = self._video.starts_anew(data)
        if (self._waits and not key) or (self._full and not self._has_room()):
            self._waits = True
            self._ask_once()
            return
        if key:
            self._waits = self._asked = False
        with self._errors_stop_it():
            if self._part is None or (key and self._is_over(self._part, data, t_capture, stereo, limits)):
                self._begin(data, t_capture, stereo)
            elif self._part.is_longer(t_capture, *limits) or stereo != self._part.stereo:
                self._ask_once()
            assert self._part is not None
            self._part.picture(data, t_capture, key)
            if self._ending is not None and t_capture - self._part.begin > ENDS_LATER:
                self._end_the_one_before()

    def hear(self, data: bytes, t_capture: int) -> None:
        """A packet of the sound; what belongs to no picture is left out."""
        with self._errors_stop_it():
            if self._ending is not None and self._part is not None and t_capture < self._part.begin:
                self._ending.hear(data, t_capture)
            elif self._part is not None:
                self._end_the_one_before()
                self._part.hear(data, t_capture)

    def miss(self) -> None:
        """Pictures are lost. The next ones cannot be shown without a new beginning."""
        self._waits, self._asked = True, False

    def close(self) -> None:
        with self._errors_stop_it():
            self._end_the_one_before()
            if self._part is not None:
                self._part.close()
            self._part = None

    def _is_over(self, part: Part, first: bytes, now: int, stereo: str, limits: Limits) -> bool:
        """The file cannot go on, or is to end."""
        other = (size_of(first, self._video), stereo) != (part.size, part.stereo)
        return other or part.is_longer(now, *limits)

    def _begin(self, first: bytes, t_capture: int, stereo: str) -> None:
        self._end_the_one_before()
        part = Part(self._path, self._number, self._video, first, t_capture, stereo, self._sound)
        self._number = part.number + 1  # also where an earlier one is taken away meanwhile
        self._part, self._ending, self._full = part, self._part, False
        self._log.info("writes %s", part.path)

    def _end_the_one_before(self) -> None:
        if self._ending is not None:
            self._ending.close()
        self._ending = None

    @contextmanager
    def _errors_stop_it(self) -> Iterator[None]:
        """What is written stays and can be played. It goes on in a new file when there is room."""
        try:
            yield
        except (OSError, FFmpegError) as error:
            self._log.error("%s: %s; what is written stays, and it goes on when it can", self._path, error)
            for part in filter(None, (self._ending, self._part)):
                with suppress(OSError, FFmpegError):  # it has been said, and there is nothing else to say
                    part.give_up()
            self._part = self._ending = None
            self._waits, self._asked, self._full = True, False, True
            self._look_at = time.monotonic() + LOOK_AGAIN

    def _ask_once(self) -> None:
        if not self._asked and not (self._full and not self._has_room()):
            self._asked = True
            self._ask()

    def _has_room(self) -> bool:
        if time.monotonic() < self._look_at:
            return False
        room = shutil.disk_usage(self._path.parent).free >= ROOM
        if not room:
            self._look_at = time.monotonic() + LOOK_AGAIN
        return room
