"""A stream that says where its two views are, for muxers to make theirs after.

PyAV can give a stream no side data; one that is read from a Matroska file with the tag has it.
"""

import io
from contextlib import ExitStack
from typing import Any

import av


def template(video: Any, first: Any, stereo: str, opened: ExitStack) -> Any:
    """`video` with side data for `stereo`, in the words of _stereo_mode. `first`, one of its packets, is
    used up. What is read lives as long as `opened`."""
    memory = io.BytesIO()
    with av.open(memory, "w", format="matroska") as tagged:
        stream: Any = tagged.add_stream_from_template(video, opaque=True)
        stream.metadata["stereo_mode"] = stereo
        first.stream, first.pts, first.dts = stream, 0, 0
        tagged.mux_one(first)
    memory.seek(0)
    return opened.enter_context(av.open(memory, "r")).streams.video[0]
