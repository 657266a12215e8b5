"""The page's own ways without a browser: python -m scripts.stream_paths.page_player PORT SECONDS reads the
WebSocket with mp4 and, by aiortc, WebRTC with sound."""

import asyncio
import sys
from contextlib import suppress

import aiohttp
from aiortc.contrib.media import MediaBlackhole

from scripts.stream_paths import whep


async def main(port: int, seconds: float) -> None:
    base = f"http://127.0.0.1:{port}"
    async with aiohttp.ClientSession() as session:
        peer, hole = whep.receiver(), MediaBlackhole()
        peer.on("track", hole.addTrack)
        await whep.join(peer, session, base)
        await hole.start()
        with suppress(TimeoutError):
            async with (
                asyncio.timeout(seconds),
                session.ws_connect(f"{base}/mse?sound=1", max_msg_size=0) as ws,
            ):
                async for _ in ws:
                    pass
        await hole.stop()
        await peer.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2])))
