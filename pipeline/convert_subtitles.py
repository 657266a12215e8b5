"""The subtitles of an .mp4, which no other container takes, as the plain ones of Matroska."""

import io
from typing import Any

import av

EMPTY = b"1\n00:00:00,000 --> 00:00:01,000\n-\n"  # what FFmpeg needs to know that it is plain text
LENGTH = 2  # bytes before the text that say how long that is; behind it come colours and the like


def becomes_plain(stream: Any, made: Any) -> bool:
    """Whether a stream's packets have to be written otherwise to go into this container."""
    of_mp4 = stream.codec_context is not None and stream.codec_context.name == "mov_text"
    return of_mp4 and made.format.name == "matroska"


def add_plain(made: Any) -> Any:
    """A stream for plain text."""
    with av.open(io.BytesIO(EMPTY), format="srt") as texts:
        return made.add_stream_from_template(texts.streams.subtitles[0])


def plain(packet: Any) -> Any | None:
    """The same text at the same time; None where there is none, as between two."""
    data = bytes(packet)
    text = data[LENGTH : LENGTH + int.from_bytes(data[:LENGTH], "big")]
    if text.startswith((b"\xfe\xff", b"\xff\xfe")):
        text = text.decode("utf-16", "replace").encode()
    if not text.strip():
        return None
    made: Any = av.Packet(text)
    made.pts, made.dts, made.duration = packet.pts, packet.dts, packet.duration
    made.time_base, made.is_keyframe = packet.time_base, True
    return made
