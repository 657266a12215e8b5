"""The control panel: its page, and what the page asks of the house. The house may take its time, so it is
asked in threads of their own."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import segno
import yaml
from aiohttp import web

from workers.house import House, Refused
from workers.sinks._stream.places import Places
from workers.sinks._web.bodies import in_time
from workers.sinks._web.gate import FRESH

FILES = Path(__file__).parent / "panel"
ABBREVIATIONS = {"fps", "hdr", "ipd", "lan"}
Json = dict[str, Any]


class Panel:
    """`links()` are the addresses of the pages for other devices."""

    def __init__(self, house: House, links: Callable[[], list[str]]) -> None:
        self._house, self._links = house, links
        self._chinese = yaml.safe_load((FILES / "zh.yaml").read_text(encoding="utf-8"))

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.get("/panel", self._page),
            web.static("/panel", FILES),
            web.get("/api/schema", self._schema),
            web.get("/api/settings", self._settings),
            web.get("/api/devices", self._devices),
            web.get("/api/thumbnail", self._thumbnail),
            web.get("/api/models", self._models),
            web.get("/api/workers", self._workers),
            web.get("/api/log", self._log),
            web.get("/api/address", self._address),
            web.post("/api/set", self._set),
            web.post("/api/reset", self._reset),
            web.post("/api/profile", self._profile),
            web.post("/api/worker", self._worker),
            web.post("/api/download", self._download),
        ]

    async def _page(self, request: web.Request) -> web.StreamResponse:
        return web.FileResponse(FILES / "panel.html", headers=FRESH)

    async def _schema(self, request: web.Request) -> web.Response:
        schema = await _asked(self._house.schema)
        return _json({"sections": [self._in_both(section) for section in schema["sections"]]})

    async def _settings(self, request: web.Request) -> web.Response:
        """With who serves them: the page shows what came over a connection to another anew."""
        return _json({**await _asked(self._house.settings), "server": os.getpid()})

    async def _devices(self, request: web.Request) -> web.Response:
        return _json(await _asked(self._house.devices))

    async def _thumbnail(self, request: web.Request) -> web.Response:
        kind, which = request.query.get("kind", ""), request.query.get("which", "")
        picture = await _asked(self._house.thumbnail, kind, which)
        return web.Response(body=picture, content_type="image/jpeg", headers=FRESH)

    async def _models(self, request: web.Request) -> web.Response:
        found = await _asked(self._house.models)
        return _json({**found, "models": [self._named_in_both(model) for model in found["models"]]})

    async def _workers(self, request: web.Request) -> web.Response:
        figures = await _asked(self._house.figures)
        return _json({key: figures[key] for key in ("workers", "machine")})

    async def _log(self, request: web.Request) -> web.Response:
        since = request.query.get("since", "0")
        if not since.isascii() or not since.isdecimal():
            raise _wrong("since must be a number")
        return _json(await _asked(self._house.log_tail, int(since)))

    async def _address(self, request: web.Request) -> web.Response:
        values = (await _asked(self._house.settings))["values"]
        links = await asyncio.to_thread(lambda: self._links() + _players_links(values))
        return _json({"links": [{"url": url, "code": _code(url)} for url in links]})

    async def _set(self, request: web.Request) -> web.Response:
        asked = await _body(request, section=str, key=str, value=object, save=bool)
        return _json(await _asked(self._house.change, *asked))

    async def _reset(self, request: web.Request) -> web.Response:
        return _json(await _asked(self._house.reset, *await _body(request, section=str, key=str, save=bool)))

    async def _profile(self, request: web.Request) -> web.Response:
        (name,) = await _body(request, name=(str, type(None)))
        return _json(await _asked(self._house.use_profile, name))

    async def _worker(self, request: web.Request) -> web.Response:
        return _json(await _asked(self._house.worker, *await _body(request, name=str, what=str)))

    async def _download(self, request: web.Request) -> web.Response:
        name, cancel = await _body(request, name=str, cancel=bool)
        return _json(await _asked(self._house.cancel_download if cancel else self._house.download, name))

    def _in_both(self, section: Json) -> Json:
        """With names and explanations in both languages."""
        name = section["name"]
        keys = [{**entry, **self._texts(name, entry["key"], entry)} for entry in section["keys"]]
        return {**section, "keys": keys, **self._texts(name, "", section)}

    def _named_in_both(self, model: Json) -> Json:
        words = {key: model[key] for key in ("licence", "about", "why_not")}
        chinese = self._chinese["models"]
        return {**model, **{key: {"en": word, "zh": chinese.get(word, word)} for key, word in words.items()}}

    def _texts(self, section: str, key: str, entry: Json) -> Json:
        name, line = (self._chinese[part].get(section, {}).get(key) for part in ("names", "lines"))
        english = in_english(key or section)
        return {
            "title": {"en": english, "zh": name or english},
            "explanation": {"en": entry["explanation"], "zh": line or entry["explanation"]},
        }


def in_english(name: str) -> str:
    """`swap_eyes` as a person would write it."""
    words = [word.upper() if word in ABBREVIATIONS else word for word in name.split("_")]
    return " ".join([words[0][0].upper() + words[0][1:], *words[1:]])


async def _asked(ask: Callable[..., Any], *arguments: Any) -> Any:
    """The answer of the house; its reasons are the page's to show."""
    try:
        return await asyncio.to_thread(ask, *arguments)
    except Refused as why:
        raise web.HTTPConflict(text=str(why)) from why


async def _body(request: web.Request, **wanted: Any) -> list[Any]:
    """The fields of a JSON object, in the order in which they are wanted."""
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(text="The body must be application/json.\n")
    try:
        async with in_time():
            body = await request.json()
    except ValueError as error:
        raise _wrong(f"The body is no JSON: {error}") from error
    except web.RequestPayloadError as error:
        raise _wrong("The body is not packed as the request says") from error
    for name, kind in wanted.items():
        if not isinstance(body, dict) or name not in body or not isinstance(body[name], kind):
            raise _wrong(f"{name} is missing, or not what it should be")
    return [body[name] for name in wanted]


def _wrong(what: str) -> web.HTTPBadRequest:
    return web.HTTPBadRequest(text=f"{what}\n")


def _json(answer: Any) -> web.Response:
    return web.json_response(answer, headers=FRESH)


def _players_links(values: Json) -> list[str]:
    """Those of the sink `stream`, for other devices. `values` of the settings, as the house gives them."""
    if "stream" not in values["sinks"][""]:
        return []
    return Places(values["stream"]["rtsp_port"], values["stream"]["lan"]).links_elsewhere()


def _code(url: str) -> str:
    """A QR code, as the address of a picture."""
    return str(segno.make(url, error="m").svg_data_uri(border=3, scale=5, light="#fff"))
