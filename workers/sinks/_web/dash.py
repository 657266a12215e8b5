"""The dashboard: its page, and the figures that it plots."""

from typing import Any

from aiohttp import web

from workers.sinks._web.gate import FRESH
from workers.sinks._web.history import History


class Dash:
    """What is beyond the page itself, which lies with the others."""

    def __init__(self, history: History) -> None:
        self._history = history

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/api/figures", self._figures)]

    async def close(self, app: web.Application) -> None:
        self._history.close()

    async def _figures(self, request: web.Request) -> web.StreamResponse:
        """`samples` after the time `since`; `why_not` where the house does not answer."""
        answer: dict[str, Any] = {"samples": self._history.since(_number(request.query.get("since", "0")))}
        if self._history.why_not is not None:
            answer["why_not"] = self._history.why_not
        response = web.json_response(answer, headers=FRESH)
        response.enable_compression()
        return response


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise web.HTTPBadRequest(text="since must be a number\n") from error
