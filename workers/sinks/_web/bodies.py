"""What is sent to us, as long as it is not too much and does not take too long."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web

BLOCK = 64 * 1024
SENT_WITHIN = 30.0  # seconds


@asynccontextmanager
async def in_time() -> AsyncIterator[None]:
    """Raises HTTPRequestTimeout where what is read meanwhile has not come."""
    try:
        async with asyncio.timeout(SENT_WITHIN):
            yield
    except TimeoutError as error:
        text = f"What was to be sent has not come within {SENT_WITHIN:g} s.\n"
        raise web.HTTPRequestTimeout(text=text) from error


async def read_all(read: Callable[[int], Awaitable[bytes]], most: int) -> bytes:
    """To its end, or a little more than `most` bytes of it."""
    found = bytearray()
    while len(found) <= most and (block := await read(BLOCK)):
        found += block
    return bytes(found)
