"""The pages and what belongs to them: plain files beside this one."""

import mimetypes
from pathlib import Path

from aiohttp import web

from workers.sinks._web.gate import FRESH, Gate

FOLDER = Path(__file__).parent / "pages"
VENDOR = Path(__file__).parent / "vendor"  # scripts/vendor.py fills it


class Pages:
    """/ is the viewer; every file in the folder has its name as address."""

    def __init__(self, gate: Gate, https_port: int, sound: bool) -> None:
        self._gate, self._https_port, self._sound = gate, https_port, sound

    def routes(self) -> list[web.RouteDef]:
        files = [web.get(f"/{file.name}", _sender(file)) for file in sorted(FOLDER.iterdir())]
        return [
            web.get("/", _sender(FOLDER / "viewer.html")),
            web.get("/xr", _sender(FOLDER / "xr.html")),
            web.get("/pose", _sender(FOLDER / "pose.html")),
            web.get("/dash", _sender(FOLDER / "dash.html")),
            web.get("/hello", self._hello),
            web.get("/vendor/{library}/{file}", _vendored),
            *files,
        ]

    async def _hello(self, request: web.Request) -> web.StreamResponse:
        """What a page has to know of its visitor, and where the secure pages are (0: nowhere), and whether
        there is sound."""
        gate = self._gate
        known = {"controls": gate.may_control(request), "https_port": self._https_port, "sound": self._sound}
        return web.json_response({**known, "ticket": gate.ticket(request)}, headers=FRESH)


async def _vendored(request: web.Request) -> web.StreamResponse:
    """A library's file. It may have come while the program runs."""
    library, name = request.match_info["library"], request.match_info["file"]
    files = {(file.parent.name, file.name): file for file in VENDOR.glob("*/*")}
    if (library, name) not in files:
        raise web.HTTPNotFound(text=f"{library} is not here; `python scripts/vendor.py` gets it.\n")
    file = files[library, name]
    kind = {"Content-Type": _kind(file), "Cache-Control": "no-cache"}  # kept, if it is still the same
    return web.FileResponse(file, headers=kind)


def _kind(file: Path) -> str:
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    return "text/javascript" if file.suffix == ".js" else kind  # Windows' registry may say anything


def _sender(file: Path) -> "web.types.Handler":  # type: ignore[name-defined]
    kind = _kind(file)

    async def send(request: web.Request) -> web.StreamResponse:
        return web.Response(body=file.read_bytes(), content_type=kind, charset="utf-8", headers=FRESH)

    return send
