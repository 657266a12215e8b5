"""The picture, and the sound beside it, into a video file."""

import contextlib
import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any

from annotated_types import Ge

from shm.lease import Lease
from workers.audio._packets import unpacked
from workers.encode import COLOURS
from workers.sinks._part import FORMATS
from workers.sinks._recording import Limits, Recording
from workers.sinks._stereo_mode import stereo_mode
from workers.sinks._video_codecs import BY_COLOUR
from workers.worker import CannotWork, Wiring, Worker

MOST = 2000  # packets that wait for the disk: half a minute
LAST = 1.0  # seconds for what waits, when it is told to stop


@dataclass(frozen=True)
class Settings:
    """Which file, and how much goes into one."""

    path: Annotated[str, "path"] = ""
    minutes: Annotated[float, Ge(0), "live"] = 0.0
    megabytes: Annotated[float, Ge(0), "live"] = 0.0


class File(Worker):
    """A thread of its own writes: what comes while the disk takes its time waits here, not in the ring."""

    mode = follow_mode = "every-or-count"
    shares = ("audio", "encode", "stereo")

    @classmethod
    def wiring(cls, settings: SimpleNamespace) -> Wiring:
        audio = "audio" if settings.audio.source != "none" else None
        return Wiring("packets", audio, None, {}, {})

    @classmethod
    def sizes(cls, settings: SimpleNamespace, rings: Mapping[str, int]) -> dict[str, int]:
        path, codec = Path(settings.file.path), COLOURS[settings.encode.codec]
        if not settings.file.path:
            raise ValueError(
                "file.path is not set: into which file? Its ending says the format: .mp4, .mkv, .webm"
            )
        if path.suffix not in FORMATS:
            raise ValueError(f"file.path {path}: it ends in none of {', '.join(FORMATS)}")
        if BY_COLOUR[codec] not in FORMATS[path.suffix].videos:
            raise ValueError(
                f"file.path {path}: {path.suffix} takes AV1, not {codec}: set encode.codec=av1 or take .mkv"
            )
        return {}

    def open(self) -> None:
        settings, path = self.settings, Path(self.settings.file.path)
        if not path.parent.is_dir():
            raise CannotWork(f"file.path: there is no folder {path.parent}")
        codec, sound = BY_COLOUR[COLOURS[settings.encode.codec]], settings.audio.source != "none"
        self._sound = FORMATS[path.suffix].sound
        self._recording = Recording(path, codec, sound, self._ask_for_key, self.log)
        self._waiting: queue.Queue[tuple[Callable[..., None], tuple[Any, ...]] | None] = queue.Queue(MOST)
        self._failed: Exception | None = None
        self._seq = self._lost = 0
        self._thread = threading.Thread(target=self._write, name="file", daemon=True)
        self._thread.start()

    def close(self) -> None:
        with contextlib.suppress(queue.Full):
            self._waiting.put_nowait(None)
        self._thread.join(LAST)
        if self._thread.is_alive():
            self.log.error("the disk is too slow; the end of the file is missing")

    def process(self, packet: Lease) -> None:
        if self._failed is not None:
            raise self._failed
        info = packet.info
        self._lost += info.seq - self._seq - 1 if self._seq else 0
        self._seq = info.seq
        if self._lost and self._put(self._recording.miss):
            self.log.warning("%d pictures are lost: the disk, or this machine, is too slow", self._lost)
            self._lost = 0
        wishes = stereo_mode(self.settings.stereo), self._limits
        if not self._put(self._recording.picture, packet.frame.tobytes(), info.t_capture, *wishes):
            self._lost += 1

    def follow(self, packet: Lease, input_live: bool) -> bool:
        codec, data = unpacked(packet.frame)
        if codec is self._sound:
            self._put(self._recording.hear, data, packet.info.t_capture)
        return True

    @property
    def _limits(self) -> Limits:
        file = self.settings.file
        return Limits(60 * file.minutes, 1e6 * file.megabytes)

    def _put(self, what: Callable[..., None], *arguments: Any) -> bool:
        """For the thread to do. False: too much waits already."""
        try:
            self._waiting.put_nowait((what, arguments))
        except queue.Full:
            return False
        return True

    def _write(self) -> None:
        try:
            while (job := self._waiting.get()) is not None:
                what, arguments = job
                what(*arguments)
            self._recording.close()
        except Exception as error:  # noqa: BLE001  the worker itself raises it
            self._failed = error

    def _ask_for_key(self) -> None:
        with contextlib.suppress(OSError):
            self.host.tell("again")
