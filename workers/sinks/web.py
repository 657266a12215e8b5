"""The picture in a browser: a page, an MJPEG stream, snapshots and figures over HTTP."""

import contextlib
import io
from dataclasses import dataclass
from typing import Annotated, Any

import segno
import simplejpeg
from annotated_types import Ge, Le

from shm.lease import Lease
from workers.sinks._web.gate import addresses
from workers.sinks._web.server import Picture, Server
from workers.worker import CannotWork, Worker


@dataclass(frozen=True)
class Settings:
    """Where the page is, who may look, and how good the pictures are."""

    port: Annotated[int, Ge(1), Le(65535)] = 1122
    lan: bool = False
    quality: Annotated[int, Ge(30), Le(100), "live"] = 85


class Web(Worker):
    """Encodes each picture once, however many look, and not at all when nobody does."""

    reads = "picture"

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._looked_at = False

    def open(self) -> None:
        web = self.settings.web
        self._server = Server(web.port, web.lan, self._looking, self.host.house)
        try:
            self._server.open()
        except OSError as error:
            raise CannotWork(
                f"web.port: cannot listen on port {web.port} ({error.strerror}); is another Stereoring "
                "running? Choose another with `--set web.port=…`"
            ) from error
        self.host.tell("looking", value=False)
        self._say_where()

    def close(self) -> None:
        self._server.close()

    def stale(self, stale: bool) -> None:
        self._server.mark_stale(stale)

    def process(self, picture: Lease) -> None:
        if not self._looked_at:
            return
        jpeg = simplejpeg.encode_jpeg(
            picture.frame,
            quality=self.settings.web.quality,
            colorspace="RGB",
            colorsubsampling="420",
            fastdct=True,
        )
        self._server.show(Picture(jpeg, picture.info.seq, picture.info.t_capture))

    def _looking(self, value: bool) -> None:
        """Called by the server's thread; sending a message is all that it does to the worker."""
        self._looked_at = value
        with contextlib.suppress(OSError):
            self.host.tell("looking", value=value)

    def _say_where(self) -> None:
        web, token = self.settings.web, self._server.gate.token
        self.log.info("look at http://127.0.0.1:%d/", web.port)
        if token is None:
            return
        for address in addresses():
            url = f"http://{address}:{web.port}/?token={token}"
            code = io.StringIO()
            segno.make(url, error="l").terminal(code, compact=True)
            self.log.info("from another device: %s\n%s", url, code.getvalue())
