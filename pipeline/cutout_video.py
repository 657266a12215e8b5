"""People cut out of a video: four videos with its times and its sound. Ctrl-C keeps what there is."""

import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace

from pipeline.cutout_files import CannotCut, Stopped
from pipeline.stopping import stopping

if TYPE_CHECKING:
    from workers.person._networks import Network

PLAIN = {"crf": "18", "preset": "veryfast"}


def cut_video(path: Path, network: "Network", targets: dict[str, Path]) -> str:
    """Writes all files; says how many frames. What was made till then is kept when the video breaks off and
    after Ctrl-C. Raises CannotCut, Stopped or OSError."""
    try:
        with _opened(path) as source, ExitStack() as files, stopping() as stop:
            parts = {kind: files.enter_context(_Part(target, source)) for kind, target in targets.items()}
            count, broken = _cut_frames(source, network, parts, stop)
            if not count:
                raise CannotCut(f"{path}: has no picture that can be read{broken}")
            for part in parts.values():
                part.keep()
    except av.FFmpegError as error:  # a kind of sound, for instance, that the file cannot hold
        remedy = "" if isinstance(error, OSError) else "; put it into an .mkv, whose cut-outs hold any sound"
        raise CannotCut(f"{path}: its cut-outs cannot be written: {error}{remedy}") from error
    if broken:
        raise CannotCut(f"{path}: {count} frames are cut out, then it cannot be read any more{broken}")
    if stop.is_set():
        raise Stopped(f"{path}: stopped; {count} frames are in {', '.join(map(str, targets.values()))}")
    return f"{count} frames"


def _cut_frames(
    source: Any, network: "Network", parts: dict[str, "_Part"], stop: threading.Event
) -> tuple[int, str]:
    """How many frames, and what is wrong with the next."""
    from workers.person._cutout import cut_out  # compiles, the first time
    from workers.person._masks import Masks

    masks, count = Masks(network), 0
    try:
        for packet in source.demux(source.streams.video[0], *source.streams.audio):
            if stop.is_set():
                break
            if packet.stream.type == "audio":
                for part in parts.values():
                    part.copy(packet)
                continue
            for frame in packet.decode():
                picture = _upright(frame)
                made = cut_out(picture, masks(picture))._asdict()
                for kind, part in parts.items():
                    part.add(made[kind], frame.dts if frame.pts is None else frame.pts)
                count += 1
    except av.InvalidDataError as error:
        return count, f": {error}"
    return count, ""


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    try:
        with av.open(str(path)) as source:
            if not source.streams.video:
                raise CannotCut(f"{path}: has no picture")
            source.streams.video[0].thread_type = "AUTO"
            yield source
    except av.InvalidDataError as error:
        raise CannotCut(f"{path}: is not a video that FFmpeg reads: {error}") from error


def _upright(frame: Any) -> Any:
    """uint8[H, W, 3], RGB, the way up that the camera says."""
    return np.ascontiguousarray(np.rot90(frame.to_ndarray(format="rgb24"), round(frame.rotation / 90)))


class _Part:
    """One video while it is being written, under another name."""

    def __init__(self, target: Path, source: Any) -> None:
        self._target = target
        self._file = target.with_name(f".{target.stem}.{os.getpid()}.part{target.suffix}")
        self._container = av.open(str(self._file), "w")
        self._from = source.streams.video[0]
        self._video: Any = None
        self._early: list[Any] = []
        self._sound = {
            stream.index: self._container.add_stream_from_template(stream) for stream in source.streams.audio
        }

    def __enter__(self) -> "_Part":
        return self

    def __exit__(self, *error: object) -> None:
        self._container.close()
        self._file.unlink(missing_ok=True)

    def keep(self) -> None:
        if self._video is not None:
            self._container.mux(self._video.encode(None))
        self._container.close()
        self._file.replace(self._target)

    def copy(self, packet: Any) -> None:
        """A packet of sound, as it is."""
        if packet.dts is None:
            return  # the end of the stream
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
