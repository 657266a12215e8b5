"""The server of streams: a thread with its own event loop. It knows packets and players, not rings."""

import asyncio
from collections.abc import Callable, Sequence

from workers.audio._packets import AudioCodec
from workers.sinks._audience import Audience
from workers.sinks._clients import Packet, Sound
from workers.sinks._served import Served
from workers.sinks._stream.places import Places
from workers.sinks._stream.player import Player
from workers.sinks._stream.push import LOG, Push, Target
from workers.sinks._stream.tasks import begin
from workers.sinks._web.tokens import is_loopback, view_token

MOST_REQUEST = 16 * 1024  # bytes
SPARE = 8  # connections besides those that play: they have not said yet what they want


class Server(Served):
    """Started in `open`, told of packets by `show`, from the worker's thread."""

    thread_name = "streams"

    def __init__(
        self,
        places: Places,
        most_clients: int,
        looking: Callable[[frozenset[str]], None],
        again: Callable[[], None],
        targets: Sequence[Target] = (),
        sound: AudioCodec | None = None,
    ) -> None:
        """`looking(rings)` and `again()` are called from the server's thread; see Audience. `targets` are
        pushed to; `sound` is what is heard there."""
        super().__init__()
        self._places, self._most = places, most_clients
        self._targets, self._sound = targets, sound
        self._audience = Audience(most_clients + len(targets), looking, again, "stream.clients")
        self._players: set[Player] = set()
        self._listening: asyncio.Server | None = None

    def show(self, shown: Packet | Sound) -> None:
        self.call(self._audience.show, shown)

    async def start(self) -> None:
        pushes = [Push(target, self._audience, self._sound) for target in self._targets]
        if self._places.rtsp_port:
            self._listening = await asyncio.start_server(
                self._met, self._places.bind, self._places.rtsp_port, limit=MOST_REQUEST
            )
        self._pushing = [begin(push.run(), LOG) for push in pushes]

    async def end(self) -> None:
        if self._listening is not None:
            self._listening.close()
        for player in list(self._players):
            player.close()
        for task in self._pushing:
            task.cancel()
        await asyncio.gather(*self._pushing, return_exceptions=True)

    async def _met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._players) >= self._most + SPARE:
            writer.transport.abort()
            return
        here = is_loopback(writer.get_extra_info("peername")[0])
        player = Player(
            reader, writer, self._audience, None if here else view_token(), self._sound is not None
        )
        self._players.add(player)
        try:
            await player.serve()
        finally:
            self._players.discard(player)
