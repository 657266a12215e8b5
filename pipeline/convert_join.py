"""The end of a conversion: its parts, and the sound, subtitles and chapters of the source, become one file.
Nothing is coded again. The clock of a TV recording begins anywhere, that of the result at 0."""

import heapq
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from pipeline.convert_folder import CannotConvert
from pipeline.convert_subtitles import add_plain, becomes_plain, plain
from workers.capture._clock import packets_of
from workers.capture._readable import usual_length
from workers.convert import Settings
from workers.convert._conversion import End
from workers.convert._encoders import add_video, coded, in_order, options_of
from workers.convert._film import opened, ticks_of
from workers.convert._segments import shift_of
from workers.sinks._stereo_template import template

MATROSKA = (".mkv", ".webm")
CONTAINERS = (".mp4", ".m4v", ".mov", *MATROSKA)
COPIED = ("audio", "subtitle")
SAID_OF_VIDEO = ("language", "title")
Times = list[int]
Packets = Iterator[tuple[float, Any]]


def join(source: Path, segments: Sequence[Path], target: Path, stereo: str, end: End) -> None:
    """`stereo` says where the views are, in the words of workers/sinks/_stereo_mode.py. Raises
    CannotConvert."""
    try:
        with (
            opened(source) as (film, stream),
            av.open(str(target), "w", options=_options(target, stream.time_base)) as made,
            av.open(str(segments[0])) as first,
            ExitStack() as opened_too,
        ):
            origin = max(0, film.start_time or 0)
            early = ticks_of(origin, stream.time_base)
            times = [time - early for time, _ in _video_packets(segments, stream.time_base)]
            if len(times) != end.frames:
                raise CannotConvert(f"{target}: its parts have {len(times)} of {end.frames} frames")
            part = first.streams.video[0]
            like = template(part, next(first.demux(part)), stereo, opened_too)
            video = made.add_stream_from_template(like, opaque=True)
            video.codec_context.extradata = part.codec_context.extradata
            video.time_base = stream.time_base
            if stream.average_rate:  # or it would be what the packets count in, 11988 a second for instance
                video.codec_context.framerate = stream.average_rate
            video.metadata.update(
                {key: said for key, said in stream.metadata.items() if key in SAID_OF_VIDEO}
            )
            if target.suffix.lower() in MATROSKA:
                video.metadata["stereo_mode"] = stereo
            copies = _copied_streams(film, made)
            _copy_about(film, made, origin)
            last = ticks_of(end.last, stream.time_base) or usual_length(stream)
            pictures = _timed(segments, times, last, video, stream.time_base)
            packets = [pictures, _other_packets(film, made, copies, origin)]
            for _, packet in heapq.merge(*packets, key=lambda pair: pair[0]):
                made.mux(packet)
    except (av.FFmpegError, OSError) as error:
        raise CannotConvert(f"{target}: cannot be written: {error}; what is done is kept") from error


def try_out(source: Path, folder: Path, ending: str, convert: Settings, layout: str, swapped: bool) -> None:
    """Two grey frames with all streams, before hours are spent on the real ones. Raises CannotConvert."""
    trial = folder / f"trial{ending}"
    if ending not in CONTAINERS:
        raise CannotConvert(f"{ending}: the result's name has to end in {', '.join(CONTAINERS)}")
    try:
        with opened(source) as (film, stream), av.open(str(trial), "w") as made:
            rate, time_base = stream.average_rate or Fraction(30), stream.time_base
            video = add_video(
                made, convert, options_of(convert, layout, swapped), (256, 256), time_base, rate, 1
            )
            _copied_streams(film, made)
            step, packets = max(1, round(1 / rate / time_base)), list[Any]()
            for number in range(2):
                grey = np.full((256, 256, 3), 128, np.uint8)
                packets += video.encode(coded(grey, video.pix_fmt, number * step, time_base, 1))
            made.mux(in_order([*packets, *video.encode(None)], -len(packets) - 2))
    except (av.FFmpegError, OSError, ValueError) as error:
        raise CannotConvert(
            f"{source}: its streams and {convert.encoder} do not go into {ending}: {error}; .mkv holds "
            "nearly everything, and libx264 works everywhere"
        ) from error
    finally:
        trial.unlink(missing_ok=True)


