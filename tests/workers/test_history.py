"""The short history behind the dashboard: it costs something only while somebody asks."""

import asyncio
from typing import Any

import pytest

from workers.house import Refused
from workers.sinks._web import history
from workers.sinks._web.history import History

FIGURES: dict[str, Any] = {
    "machine": {"cpu_percent": 1.0, "memory_percent": 2.0, "gpus": []},
    "launcher": {"cpu_percent": 1.0, "rss_mb": 2.0},
    "workers": [],
    "rings": [],
}


class House:
    """Counts how often it is looked at, and answers or refuses."""

    def __init__(self) -> None:
        self.looks, self.why_not = 0, ""

    async def look(self) -> dict[str, Any]:
        self.looks += 1
        if self.why_not:
            raise Refused(self.why_not)
        return {"time": float(self.looks), **FIGURES}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "EVERY", 0.01)


def test_samples_are_taken_while_somebody_asks_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "LOOKED_AT", 0.1)

    async def ask() -> None:
        house = House()
        kept = History(house.look)
        await asyncio.sleep(0.05)
        assert house.looks == 0, "nobody has asked yet"
        while not kept.since(0):
            await asyncio.sleep(0.01)
        assert kept.since(kept.since(0)[-1]["time"]) == []
        await asyncio.sleep(0.5)
        looks = house.looks
        await asyncio.sleep(0.2)
        assert house.looks == looks, "nobody has asked for a while"
        before = kept.since(0)[-1]["time"]
        while kept.since(0)[-1]["time"] == before:
            await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(ask(), 30))


def test_it_keeps_ten_minutes_and_says_why_there_is_nothing_new() -> None:
    async def ask() -> None:
        house = House()
        kept = History(house.look)
        kept._samples.extend({"time": -float(number)} for number in range(history.KEPT, 0, -1))
        while not kept.since(0):
            await asyncio.sleep(0.01)
        assert len(kept.since(-history.KEPT - 1)) == history.KEPT
        house.why_not = "the launcher has gone"
        while kept.why_not is None:
            await asyncio.sleep(0.01)
        assert kept.why_not == "the launcher has gone"
        kept.close()

    asyncio.run(asyncio.wait_for(ask(), 30))
