"""One file of a recording, which can be played up to its last second though nobody has closed it."""

from pathlib import Path
from typing import NamedTuple

from workers.audio._packets import AAC, OPUS, AudioCodec
from workers.sinks._container import Container, size_of
from workers.sinks._new_file import create
from workers.sinks._video_codecs import AV1, H264, HEVC, VideoCodec


class Format(NamedTuple):
    """FFmpeg's name, what can be in it, and the options that make it whole every second or so."""

    name: str
    videos: tuple[VideoCodec, ...]
    sound: AudioCodec
    options: dict[str, str]


FRAGMENTS = {
    "movflags": "frag_keyframe+default_base_moof+delay_moov",
    "frag_duration": "500000",  # µs
    "flush_packets": "1",
}
CLUSTERS = {"cluster_time_limit": "1000", "flush_packets": "1"}
FORMATS = {
    ".mp4": Format("mp4", (H264, HEVC, AV1), AAC, FRAGMENTS),
    ".mkv": Format("matroska", (H264, HEVC, AV1), OPUS, CLUSTERS),
    ".webm": Format("webm", (AV1,), OPUS, CLUSTERS),
}
"""By the ending of the file's name."""


class Part:
    """Raises OSError and FFmpegError, here and in every method."""

    def __init__(
        self,
        path: Path,
        number: int,
        video: VideoCodec,
        first: bytes,
        begin: int,
        stereo: str,
        sound: bool,
    ) -> None:
        """`number` is the least that its name may have; `first` its first picture, of the time `begin` (ns),
        which is not written yet."""
        form = FORMATS[path.suffix]
        self.begin, self.stereo, self.size = begin, stereo, size_of(first, video)
        self._file = create(path, number)
        self.path, self.number = self._file.path, self._file.number
        try:
            self._container = Container(
                self._file,
                form.name,
                video,
                first,
                stereo=stereo,
                sound=form.sound if sound else None,
                options=form.options,
            )
        except BaseException:
            self._file.give_up()
            raise

    def picture(self, data: bytes, t_capture: int, key: bool) -> None:
        self._container.picture(data, t_capture, key)
        self._file.mark()

    def hear(self, data: bytes, t_capture: int) -> None:
        self._container.hear(data, t_capture)
        self._file.mark()

    def is_longer(self, now: int, seconds: float, nbytes: float) -> bool:
        """Than either; 0 is no limit."""
        return 0 < seconds * 1e9 <= now - self.begin or 0 < nbytes <= self._file.nbytes

    def close(self) -> None:
        """With an end that makes it quick to seek in."""
        self._container.close()
        self._file.close()

    def give_up(self) -> None:
        """As far as it is whole it stays."""
        self._file.give_up()
        try:
            self._container.close()  # what that still writes goes nowhere
        finally:
            self._file.close()
