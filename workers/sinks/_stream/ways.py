"""How RTP gets to a player: inside the connection of RTSP, or beside it by UDP."""

import asyncio
import re
import struct
from typing import Protocol

PAIRS_TRIED = 20
_FRAME = struct.Struct(">cBH")


class NoWay(Exception):
    """None of those that the player offers."""


class Way(Protocol):
    """Of one stream."""

    in_the_connection: bool
    transport: str
    """As the answer to SETUP says it."""

    def send(self, packet: bytes) -> None: ...
    def report(self, packet: bytes) -> None: ...
    def close(self) -> None: ...


class Interleaved:
    """Packets of RTP on an even channel of the connection, reports on the odd one behind it."""

    in_the_connection = True

    def __init__(self, writer: asyncio.StreamWriter, channel: int) -> None:
        self._writer, self._channel = writer, channel
        self.transport = f"RTP/AVP/TCP;unicast;interleaved={channel}-{channel + 1}"

    def send(self, packet: bytes) -> None:
        self._writer.write(_FRAME.pack(b"$", self._channel, len(packet)) + packet)

    def report(self, packet: bytes) -> None:
        self._writer.write(_FRAME.pack(b"$", self._channel + 1, len(packet)) + packet)

    def close(self) -> None:
        """The connection is not ours."""


class Datagrams:
    """To two ports of the player's machine, and nobody else's."""

    in_the_connection = False

    def __init__(self, ends: tuple[asyncio.DatagramTransport, asyncio.DatagramTransport], ports: str) -> None:
        self._packets, self._reports = ends
        first, second = (end.get_extra_info("sockname")[1] for end in ends)
        self.transport = f"RTP/AVP;unicast;client_port={ports};server_port={first}-{second}"

    def send(self, packet: bytes) -> None:
        self._packets.sendto(packet)

    def report(self, packet: bytes) -> None:
        self._reports.sendto(packet)

    def close(self) -> None:
        self._packets.close()
        self._reports.close()


async def way_of(offers: str, track: int, writer: asyncio.StreamWriter) -> Way:
    """The first possible one in a header `Transport`. Raises NoWay."""
    for offer in offers.split(","):
        kind, *parts = offer.strip().split(";")
        if "multicast" in parts:
            continue
        if kind == "RTP/AVP/TCP":
            channels = _numbers(parts, "interleaved", 255) or (2 * track, 2 * track + 1)
            return Interleaved(writer, channels[0])
        ports = _numbers(parts, "client_port", 65535)
        if kind in ("RTP/AVP", "RTP/AVP/UDP") and ports is not None and ports[0] > 1023:
            return await _datagrams(writer, ports)
    raise NoWay(offers)


def _numbers(parts: list[str], name: str, most: int) -> tuple[int, int] | None:
    """`name=4-5`: two that follow each other."""
    for part in parts:
        found = re.fullmatch(rf"{name}=(\d{{1,5}})-(\d{{1,5}})", part.strip())
        if found and int(found[2]) == int(found[1]) + 1 <= most:
            return int(found[1]), int(found[2])
    return None


async def _datagrams(writer: asyncio.StreamWriter, ports: tuple[int, int]) -> Datagrams:
    """From two ports of ours that follow each other, the first an even one."""
    here, there = (writer.get_extra_info(name)[0] for name in ("sockname", "peername"))
    loop = asyncio.get_running_loop()
    for _ in range(PAIRS_TRIED):
        packets, _ = await loop.create_datagram_endpoint(
            asyncio.DatagramProtocol, (here, 0), (there, ports[0])
        )
        port = packets.get_extra_info("sockname")[1]
        if port % 2 == 0:
            try:
                reports, _ = await loop.create_datagram_endpoint(
                    asyncio.DatagramProtocol, (here, port + 1), (there, ports[1])
                )
                return Datagrams((packets, reports), f"{ports[0]}-{ports[1]}")
            except OSError:
                pass  # somebody else has that one
        packets.close()
    raise NoWay(f"no two free ports in {PAIRS_TRIED} tries")
