"""What is sent to us, as long as it is not too much."""

from collections.abc import Awaitable, Callable

BLOCK = 64 * 1024


async def read_all(read: Callable[[int], Awaitable[bytes]], most: int) -> bytes:
    """To its end, or a little more than `most` bytes of it."""
    found = bytearray()
    while len(found) <= most and (block := await read(BLOCK)):
        found += block
    return bytes(found)
