"""Somebody who watches the web sink: a process of its own that reads the time code in every picture.

python -m scripts.live_paths.viewer PORT SECONDS: connects, warms up for 3 s, watches, prints one JSON object.
"""

import asyncio
import json
import sys
import time
from typing import Any

import aiohttp
import numpy as np
import simplejpeg

from workers.capture._time_code import read_time_code
from workers.sinks._web.viewing import HEADER

WARM_UP = 3.0  # seconds


async def watch(port: int, seconds: float) -> dict[str, Any]:
    """Numbers of the frames seen, and how old each was (ms) when it had been decoded and read."""
    numbers: list[int] = []
    ages: list[float] = []
    unread = 0
    begin = time.perf_counter() + WARM_UP
    async with aiohttp.ClientSession() as session, session.ws_connect(f"http://127.0.0.1:{port}/ws") as ws:
        async for message in ws:
            if time.perf_counter() > begin + seconds:
                break
            _, t_capture, _, _ = HEADER.unpack_from(message.data)
            number = number_in(message.data[HEADER.size :])
            if time.perf_counter() < begin:
                continue
            if number is None:
                unread += 1
                continue
            numbers.append(number)
            ages.append((time.perf_counter_ns() - t_capture) / 1e6)
    return {"seconds": seconds, "numbers": numbers, "ages_ms": ages, "unread": unread}


def number_in(jpeg: bytes) -> int | None:
    """The time code in the left eye's half of a half-SBS picture, at the shape that it was drawn in."""
    grey = simplejpeg.decode_jpeg(jpeg, colorspace="GRAY", fastdct=True)[..., 0]
    left = grey[: grey.shape[1] // 16, : grey.shape[1] // 2]
    return read_time_code(np.repeat(left, 2, axis=1))


if __name__ == "__main__":
    print(json.dumps(asyncio.run(watch(int(sys.argv[1]), float(sys.argv[2])))))
