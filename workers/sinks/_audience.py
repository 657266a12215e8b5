"""Those who look: what each is to get next, and what has to be made for all of them together.

Who looks at pictures is always given the newest and never an old one. Who looks at video needs every packet
since a key frame; if he cannot keep up, all is dropped until the next key frame.
"""

import asyncio
import contextlib
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from workers.audio._packets import AudioCodec

KEYS_APART = 0.5  # seconds between two key frames that are asked for; each costs all who look
MOST_WORDS = 4  # that wait for one client; there is one so far, "recentre"
MOST_BEHIND = 0.25  # seconds of video that may wait for one client
MOST_UNHEARD = 25  # packets of sound that may wait for one client: half a second
PICTURE, PACKETS, AUDIO = "picture", "packets", "audio"  # the rings


@dataclass(frozen=True)
class Picture:
    """A JPEG and what is known of it; `eyes` as eyes.py has it."""

    jpeg: bytes
    seq: int
    t_capture: int
    eyes: int = 0


@dataclass(frozen=True)
class Packet:
    """A part of the video: one picture, H.264 Annex B; `key`: a decoder can begin here."""

    data: bytes
    seq: int
    t_capture: int
    key: bool
    eyes: int = 0


def hears(audio: Any) -> bool:
    """There is sound, as its settings say."""
    return bool(audio.source != "none")


@dataclass(frozen=True)
class Sound:
    """A packet of what is heard."""

    codec: AudioCodec
    data: bytes
    t_capture: int


Shown = TypeVar("Shown", Picture, Packet | Sound, Sound)


class Client(ABC, Generic[Shown]):
    """Somebody who looks."""

    rings: frozenset[str]

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.sent = self.skipped = 0
        self.gone = False
        self.words: deque[str] = deque(maxlen=MOST_WORDS)
        self._fresh = asyncio.Event()

    @abstractmethod
    def show(self, shown: Shown) -> None:
        """There is something newer."""

    @abstractmethod
    def take(self) -> Shown | None:
        """What to send now."""

    async def next(self, timeout: float | None = None) -> Shown | None:
        """When there is something that he has not got; None when he has left, the time is up, or there is
        only something to say about what he has (stale or not)."""
        try:
            async with asyncio.timeout(timeout):
                await self._fresh.wait()
        except TimeoutError:
            return None
        self._fresh.clear()
        return None if self.gone else self.take()

    def wake(self) -> None:
        self._fresh.set()

    def leave(self) -> None:
        self.gone = True
        self.wake()


class PictureClient(Client[Picture]):
    """Gets the newest picture."""

    rings = frozenset({PICTURE})

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self._newest: Picture | None = None
        self._seen = True

    def show(self, shown: Picture) -> None:
        self.skipped += not self._seen
        self._newest, self._seen = shown, False
        self.wake()

    def take(self) -> Picture | None:
        self.sent += self._newest is not None
        self._seen = True
        return self._newest


class VideoClient(Client[Packet | Sound]):
    """Gets every packet from a key frame on, and those of the sound if he hears. `want_key` is called when he
    needs one."""

    def __init__(self, kind: str, want_key: Callable[[], None], hears: AudioCodec | None = None) -> None:
        super().__init__(kind)
        self.rings = frozenset({PACKETS, AUDIO} if hears else {PACKETS})
        self._want_key, self.hears = want_key, hears
        self._waiting: deque[tuple[float, Packet | Sound]] = deque()
        self._needs_key = True
        want_key()

    def show(self, shown: Packet | Sound) -> None:
        if self._waiting and time.monotonic() - self._waiting[0][0] > MOST_BEHIND:
            self._drop()
        if isinstance(shown, Sound):
            if self._needs_key or shown.codec != self.hears:
                return
        elif self._needs_key and not shown.key:
            self.skipped += 1
            return
        else:
            self._needs_key = False
        self._waiting.append((time.monotonic(), shown))
        self.wake()

    def take(self) -> Packet | Sound | None:
        if not self._waiting:
            return None
        self.sent += 1
        _, packet = self._waiting.popleft()
        if self._waiting:
            self.wake()
        return packet

    async def waiting(self, timeout: float) -> Packet | None:
        """What will be taken next, once there is something; it still will be."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                while not self._waiting:
                    self._fresh.clear()
                    await self._fresh.wait()
        first = self._waiting[0][1] if self._waiting else None
        return first if isinstance(first, Packet) else None

    def lost(self) -> None:
        """Packets are missing: those that wait cannot be decoded."""
        self._drop()

    def _drop(self) -> None:
        self.skipped += len(self._waiting)
        self._waiting.clear()
        self._needs_key = True
        self._want_key()


class SoundClient(Client[Sound]):
    """Gets what is heard, by itself: in this codec, and no more than what is late by a moment."""

    rings = frozenset({AUDIO})

    def __init__(self, kind: str, codec: AudioCodec) -> None:
        super().__init__(kind)
        self._codec = codec
        self._waiting: deque[Sound] = deque(maxlen=MOST_UNHEARD)

    def show(self, shown: Sound) -> None:
        if shown.codec == self._codec:
            self.skipped += len(self._waiting) == MOST_UNHEARD
            self._waiting.append(shown)
            self.wake()

    def take(self) -> Sound | None:
        if not self._waiting:
            return None
        self.sent += 1
        sound = self._waiting.popleft()
        if self._waiting:
            self.wake()
        return sound


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
        self._clients.discard(client)
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
            "sent": sum(client.sent for client in self._clients),
            "skipped": sum(client.skipped for client in self._clients),
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
