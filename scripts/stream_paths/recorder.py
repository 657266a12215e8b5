"""What comes of a stream, as it comes, in a file: python -m scripts.stream_paths.recorder URL FILE SECONDS.
ws:// is the page's own way (mp4 over a WebSocket), all else is FFmpeg's to open."""

import asyncio
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import av


def record(url: str, path: Path, seconds: float) -> None:
    """Nothing is coded anew; times stay those of the stream."""
    with av.open(url, timeout=30) as stream, av.open(str(path), "w", format="matroska") as file:
        copies: dict[int, Any] = {one.index: file.add_stream_from_template(one) for one in stream.streams}
        end, begun = time.monotonic() + seconds, False
        for packet in stream.demux():
            if time.monotonic() > end:
                return
            begun = begun or (packet.stream.type == "video" and packet.is_keyframe)
            if begun and packet.dts is not None:
                packet.stream = copies[packet.stream.index]
                file.mux(packet)


async def record_page(url: str, path: Path, seconds: float) -> None:
    with path.open("wb") as file, suppress(TimeoutError):
        async with (
            asyncio.timeout(seconds),
            aiohttp.ClientSession() as session,
            session.ws_connect(url, max_msg_size=0) as ws,
        ):
            async for message in ws:
                if message.type is aiohttp.WSMsgType.BINARY:
                    file.write(message.data)


if __name__ == "__main__":
    address, target, lasts = sys.argv[1], Path(sys.argv[2]), float(sys.argv[3])
    if address.startswith("ws://"):
        asyncio.run(record_page(address, target, lasts))
    else:
        record(address, target, lasts)
