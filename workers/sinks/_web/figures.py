"""The figures of the whole house, and of those who look: /state as JSON, /metrics for Prometheus."""

import asyncio
import time
from typing import Any

from aiohttp import web
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from workers.house import House, Refused
from workers.sinks._audience import Audience
from workers.sinks._web.gate import FRESH
from workers.sinks._web.growing import Growing
from workers.sinks._web.metrics import exposition


class Figures:
    """Where there is no house, or it does not answer, those of the audience are left; `why_not` says so."""

    def __init__(self, audience: Audience, house: House | None) -> None:
        self._audience, self._house = audience, house
        self._started = time.monotonic()
        self._asking, self._growing = asyncio.Lock(), Growing()

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/state", self._state), web.get("/metrics", self._metrics)]

    async def of_the_house(self) -> dict[str, Any]:
        """As House.figures has them, but for counts that go on when a worker starts anew. Raises Refused."""
        if self._house is None:
            raise Refused("there is no launcher here")
        async with self._asking:
            return self._growing.of(await asyncio.to_thread(self._house.figures))

    async def _all(self) -> dict[str, Any]:
        audience = {"uptime_s": round(time.monotonic() - self._started, 1), **self._audience.figures()}
        try:
            return {**await self.of_the_house(), **audience}
        except Refused as why:
            return {"why_not": str(why), **audience}

    async def _state(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(await self._all(), headers=FRESH)

    async def _metrics(self, request: web.Request) -> web.StreamResponse:
        return web.Response(
            body=exposition(await self._all()), headers={"Content-Type": CONTENT_TYPE_LATEST, **FRESH}
        )
