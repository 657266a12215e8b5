"""The web server: a thread with its own event loop. It knows encoded pictures and clients, not rings."""

import logging
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from workers.house import House
from workers.sinks._audience import Audience
from workers.sinks._clients import Packet, Picture, Sound
from workers.sinks._served import Served
from workers.sinks._web.dash import Dash
from workers.sinks._web.doors import SPEAKS_WITHIN, Doors
from workers.sinks._web.figures import Figures
from workers.sinks._web.gate import Gate
from workers.sinks._web.history import History
from workers.sinks._web.hls import Hls
from workers.sinks._web.mse import Mse
from workers.sinks._web.pages import Pages
from workers.sinks._web.panel import Panel
from workers.sinks._web.poses import Poses
from workers.sinks._web.tokens import addresses, view_token
from workers.sinks._web.viewing import Viewing
from workers.sinks._web.whep import Whep

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Places:
    """Where it listens. `https_port` counts where there is a `context`."""

    port: int
    lan: bool
    https_port: int = 0
    context: ssl.SSLContext | None = None
    hls: bool = False

    @property
    def bind(self) -> str:
        return "0.0.0.0" if self.lan else "127.0.0.1"

    def links(self) -> list[str]:
        """Where other devices can look: the page, and a headset's; none while only this machine may."""
        token, found = view_token(), list[str]()
        for address in addresses() if self.lan else ():
            found.append(f"http://{address}:{self.port}/?token={token}")
            if self.context is not None:
                found.append(f"https://{address}:{self.https_port}/xr?token={token}")
            if self.hls:
                found.append(f"http://{address}:{self.port}/hls/{token}/live.m3u8")
        return found


class CannotListen(OSError):
    """The port is taken: `port` says which."""

    def __init__(self, port: int, error: OSError) -> None:
        super().__init__(error.errno, error.strerror)
        self.port = port


class Server(Served):
    """Started in `open`, told of pictures by `show`, from the worker's thread."""

    thread_name = "web"

    def __init__(
        self,
        places: Places,
        most_clients: int,
        looking: Callable[[frozenset[str]], None],
        again: Callable[[], None],
        house: House | None = None,
        sound: bool = False,
        no_video: str = "",
    ) -> None:
        """`sound`: there is some; `no_video` says why there is none. `looking(rings)` and `again()` are
        called from the server's thread; see Audience."""
        super().__init__()
        self._places, self._house, self._sound = places, house, sound
        self._gate = Gate(places.lan)
        self._audience = Audience(most_clients, looking, again, no_video=no_video)

    def show(self, shown: Picture | Packet | Sound) -> None:
        self.call(self._audience.show, shown)

    def say(self, word: str) -> None:
        self.call(self._audience.say, word)

    def mark_stale(self, stale: bool) -> None:
        self.call(self._audience.mark_stale, stale)

    async def start(self) -> None:
        """Raises CannotListen when a port is taken."""
        logging.getLogger("aiohttp.server").addFilter(is_our_fault)
        app = web.Application(middlewares=[self._gate.check])
        app.on_response_prepare.append(self._gate.sign)
        whep = Whep(self._audience, self._sound)
        app.on_shutdown.append(whep.close)
        figures = Figures(self._audience, self._house)
        dash = Dash(History(figures.of_the_house))
        app.on_shutdown.append(dash.close)
        https_port = self._places.https_port if self._places.context else 0
        pages, mse = Pages(self._gate, https_port, self._sound), Mse(self._audience, self._sound)
        if self._places.hls:
            hls = Hls(self._audience, self._sound)
            app.on_shutdown.append(hls.close)
            app.add_routes(hls.routes())
        for part in (pages, Viewing(self._audience), whep, mse, figures, dash):
            app.add_routes(part.routes())
        if self._house is not None:
            app.add_routes(Panel(self._house, self._places.links).routes())
            poses = Poses(self._house, self._audience)
            app.add_routes(poses.routes())
            app.on_shutdown.append(poses.close)
        self._runner = web.AppRunner(
            app, access_log=None, shutdown_timeout=0.2, keepalive_timeout=SPEAKS_WITHIN
        )
        await self._runner.setup()
        assert self._runner.server is not None
        self._runner.server.request_handler = refusing_odd_expectations(self._runner.server.request_handler)
        self._doors, places = Doors(self._runner.server), self._places
        self._listen(places.port, None)
        if places.context is not None:
            self._listen(places.https_port, places.context)

    async def end(self) -> None:
        self._doors.close()
        await self._runner.cleanup()

    def _listen(self, port: int, context: ssl.SSLContext | None) -> None:
        try:
            self._doors.open(self._places.bind, port, context)
        except OSError as error:
            raise CannotListen(port, error) from error


def refusing_odd_expectations(handle: Handler) -> Handler:
    """aiohttp wants to say an `Expect` that it does not know back, and stumbles where that is no text."""

    async def handle_sane(request: web.BaseRequest) -> web.StreamResponse:
        if not request.headers.get("Expect", "").isascii():
            raise web.HTTPExpectationFailed
        return await handle(request)

    return handle_sane


def is_our_fault(record: logging.LogRecord) -> bool:
    """Not what is no HTTP or is packed wrongly, nor that somebody left before his answer: nobody shall fill
    the log with that."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, HttpProcessingError | web.RequestPayloadError | ConnectionError)
