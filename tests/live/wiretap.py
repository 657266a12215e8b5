"""What others on the line could hear: python wiretap.py INTERFACE PORT FILE writes what comes there by UDP,
or by TCP from this port, into the file; says "listening" when it begins."""

import socket
import struct
import sys
from pathlib import Path

IPV4, TCP, UDP = 0x0800, 6, 17


def main(interface: str, port: int, path: Path) -> None:
    with (
        socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(IPV4)) as line,
        path.open("wb") as file,
    ):
        line.bind((interface, IPV4))
        print("listening", flush=True)
        while True:
            packet, (_, _, direction, *_) = line.recvfrom(1 << 16)
            if direction != socket.PACKET_OUTGOING:
                file.write(said_in(packet, port))
                file.flush()


def said_in(packet: bytes, port: int) -> bytes:
    """What an IPv4 packet carries, if it is one of those."""
    (length,) = struct.unpack_from(">H", packet, 2)
    kind, inner = packet[9], packet[4 * (packet[0] & 15) : length]
    if kind == UDP:
        return inner[8:]
    if kind == TCP and struct.unpack_from(">H", inner) == (port,):
        return inner[4 * (inner[12] >> 4) :]
    return b""


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
