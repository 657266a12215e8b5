"""Films made for tests: a moving pattern with what a test wants to know of it."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.video.reformatter import Colorspace

MILLISECONDS = Fraction(1, 1000)
SCENES = ((60, 40), (200, 90))
"""Grey level and how far it goes from there, of the two sorts of scenes; a cut goes from one to the other."""


def picture(number: int, scene: int, size: tuple[int, int] = (96, 128)) -> npt.NDArray[np.uint8]:
    """A pattern that drifts by two pixels a frame."""
    rows, columns = np.indices(size)
    base, depth = SCENES[scene % 2]
    waves = np.sin((columns + 2 * number) / 7) * np.cos(rows / 5)
    grey = np.clip(base + depth * waves * 0.5, 0, 255).astype(np.uint8)
    return np.dstack([grey, np.roll(grey, 9, 1), 255 - grey])


def add_film(container: Any, size: tuple[int, int], codec: str = "libx264", **options: str) -> Any:
    film: Any = container.add_stream(codec, rate=25, options={"crf": "12", **options})
    film.height, film.width = size
    film.pix_fmt = "yuv420p"
    film.codec_context.time_base = MILLISECONDS
    return film


def add_frames(
    container: Any, film: Any, times: Sequence[int], cuts: Sequence[int] = (), last: int = 0
) -> None:
    """At these milliseconds; a scene begins at each number in `cuts`; the last is shown for `last` of them,
    unless that is 0."""
    made = []
    for number, time in enumerate(times):
        scene = sum(number >= cut for cut in cuts)
        frame = av.VideoFrame.from_ndarray(picture(number, scene, (film.height, film.width)), format="rgb24")
        frame.pts, frame.time_base = time, MILLISECONDS
        made += film.encode(frame)
    made += film.encode(None)
    if last:
        made[-1].duration = int(last * MILLISECONDS / made[-1].time_base)
    container.mux(made)


def add_sound(container: Any, sound: Any, seconds: float) -> None:
    """A tone."""
    rate = 48000
    tone = np.sin(np.arange(int(seconds * rate)) * 440 * 2 * np.pi / rate).astype(np.float32)
    for begin in range(0, len(tone) - 1024, 1024):
        frame = av.AudioFrame.from_ndarray(tone[None, begin : begin + 1024], format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = rate, begin, Fraction(1, rate)
        container.mux(sound.encode(frame))
    container.mux(sound.encode(None))


def recorded(path: Path, begin: float, pictures: int = 25, heard: float = 1) -> Path:
    """Pictures, and a tone that begins a tenth of a second after them, by a clock that begins at `begin`."""
    plain = path.with_name("plain.mkv")
    with av.open(str(plain), "w") as container:
        film = add_film(container, (64, 96), bf="0")
        sound: Any = container.add_stream("ac3", rate=48000)
        sound.layout = "mono"
        add_frames(container, film, [40 * number for number in range(pictures)])
        add_sound(container, sound, heard)
    with av.open(str(plain)) as there, av.open(str(path), "w") as container:
        copies = [container.add_stream_from_template(stream) for stream in there.streams]
        chapter = {"id": 1, "time_base": Fraction(1, 1000), "metadata": {"title": "One"}}
        container.set_chapters([{**chapter, "start": int(1000 * begin), "end": int(1000 * begin) + 500}])
        for packet in there.demux():
            if packet.size:
                late = begin + 0.1 * packet.stream.index
                packet.pts += int(late / packet.time_base)
                packet.dts += int(late / packet.time_base)
                packet.stream = copies[packet.stream.index]
                container.mux(packet)
    return path


def as_a_phone_films(path: Path, right_way_up: npt.NDArray[np.uint8]) -> None:
    """One frame, lying on its side and half as high; its colours are BT.709, which it does not say."""
    lying = np.ascontiguousarray(np.rot90(right_way_up)[::2])
    with av.open(str(path), "w") as target:
        film = add_film(target, lying.shape[:2], **{"x264-params": "sar=1/2"})
        film.set_display_rotation(-90)
        frame = av.VideoFrame.from_ndarray(lying, format="rgb24")
        frame = frame.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709)
        frame.colorspace = 2  # unspecified
        target.mux(film.encode(frame))
        target.mux(film.encode(None))


def shown_times(path: Path) -> list[Fraction]:
    with av.open(str(path)) as container:
        return [frame.pts * frame.time_base for frame in container.decode(video=0)]


def packets(path: Path, kind: str, which: int = 0) -> list[tuple[Fraction, bytes]]:
    """When, and the bytes as they are."""
    with av.open(str(path)) as container:
        stream = [one for one in container.streams if one.type == kind][which]
        return [(one.pts * one.time_base, bytes(one)) for one in container.demux(stream) if one.size]


def spoilt(source: Path, target: Path, which: int, kind: str) -> Path:
    """All packets; this one of that kind is nothing but zeros."""
    with av.open(str(source)) as film, av.open(str(target), "w") as made:
        streams = {one.index: made.add_stream_from_template(one) for one in film.streams}
        left = which
        for packet in film.demux():
            if packet.dts is None:
                continue
            left -= packet.stream.type == kind
            rubbish = left == 0 and packet.stream.type == kind
            copy = av.Packet(bytes(packet.size) if rubbish else bytes(packet))
            copy.pts, copy.dts, copy.duration = packet.pts, packet.dts, packet.duration
            copy.time_base, copy.stream = packet.time_base, streams[packet.stream.index]
            copy.is_keyframe = packet.is_keyframe
            made.mux(copy)
    return target


def played_after_each_other(folder: Path, parts: Sequence[Path]) -> Path:
    """One file, as recorders and `cat` join transport streams: the clock of each part begins anew."""
    whole = folder / "joined.ts"
    whole.write_bytes(b"".join(part.read_bytes() for part in parts))
    return whole
