"""Who looks gets what is newest; who looks at video gets what he can decode."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from workers.sinks import _audience as module
from workers.sinks._audience import Audience, TooMany
from workers.sinks._clients import MOST_BEHIND, PACKETS, PICTURE, Packet, Picture


class Said:
    """An audience, and what it has told."""

    def __init__(self, most: int = 4) -> None:
        self.looked_at: list[frozenset[str]] = []
        self.asked = 0
        self.audience = Audience(most, self.looked_at.append, self._ask)

    def _ask(self) -> None:
        self.asked += 1


def in_a_loop(test: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    def run() -> None:
        asyncio.run(test())  # type: ignore[arg-type]

    run.__name__ = test.__name__
    return run


def picture(seq: int) -> Picture:
    return Picture(b"jpeg", seq, 0)


def packet(seq: int, key: bool = False) -> Packet:
    return Packet(b"data", seq, 0, key)


@in_a_loop
async def test_contract_a_slow_client_gets_the_newest_picture_and_no_older_one() -> None:
    said = Said()
    client = said.audience.enter("websocket", PICTURE)
    for seq in (1, 2, 3):
        said.audience.show(picture(seq))
    assert (await client.next()).seq == 3
    assert client.skipped == 2
    assert await client.next(0.01) is None
    said.audience.show(picture(4))
    assert (await client.next()).seq == 4


@in_a_loop
async def test_contract_video_begins_at_a_key_frame_and_leaves_nothing_out() -> None:
    said = Said()
    said.audience.show(packet(1))
    client = said.audience.enter("video", PACKETS)
    for seq in (2, 3):
        said.audience.show(packet(seq))
    for seq in (4, 5, 6):
        said.audience.show(packet(seq, key=seq == 4))
    assert [(await client.next()).seq for _ in range(3)] == [4, 5, 6]
    assert client.skipped == 2


@in_a_loop
async def test_contract_who_is_behind_begins_anew_and_asks_for_a_key_frame() -> None:
    said = Said()
    client, quick = said.audience.enter("video", PACKETS), said.audience.enter("video", PACKETS)
    said.audience.show(packet(1, key=True))
    assert (await quick.next()).seq == 1
    await asyncio.sleep(0.01)
    asked = said.asked
    await asyncio.sleep(MOST_BEHIND + module.KEYS_APART)
    said.audience.show(packet(2))
    await asyncio.sleep(0.01)
    assert said.asked == asked + 1
    assert (await quick.next()).seq == 2, "the other one has lost nothing"
    said.audience.show(packet(3, key=True))
    taken = [await client.next(0.01) for _ in range(3)]
    assert [one.seq for one in taken if one] == [3]
    assert client.skipped == 2


@in_a_loop
async def test_contract_behind_a_lost_packet_nothing_is_sent_until_the_next_key_frame() -> None:
    said = Said()
    client = said.audience.enter("video", PACKETS)
    said.audience.show(packet(1, key=True))
    assert (await client.next()).seq == 1
    said.audience.show(packet(3))
    said.audience.show(packet(4))
    said.audience.show(packet(5, key=True))
    taken = [await client.next(0.01) for _ in range(3)]
    assert [one.seq for one in taken if one] == [5]


@in_a_loop
async def test_contract_key_frames_are_asked_for_once_for_all_who_want_one() -> None:
    said = Said(most=10)
    for _ in range(10):
        said.audience.enter("video", PACKETS)
    await asyncio.sleep(0.01)
    assert said.asked == 1
    for _ in range(5):
        said.audience.want_key()
    await asyncio.sleep(module.KEYS_APART / 2)
    assert said.asked == 1
    await asyncio.sleep(module.KEYS_APART)
    assert said.asked == 2


@in_a_loop
async def test_contract_it_is_said_which_rings_are_looked_at() -> None:
    said = Said()
    first = said.audience.enter("websocket", PICTURE)
    second = said.audience.enter("video", PACKETS)
    third = said.audience.enter("mjpeg", PICTURE)
    for client in (first, third, second):
        said.audience.leave(client)
    wanted = [{PICTURE}, {PICTURE, PACKETS}, {PACKETS}, set()]
    assert [set(rings) for rings in said.looked_at] == wanted


@in_a_loop
async def test_contract_the_room_is_for_so_many() -> None:
    said = Said(most=2)
    first = said.audience.enter("websocket", PICTURE)
    said.audience.enter("video", PACKETS)
    with pytest.raises(TooMany, match=r"2 are looking already \(web\.clients\)"):
        said.audience.enter("mjpeg", PICTURE)
    said.audience.leave(first)
    said.audience.enter("mjpeg", PICTURE)


@in_a_loop
async def test_contract_who_leaves_waits_no_longer() -> None:
    said = Said()
    client = said.audience.enter("video", PACKETS)
    waiting = asyncio.ensure_future(client.next())
    await asyncio.sleep(0)
    client.leave()
    assert await waiting is None
    assert client.gone


@in_a_loop
async def test_what_was_sent_is_counted_when_who_got_it_has_left() -> None:
    said = Said()
    client = said.audience.enter("websocket", PICTURE)
    for seq in (1, 2, 3):
        said.audience.show(picture(seq))
    assert await client.next()
    said.audience.leave(client)
    said.audience.leave(client)
    figures = said.audience.figures()
    assert (figures["sent"], figures["skipped"], figures["clients"]) == (1, 2, [])
