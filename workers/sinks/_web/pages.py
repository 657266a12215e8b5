"""The pages and what belongs to them: plain files beside this one."""

import mimetypes
from pathlib import Path

from aiohttp import web

from workers.sinks._web.gate import Gate

FOLDER = Path(__file__).parent / "pages"
FRESH = {"Cache-Control": "no-store"}


class Pages:
    """/ is the viewer; every file in the folder has its name as address."""

    def __init__(self, gate: Gate, https_port: int) -> None:
        self._gate, self._https_port = gate, https_port

    def routes(self) -> list[web.RouteDef]:
        files = [web.get(f"/{file.name}", _sender(file)) for file in sorted(FOLDER.iterdir())]
        return [web.get("/", _sender(FOLDER / "viewer.html")), web.get("/hello", self._hello), *files]

    async def _hello(self, request: web.Request) -> web.StreamResponse:
        """What a page has to know of its visitor, and where the secure pages are (0: nowhere)."""
        known = {"controls": self._gate.may_control(request), "https_port": self._https_port}
        return web.json_response(known, headers=FRESH)


def _sender(file: Path) -> "web.types.Handler":  # type: ignore[name-defined]
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    kind = "text/javascript" if file.suffix == ".js" else kind  # Windows' registry may say anything

    async def send(request: web.Request) -> web.StreamResponse:
        return web.Response(body=file.read_bytes(), content_type=kind, charset="utf-8", headers=FRESH)

    return send