def _options(target: Path, time_base: Fraction) -> dict[str, str]:
    """The muxer's. An .mp4 is to have the boxes with which it says where the two views are, and to begin when
    the source does, not a fraction of a millisecond beside that."""
    if target.suffix.lower() in MATROSKA:
        return {}
    return {"strict": "unofficial", "movie_timescale": str(max(1000, time_base.denominator))}


def _video_packets(segments: Sequence[Path], time_base: Fraction) -> Iterator[tuple[int, Any]]:
    """(when it is shown, packet) in the order in which they are coded, in the source's units."""
    for path in segments:
        with av.open(str(path)) as part:
            for packet in part.demux(video=0):
                if packet.size:
                    yield (
                        round((packet.pts or 0) * packet.time_base / time_base) - shift_of(time_base),
                        packet,
                    )


def _timed(segments: Sequence[Path], times: Times, last: int, video: Any, time_base: Fraction) -> Packets:
    """With decoding times for the whole: each part's own would go back where it begins. `last`: how long the
    last frame is shown."""
    shown = sorted(times)
    rank = {time: number for number, time in enumerate(shown)}
    late = max(number - rank[time] for number, time in enumerate(times))
    end = shown[-1] + last
    step = shown[1] - shown[0] if len(shown) > 1 else 1
    packets = (packet for _, packet in _video_packets(segments, time_base))
    for number, (time, packet) in enumerate(zip(times, packets, strict=True)):
        early, after = number - late, rank[time] + 1
        packet.time_base, packet.pts = time_base, time
        packet.dts = shown[early] if early >= 0 else shown[0] + early * step
        packet.duration = (shown[after] if after < len(shown) else end) - time
        if number == len(times) - 1:
            packet.duration = end - time  # an .mp4 is as long as what is coded last says
        packet.stream = video
        yield float(packet.dts * time_base), packet


def _copied_streams(film: Any, made: Any) -> dict[int, Any]:
    """Stream of the source, by its number → its place in the result."""
    copies = {}
    for stream in film.streams:
        if stream.type in COPIED:
            copy = add_plain(made) if becomes_plain(stream, made) else made.add_stream_from_template(stream)
            copy.metadata.update(stream.metadata)
            copy.disposition = stream.disposition
            copies[stream.index] = copy
        elif stream.type == "attachment" and made.format.name.startswith("matroska"):
            made.add_attachment(stream.name or "attachment", stream.mimetype or "", stream.data)
    return copies


def _copy_about(film: Any, made: Any, origin: int) -> None:
    made.metadata.update(film.metadata)
    if chapters := film.chapters():
        for chapter in chapters:
            early = ticks_of(origin, chapter["time_base"])
            chapter["start"], chapter["end"] = (max(0, chapter[edge] - early) for edge in ("start", "end"))
        made.set_chapters(chapters)


def _other_packets(film: Any, made: Any, copies: dict[int, Any], origin: int) -> Packets:
    """`origin`: the time in the film, in microseconds, that becomes 0."""
    if not copies:
        return
    last = 0.0
    for packet in packets_of(film, [film.streams[number] for number in copies]):
        if not packet.size:
            continue
        early = ticks_of(origin, packet.time_base)
        packet.pts = None if packet.pts is None else packet.pts - early
        packet.dts = None if packet.dts is None else packet.dts - early
        at = packet.dts if packet.dts is not None else packet.pts
        last = last if at is None else float(at * packet.time_base)
        target = copies[packet.stream.index]
        if becomes_plain(packet.stream, made):
            packet = plain(packet)
            if packet is None:
                continue
        packet.stream = target
        yield last, packet
