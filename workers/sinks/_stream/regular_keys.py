"""For players that cannot ask for a key frame."""

import time
from collections.abc import AsyncIterator

from workers.sinks._audience import Audience
from workers.sinks._clients import Packet, Sound, VideoClient

EVERY = (
    2.0  # seconds; FFmpeg throws away what it looks at first, and who looks by way of a server begins at one
)
STILL = 1.0  # seconds without a picture: the source has a still one, which a player has to have again


async def with_keys(client: VideoClient, audience: Audience) -> AsyncIterator[Packet | Sound]:
    """All that comes for a client, without an end."""
    key = time.monotonic()
    while True:
        shown = await client.next(STILL)
        if shown is None or time.monotonic() - key > EVERY:
            key = time.monotonic()  # once: it is on its way
            audience.want_key()
        if shown is None:
            continue
        if isinstance(shown, Packet) and shown.key:
            key = time.monotonic()
        yield shown
