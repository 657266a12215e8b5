"""Somebody who joins as the page does; see joining.py."""

import asyncio
import io
import sys
from collections.abc import Callable

import aiohttp
import av
from aiortc import MediaStreamTrack
from aiortc.contrib.media import MediaBlackhole

from scripts.stream_paths import whep


def main(way: str, base: str, seen: Callable[[], None]) -> None:
    """`seen` is called when there is a picture."""
    asyncio.run({"mse": by_mse, "whep": by_whep}[way](base, seen))


async def by_mse(base: str, seen: Callable[[], None]) -> None:
    received = bytearray()
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{base}/mse?sound=1", max_msg_size=0) as ws,
    ):
        while not has_picture(received):
            message = await ws.receive()
            if message.type is aiohttp.WSMsgType.BINARY:
                received += message.data
            elif message.type is not aiohttp.WSMsgType.TEXT:
                raise EOFError(f"the WebSocket was closed: {message}")
        seen()
        reading, told = asyncio.ensure_future(until_closed(ws)), asyncio.ensure_future(until_told())
        await asyncio.wait((reading, told), return_when=asyncio.FIRST_COMPLETED)
        if reading.done():
            raise EOFError("the WebSocket was closed")
        reading.cancel()


def has_picture(data: bytearray) -> bool:
    """Of the beginning of mp4 and as many fragments as have come."""
    if not data:
        return False
    with av.open(io.BytesIO(data), "r") as file:
        return next(file.decode(video=0), None) is not None


async def until_closed(ws: aiohttp.ClientWebSocketResponse) -> None:
    async for _ in ws:
        pass


async def by_whep(base: str, seen: Callable[[], None]) -> None:
    async with aiohttp.ClientSession() as session:
        peer, hole = whep.receiver(), MediaBlackhole()
        videos = asyncio.Queue[MediaStreamTrack]()
        peer.on("track", lambda track: videos.put_nowait(track) if track.kind == "video" else None)
        peer.on("track", hole.addTrack)
        place = await whep.join(peer, session, base)
        await (await videos.get()).recv()
        seen()
        await hole.start()
        await until_told()
        async with session.delete(place, headers=whep.OWN) as answer:
            answer.raise_for_status()
        await hole.stop()
        await peer.close()


async def until_told() -> None:
    """To leave."""
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(sys.stdin, told.set)
    await told.wait()
    loop.remove_reader(sys.stdin)
