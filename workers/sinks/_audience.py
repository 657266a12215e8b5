"""All who look together: what has to be made for them, and who gets it."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from workers.audio._packets import AudioCodec
from workers.sinks._clients import (
    AUDIO,
    PACKETS,
    PICTURE,
    Client,
    Packet,
    Picture,
    PictureClient,
    Sound,
    SoundClient,
    VideoClient,
)

KEYS_APART = 0.5  # seconds between two key frames that are asked for; each costs all who look


class NotAdmitted(Exception):
    """The message says why."""


class TooMany(NotAdmitted):
    """There is no room for another one."""


class Audience:
    """All who look. Everything here happens in the server's thread."""

    def __init__(
        self,
        most: int,
        looking: Callable[[frozenset[str]], None],
        again: Callable[[], None],
        limit: str = "web.clients",
        no_video: str = "",
    ) -> None:
        """`looking` is called when somebody looks at other rings than before, `again` when a key frame is
        needed; `limit` is the setting that says how many there may be, `no_video` why there is no video."""
        self._most, self._looking, self._again, self._limit = most, looking, again, limit
        self._no_video = no_video
        self._clients: set[Client[Any]] = set()
        self._looked_at: frozenset[str] = frozenset()
        self._asked, self._asking = 0.0, False
        self._last_seq = 0
        self.picture: Picture | None = None
        self.stale = False  # the source is away; a frame that was under way may come after that was said
        self.shown = 0
        self._sent = self._skipped = 0  # to and for those who have left

    def __len__(self) -> int:
        return len(self._clients)

    def enter(self, kind: str, ring: str, hears: AudioCodec | None = None) -> Any:
        """A new client; who wants ring `audio` alone says in which codec. Raises NotAdmitted."""
        if ring == PACKETS and self._no_video:
            raise NotAdmitted(self._no_video)
        if len(self._clients) >= self._most:
            raise TooMany(f"{self._most} are looking already ({self._limit}).")
        client = self._client(kind, ring, hears)
        self._clients.add(client)
        self._tell()
        if self.picture is not None and ring == PICTURE and kind != "snapshot":
            client.show(self.picture)  # whatever there is, until a newer one comes
        return client

    def _client(self, kind: str, ring: str, hears: AudioCodec | None) -> Client[Any]:
        if ring == PACKETS:
            return VideoClient(kind, self.want_key, hears)
        if ring == AUDIO:
            assert hears is not None
            return SoundClient(kind, hears)
        return PictureClient(kind)

    def leave(self, client: Client[Any]) -> None:
        if client in self._clients:
            self._clients.remove(client)
            self._sent += client.sent
            self._skipped += client.skipped
        self._tell()

    def show(self, shown: Picture | Packet | Sound) -> None:
        ring = AUDIO
        if isinstance(shown, Picture):
            self.picture, self.shown, ring = shown, self.shown + 1, PICTURE
        elif isinstance(shown, Packet):
            self._note_lost(shown)
            ring = PACKETS
        for client in self._clients:
            if ring in client.rings:
                client.show(shown)

    def mark_stale(self, stale: bool) -> None:
        self.stale = stale
        for client in self._clients:
            if PACKETS in client.rings or self.picture is not None:
                client.wake()

    def say(self, word: str) -> None:
        """To all who can be told something."""
        for client in self._clients:
            client.words.append(word)
            client.wake()

    def want_key(self) -> None:
        """Soon, and once for all who ask meanwhile."""
        if not self._asking:
            self._asking = True
            loop = asyncio.get_running_loop()
            loop.call_at(max(loop.time(), self._asked + KEYS_APART), self._ask)

    def figures(self) -> dict[str, Any]:
        picture = self.picture
        return {
            "pictures": self.shown,
            "seq": picture.seq if picture else 0,
            "stale": picture is None or self.stale,
            "age_ms": (time.perf_counter_ns() - picture.t_capture) / 1e6 if picture else None,
            "sent": self._sent + sum(client.sent for client in self._clients),
            "skipped": self._skipped + sum(client.skipped for client in self._clients),
            "clients": [
                {"kind": client.kind, "sent": client.sent, "skipped": client.skipped}
                for client in self._clients
            ],
        }

    def _ask(self) -> None:
        self._asking, self._asked = False, asyncio.get_running_loop().time()
        self._again()

    def _note_lost(self, packet: Packet) -> None:
        """A packet before which others are missing is of no use to those who wait for it."""
        missing, self._last_seq = packet.seq != self._last_seq + 1, packet.seq
        if missing and not packet.key:
            for client in self._clients:
                if isinstance(client, VideoClient):
                    client.lost()

    def _tell(self) -> None:
        looked_at = frozenset(ring for client in self._clients for ring in client.rings)
        if looked_at != self._looked_at:
            self._looked_at = looked_at
            self._looking(looked_at)
