"""Somebody who plays a stream with FFmpeg's library and reads the time in every picture.

python -m scripts.stream_paths.player URL WARM_UP SECONDS prints one JSON object: how old each picture was
(ms) when it had been decoded, and the rate. With "quiet" behind that it reads the packets and decodes none.
"""

import json
import sys
import time
from typing import Any

import av
import numpy as np

from workers.capture._time_code import BITS, read_time_code
from workers.capture.scene import TICKS

OPTIONS = {"fflags": "nobuffer", "flags": "low_delay", "probesize": "32768", "rtsp_transport": "tcp"}
LOW_DELAY = 1 << 19


def watch(url: str, warm_up: float, seconds: float) -> dict[str, Any]:
    ages: list[float] = []
    codes: set[int] = set()
    with av.open(url, options=OPTIONS, timeout=30) as stream:
        video: Any = stream.streams.video[0]
        video.codec_context.flags |= LOW_DELAY
        video.thread_type = "NONE"
        begin = time.perf_counter() + warm_up
        for frame in stream.decode(video):
            code, now = number_in(frame), time.perf_counter()
            if now > begin + seconds:
                break
            if now < begin or code is None:
                continue
            codes.add(code)
            ages.append((now * TICKS - code) % 2**BITS * 1000 / TICKS)
    return {"ages_ms": ages, "fps": len(codes) / seconds}


def number_in(frame: Any) -> int | None:
    """The time code in the left eye's half of a half-SBS picture, at the shape that it was drawn in."""
    grey = frame.to_ndarray()[: frame.height]
    return read_time_code(np.repeat(grey[: frame.width // 16, : frame.width // 2], 2, axis=1))


def read(url: str, seconds: float) -> None:
    with av.open(url, options=OPTIONS, timeout=30) as stream:
        end = time.perf_counter() + seconds
        for _ in stream.demux():
            if time.perf_counter() > end:
                return


if __name__ == "__main__":
    if sys.argv[4:] == ["quiet"]:
        read(sys.argv[1], float(sys.argv[3]))
    else:
        print(json.dumps(watch(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]))))
