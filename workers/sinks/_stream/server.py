"""The server of streams: a thread with its own event loop. It knows packets and players, not rings."""

import asyncio
import threading
from collections.abc import Callable, Sequence

from workers.audio._packets import AudioCodec
from workers.sinks._audience import Audience
from workers.sinks._clients import Packet, Sound
from workers.sinks._stream.places import Places
from workers.sinks._stream.player import Player
from workers.sinks._stream.push import LOG, Push, Target
from workers.sinks._stream.tasks import begin
from workers.sinks._web.tokens import is_loopback, view_token

MOST_REQUEST = 16 * 1024  # bytes
SPARE = 8  # connections besides those that play: they have not said yet what they want


class Server:
    """Started in `open`, told of packets by `show`, from the worker's thread."""

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
        self._places, self._most = places, most_clients
        self._targets, self._sound = targets, sound
        self._audience = Audience(most_clients + len(targets), looking, again, "stream.clients")
        self._players: set[Player] = set()
        self._problem: OSError | None = None

    def open(self) -> None:
        """Raises OSError when the port is taken."""
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), name="streams", daemon=True)
        self._thread.start()
        ready.wait()
        if self._problem is not None:
            raise self._problem

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(1.0)

    def show(self, shown: Packet | Sound) -> None:
        self._loop.call_soon_threadsafe(self._audience.show, shown)

    def _run(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            listening = self._loop.run_until_complete(self._start())
        except OSError as error:
            self._problem = error
            return
        finally:
            ready.set()
        self._loop.run_forever()
        if listening is not None:
            listening.close()
        for player in list(self._players):
            player.close()
        for task in self._pushing:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*self._pushing, return_exceptions=True))

    async def _start(self) -> asyncio.Server | None:
        pushes = [Push(target, self._audience, self._sound) for target in self._targets]
        self._pushing = [begin(push.run(), LOG) for push in pushes]
        if not self._places.rtsp_port:
            return None
        return await asyncio.start_server(
            self._met, self._places.bind, self._places.rtsp_port, limit=MOST_REQUEST
        )

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
