"""What is sent to somebody who looks must not pile up on this machine: it would only get old there."""

import asyncio
import socket
import sys

LOWAT = 16 * 1024  # bytes
PATIENCE = 2.0  # seconds for what is sent to leave this machine
_NOTSENT_LOWAT = getattr(socket, "TCP_NOTSENT_LOWAT", 25 if sys.platform == "linux" else None)


def keep_little(transport: asyncio.WriteTransport | None) -> None:
    """Have a picture leave our buffers before the next is chosen."""
    if transport is None:
        return
    transport.set_write_buffer_limits(high=0)
    connection = transport.get_extra_info("socket")
    if connection is not None and _NOTSENT_LOWAT is not None:
        connection.setsockopt(socket.IPPROTO_TCP, _NOTSENT_LOWAT, LOWAT)
    elif connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 256 * 1024)
