"""People cut out of a video: four videos with its times and its sound. Ctrl-C keeps what there is."""

import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
from av.video.reformatter import ColorRange, Colorspace

from pipeline.cutout_files import VIDEOS, CannotCut, Stopped
from pipeline.stopping import stopping
from workers.convert._whole import put

if TYPE_CHECKING:
    from workers.person._networks import Network

PLAIN = {"crf": "18", "preset": "veryfast"}


def cut_video(path: Path, network: "Network", targets: dict[str, Path]) -> str:
    """Writes all files; says how many frames. What was made is kept when the video breaks off, when something
    of it cannot be copied, and after Ctrl-C. Raises CannotCut, Stopped or OSError."""
    with _opened(path) as source, ExitStack() as files, stopping() as stop:
        try:
            parts = {kind: files.enter_context(_Part(target, source)) for kind, target in targets.items()}
            count, broken = _cut_frames(source, network, parts, stop)
            if not count:
                raise CannotCut(f"{path}: has no picture that can be read{broken}")
            for part in parts.values():
                part.keep()
        except av.FFmpegError as error:
            raise CannotCut(f"{path}: its cut-outs cannot be written: {error.strerror}") from error
        wrong = broken + _without_sound(source, [*parts.values()])
    if stop.is_set():
        made = ", ".join(map(str, targets.values()))
        raise Stopped(f"{path}: stopped; {count} frames are in {made}{wrong}")
    if wrong:
        raise CannotCut(f"{path}: {count} frames are cut out{wrong}")
    return f"{count} frames"


def _cut_frames(
    source: Any, network: "Network", parts: dict[str, "_Part"], stop: threading.Event
) -> tuple[int, str]:
    """How many frames, and what is wrong with others."""
    from workers.capture._readable import rising_time, usual_length
    from workers.capture._upright import Upright
    from workers.person._cutout import cut_out  # compiles, the first time
    from workers.person._masks import Masks

    masks, count, last, broken = Masks(network), 0, None, list[str]()
    film = source.streams.video[0]
    upright = Upright(film.sample_aspect_ratio)
    length = usual_length(film)
    copied = {stream.index: stream for part in parts.values() for stream in part.copied}
    for piece in _pieces(source, [film, *copied.values()], broken):
        if stop.is_set():
            break
        if isinstance(piece, av.Packet):
            for part in parts.values():
                part.copy(piece)
            continue
        picture = upright(piece)
        made = cut_out(picture, masks(picture))._asdict()
        last = rising_time(piece, last, length)
        for kind, part in parts.items():
            part.add(made[kind], last)
        count += 1
    more = f", and {len(broken) - 1} more" if len(broken) > 1 else ""
    return count, f"; what cannot be read is left out: {broken[0]}{more}" if broken else ""


def _pieces(source: Any, streams: list[Any], broken: list[str]) -> Iterator[Any]:
    """Packets of sound and decoded frames as they come. What cannot be decoded is left out, and noted."""
    from workers.capture._clock import packets_of

    packets = packets_of(source, streams)
    while True:
        where = "at its end"
        try:
            packet = next(packets, None)
            if packet is None:
                return
            if packet.dts is not None:
                where = f"at {float(packet.dts * packet.time_base):.2f} s"
            pieces = [packet] if packet.stream.type == "audio" else packet.decode()
        except av.FFmpegError as error:
            broken.append(f"{where}: {error}")
            continue
        yield from pieces


def _without_sound(source: Any, parts: list["_Part"]) -> str:
    """What could not be copied, and where it is missing."""
    said = ""
    for number, stream in enumerate(source.streams.audio, 1):
        names = [part.target.name for part in parts if stream not in part.copied]
        if names:
            kind = stream.codec_context.name if stream.codec_context else "unknown to FFmpeg"
            said += f"; sound {number} ({kind}) cannot be put into {', '.join(names)}"
    return said


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    try:
        source = av.open(str(path.absolute()))  # or 12:30.mp4 would name a protocol
    except av.FFmpegError as error:
        picture = "" if path.suffix.lower() in VIDEOS else "is not a picture that OpenCV reads, and "
        raise CannotCut(f"{path}: {picture}is not a video that FFmpeg reads: {error}") from error
    with source:
        if not source.streams.video or source.streams.video[0].codec_context is None:
            raise CannotCut(f"{path}: has no picture that FFmpeg reads")
        source.streams.video[0].thread_type = "AUTO"
        yield source


class _Part:
    """One video while it is being written, under another name."""

    def __init__(self, target: Path, source: Any) -> None:
        self.target = target
        self._file = target.with_name(f".{target.stem}.{os.getpid()}.part{target.suffix}")
        self._container = av.open(str(self._file.absolute()), "w")
        self._from = source.streams.video[0]
        self._video: Any = None
        self._early: list[Any] = []
        self._sound: dict[int, Any] = {}
        for stream in source.streams.audio:
            with suppress(ValueError):  # of a kind that this file cannot hold, or that FFmpeg does not know
                self._sound[stream.index] = self._container.add_stream_from_template(stream)
        self.copied = [stream for stream in source.streams.audio if stream.index in self._sound]

    def __enter__(self) -> "_Part":
        return self

    def __exit__(self, *error: object) -> None:
        with suppress(av.FFmpegError):  # of a file that is not kept; why not is being said
            self._container.close()
        self._file.unlink(missing_ok=True)

    def keep(self) -> None:
        if self._video is not None:
            self._container.mux(self._video.encode(None))
        self._container.close()
        put(self._file, self.target)

    def copy(self, packet: Any) -> None:
        """A packet of sound, as it is."""
        if packet.dts is None or packet.stream.index not in self._sound:
            return  # the end of the stream, or of one that is not for here
        if self._video is None:
            self._early.append(packet)  # a file's streams are all there before its first packet
            return
        copied = av.Packet(bytes(packet))
        copied.pts, copied.dts, copied.duration = packet.pts, packet.dts, packet.duration
        copied.time_base, copied.stream = packet.time_base, self._sound[packet.stream.index]
        self._container.mux(copied)

    def add(self, pixels: Any, pts: int) -> None:
        if self._video is None:
            self._video = self._stream(pixels)
            for packet in self._early:
                self.copy(packet)
        layout = {2: "gray", 3: "rgb24", 4: "rgba"}[pixels.shape[2] if pixels.ndim == 3 else 2]
        frame = av.VideoFrame.from_ndarray(pixels, format=layout)
        video = self._video  # of the first frame's size, also where the source changes it
        size = {"width": video.width, "height": video.height}
        frame = frame.reformat(**size, format=video.pix_fmt, dst_colorspace=Colorspace.ITU709)
        frame.color_range, frame.colorspace = ColorRange.MPEG, Colorspace.ITU709
        frame.pts, frame.time_base = pts, self._from.time_base
        self._container.mux(self._video.encode(frame))

    def _stream(self, pixels: Any) -> Any:
        height, width = pixels.shape[:2]
        transparent = pixels.shape[2:] == (4,)
        rate = self._from.average_rate
        stream: Any = self._container.add_stream("prores_ks" if transparent else "libx264", rate=rate)
        stream.width, stream.height = width, height
        even = height % 2 == width % 2 == 0
        stream.pix_fmt = "yuva444p10le" if transparent else "yuv420p" if even else "yuv444p"
        stream.options = {"profile": "4444"} if transparent else PLAIN
        stream.codec_context.time_base = self._from.time_base
        context = stream.codec_context
        context.color_range, context.colorspace = ColorRange.MPEG, Colorspace.ITU709
        return stream
