"""The page's own ways without a browser: python -m scripts.stream_paths.page_player PORT SECONDS reads the
WebSocket with mp4 and, by aiortc, WebRTC with sound."""

import asyncio
import sys
from contextlib import suppress

import aiohttp
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaBlackhole

OWN = {"X-Stereoring": "1", "Content-Type": "application/sdp"}


async def main(port: int, seconds: float) -> None:
    base = f"http://127.0.0.1:{port}"
    async with aiohttp.ClientSession() as session:
        peer, hole = RTCPeerConnection(RTCConfiguration(iceServers=[])), MediaBlackhole()
        for kind in ("video", "audio"):
            peer.addTransceiver(kind, direction="recvonly")
        peer.on("track", hole.addTrack)
        await peer.setLocalDescription(await peer.createOffer())
        async with session.post(f"{base}/whep", data=peer.localDescription.sdp, headers=OWN) as answer:
            answer.raise_for_status()
            await peer.setRemoteDescription(RTCSessionDescription(await answer.text(), "answer"))
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
