"""The other end of WHEP, by aiortc."""

import aiohttp
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

OWN = {"X-Stereoring": "1"}


def receiver() -> RTCPeerConnection:
    """Of picture and sound; asks no server elsewhere."""
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    for kind in ("video", "audio"):
        peer.addTransceiver(kind, direction="recvonly")
    return peer


async def join(peer: RTCPeerConnection, session: aiohttp.ClientSession, base: str) -> str:
    """The address of its session. Raises aiohttp.ClientResponseError when it is not let in."""
    await peer.setLocalDescription(await peer.createOffer())
    headers = {**OWN, "Content-Type": "application/sdp"}
    async with session.post(f"{base}/whep", data=peer.localDescription.sdp, headers=headers) as answer:
        answer.raise_for_status()
        await peer.setRemoteDescription(RTCSessionDescription(await answer.text(), "answer"))
        return base + answer.headers["Location"]
