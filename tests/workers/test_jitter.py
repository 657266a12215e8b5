"""Packets that come when they like, on a clock of the test's own."""

import time
from collections.abc import Callable

import numpy as np
import pytest

from workers.voice._codecs import LYRA, SOUNDSTREAM, Codec
from workers.voice._jitter import MOST_DELAY, JitterBuffer
from workers.voice._replays import APART, KEPT, Replays
from workers.voice._rtp import (
    NO_PACKET,
    OPEN_HERE,
    OTHER_CODEC,
    OTHER_TIME,
    OTHER_WEIGHTS,
    OTHER_WORDS,
    REPLAYED,
    Arrived,
    Refused,
    Sealing,
    address,
)
from workers.voice._streams import Streams

FRAME = 0.02


class Line:
    """A sender whose clock runs at `speed`, a network, and who listens."""

    def __init__(self, speed: float = 1.0, jitter: float = 0.0, loss: float = 0.0, seed: int = 1) -> None:
        self.random = np.random.default_rng(seed)
        self.speed, self.jitter, self.loss = speed, jitter, loss
        self.buffer = JitterBuffer(FRAME)
        self.played: list[tuple[float, int | None]] = []
        self.waited: list[float] = []

    def run(self, seconds: float, first: int = 0) -> None:
        count = round(seconds / FRAME)
        sent = [(first + i, (first + i) * FRAME / self.speed) for i in range(count)]
        come = sorted(
            (at + 0.03 + float(self.random.exponential(self.jitter)) if self.jitter else at + 0.03, number)
            for number, at in sent
            if self.random.random() >= self.loss
        )
        for at, number in come:
            self.until(at)
            self.buffer.push(number, str(number).encode(), at)

    def until(self, now: float) -> None:
        while self.buffer.due <= now:
            due = self.buffer.due
            packet = self.buffer.pop(due)
            number = int(packet) if packet is not None else None
            self.played.append((due, number))
            if number is not None:
                self.waited.append(due - number * FRAME / self.speed)

    @property
    def numbers(self) -> list[int]:
        return [number for _, number in self.played if number is not None]


def test_contract_on_a_good_line_every_packet_is_played_once_in_order_and_soon() -> None:
    line = Line()
    line.run(10)
    assert line.numbers == list(range(len(line.numbers)))
    assert len(line.numbers) > 495
    assert max(line.waited) < 0.03 + 0.03
    assert line.buffer.counts.missing == line.buffer.counts.late == 0


def test_contract_packets_that_overtake_each_other_are_played_in_order() -> None:
    line = Line(jitter=0.02)
    line.run(60)
    assert line.numbers == sorted(set(line.numbers))
    counts = line.buffer.counts
    assert counts.missing < 0.03 * counts.played
    assert np.mean(line.waited[-500:]) < 0.03 + 0.15


@pytest.mark.parametrize("loss", [0.05, 0.2])
def test_contract_a_lost_packet_is_not_waited_for(loss: float) -> None:
    line = Line(loss=loss)
    line.run(60)
    assert line.buffer.counts.missing == pytest.approx(loss * 3000, rel=0.2)
    assert max(line.waited) < 0.03 + 0.03
    times = np.diff([at for at, _ in line.played])
    assert np.abs(times - FRAME).max() < 0.001


@pytest.mark.parametrize("speed", [1.0005, 0.9995])
def test_contract_another_clock_is_followed_and_nothing_piles_up(speed: float) -> None:
    line = Line(speed=speed, jitter=0.004)
    line.run(600)  # in which they go 0.3 s apart
    assert abs(np.mean(line.waited[-500:]) - np.mean(line.waited[1000:1500])) < 0.02
    assert len(line.buffer._waiting) < 10
    assert line.buffer.counts.missing < 0.03 * line.buffer.counts.played
    steps = np.diff([at for at, _ in line.played[1000:]])
    assert steps.mean() == pytest.approx(FRAME / speed, rel=1e-4)


def test_contract_who_falls_silent_and_speaks_again_is_heard_at_once() -> None:
    line = Line()
    line.run(2)
    line.until(4.0)
    assert line.buffer.due == float("inf")
    line.run(2, first=250)  # at 5 s
    assert line.numbers[-1] > 340
    assert max(line.waited) < 0.03 + 0.03


@pytest.mark.parametrize("still", [0.2, 0.4, 0.45, 0.7, 3.0])
def test_contract_who_stood_still_for_a_moment_is_heard_again_within_half_a_second(still: float) -> None:
    """A worker that was killed goes on with the next number, though time has gone on too."""
    line = Line()
    line.run(4)
    before = len(line.numbers)
    for number in range(200, 400):
        at = number * FRAME + still + 0.03
        line.until(at)
        line.buffer.push(number, str(number).encode(), at)
    assert 200 - (len(line.numbers) - before) < 25
    assert line.buffer.delay < 0.25 or still < 0.3


def test_contract_the_delay_has_a_limit() -> None:
    line = Line(jitter=0.1)
    line.run(30)
    assert 0.2 < line.buffer.delay <= MOST_DELAY


def test_contract_a_packet_that_comes_twice_is_played_once() -> None:
    buffer = JitterBuffer(FRAME)
    for _ in range(2):
        buffer.push(0, b"a", 1.0)
    assert buffer.counts.twice == 1
    assert buffer.pop(buffer.due) == b"a"
    assert buffer.pop(buffer.due) is None


def test_contract_nothing_piles_up_while_nobody_plays_and_then_the_newest_is_heard() -> None:
    line = Line()
    line.run(2)
    for number in range(100, 5000):
        line.buffer.push(number, str(number).encode(), number * FRAME + 0.03)
        assert len(line.buffer._waiting) < 200
    line.played.clear()
    line.until(5000 * FRAME + 0.03)
    assert len(line.played) < 200, "what is over is not made up for"
    assert line.numbers[-1] > 4990


# Streams ------------------------------------------------------------------------------------------------


def arrived(ssrc: int, number: int, payload: bytes = b"\x01\x10") -> Arrived:
    return Arrived(ssrc, number & 0xFFFF, number * 320 & 0xFFFFFFFF, payload)


def test_contract_one_stray_packet_is_no_stream_and_disturbs_none() -> None:
    streams = Streams(16000, 320)
    assert not streams.take(arrived(7, 100), 0.0)
    assert streams.take(arrived(7, 101), 0.02)
    due = streams.buffer.due
    for i in range(50):  # somebody else, in a row, while the first goes on
        assert not streams.take(arrived(8, 500 + i), 0.04 + 0.02 * i)
        assert not streams.take(arrived(7, 102 + i), 0.04 + 0.02 * i)
    assert streams.buffer.due == pytest.approx(due, abs=0.01)
    assert streams.refused == 51


def test_contract_a_sender_that_was_started_again_is_heard_soon() -> None:
    streams = Streams(16000, 320)
    for i in range(10):
        streams.take(arrived(7, i), 0.02 * i)
    begins = [streams.take(arrived(9, 1000 + i), 0.5 + 0.02 * i) for i in range(3)]
    assert begins == [False, True, False]


@pytest.mark.parametrize("away", [9.0, 11.0, 3600.0])
def test_contract_who_was_away_for_long_is_heard_again(away: float) -> None:
    streams, gone = Streams(16000, 320), round(away / FRAME)
    for i in range(10):
        streams.take(arrived(7, i), FRAME * i)
    begins = [streams.take(arrived(7, gone + i), FRAME * (gone + i)) for i in range(50)]
    assert sum(begins) == (away > 10), "the decoder is told where another stream begins"
    while streams.buffer.due < FRAME * (gone + 50):
        streams.buffer.pop(streams.buffer.due)
    assert streams.buffer.counts.played > 40


@pytest.mark.parametrize("off", [320 * 5000, 7], ids=["far", "between two frames"])
def test_contract_what_does_not_fit_disturbs_nobody_who_speaks(off: int) -> None:
    streams = Streams(16000, 320)
    streams.take(arrived(7, -1), 0.0)
    for i in range(20):
        streams.take(arrived(7, i), FRAME * i)
        assert not streams.take(Arrived(7, 5000 + i, 320 * i + off, b"\x01\x10"), FRAME * i)
    assert [streams.buffer.pop(streams.buffer.due) for _ in range(20)] == [b"\x01\x10"] * 20
    assert streams.refused == 21


Wild = Callable[[int], int | None]


def heard_among(wild: Wild) -> tuple[int, int, int]:
    """How many packets of one who speaks for a minute are heard, how many frames are made, and how many wait
    at most, where between each two another one comes with the time `wild(i)`."""
    streams, played, most = Streams(16000, 320), list[bytes | None](), 0
    for i in range(3000):
        now = FRAME * i
        streams.take(arrived(7, i, b"said"), now)
        if (time := wild(i)) is not None:
            streams.take(Arrived(7, i & 0xFFFF, time & 0xFFFFFFFF, b"wild"), now + 0.01)
        while streams.buffer.due <= now + 0.01 and len(played) < 100_000:
            played.append(streams.buffer.pop(now + 0.01))
        most = max(most, len(streams.buffer._waiting))
    return played.count(b"said"), len(played), most


SECOND = 16000
WILD = {
    "half of all": lambda i: 320 * i + (1 << 31),
    "a little less": lambda i: 320 * i + (1 << 31) - 320,
    "nearly ten seconds ahead": lambda i: 320 * i + 495 * 320,
    "farther and farther": lambda i: 320 * i * 450,
    "a little farther each time": lambda i: 320 * i * 12,
    "forth and back": lambda i: 320 * i + (-1) ** i * 9 * SECOND,
    "now and then far ahead": lambda i: None if i % 5 else 320 * i + 9 * SECOND,
    "any": lambda i: int(np.random.default_rng(i).integers(1 << 32)),
    "any that fits": lambda i: 320 * int(np.random.default_rng(i).integers(1 << 23)),
}


@pytest.mark.parametrize("wild", WILD.values(), ids=WILD)
def test_contract_whatever_time_a_packet_claims_who_speaks_is_heard(wild: Wild) -> None:
    heard, made, waited = heard_among(wild)
    assert heard > 2900
    assert made < 3100, "no silence is made besides"
    assert waited < 50


@pytest.mark.parametrize("step", [12, 450, 499, 501, -12, -450, 1 << 22, -(1 << 22)])
def test_contract_a_sender_whose_time_runs_wild_makes_no_more_frames_than_time_has(step: int) -> None:
    streams, made, most = Streams(16000, 320), 0, 0
    for i in range(3000):
        now = FRAME * i
        streams.take(Arrived(7, i & 0xFFFF, 320 * i * step & 0xFFFFFFFF, b"said"), now)
        while streams.buffer.due <= now + 0.01 and made < 100_000:
            streams.buffer.pop(now + 0.01)
            made += 1
        most = max(most, len(streams.buffer._waiting))
    assert made < 3100
    assert most < 50
    until = 60.0 + 5.0
    while streams.buffer.due < until and made < 100_000:
        streams.buffer.pop(streams.buffer.due)
        made += 1
    assert made < 3200, "and it ends"


def test_contract_numbers_and_times_may_come_round() -> None:
    streams, first = Streams(16000, 320), (1 << 32) // 320 - 5
    for i in range(40):
        at = (first * 320 + 320 * i) % (1 << 32)
        streams.take(Arrived(7, (65530 + i) & 0xFFFF, at, bytes([i])), 0.02 * i)
    played = [streams.buffer.pop(streams.buffer.due) for _ in range(20)]
    assert played == [bytes([i]) for i in range(1, 21)]


# What travels -------------------------------------------------------------------------------------------

OURS = b"ours"


def sealing(words: str = "blue horse", codec: Codec = LYRA, weights: bytes = OURS) -> Sealing:
    return Sealing(words, codec, weights)


def why_refused(by: Sealing, datagram: bytes) -> str:
    with pytest.raises(Refused) as caught:
        by.opened(datagram)
    return str(caught.value)


def test_contract_without_the_words_a_packet_cannot_be_read_made_or_changed() -> None:
    datagram = sealing().datagram(7, 70000, 70000 * 320, b"packet")
    assert sealing().opened(datagram) == Arrived(7, 70000 & 0xFFFF, 70000 * 320, b"packet")
    assert b"packet" not in datagram
    assert why_refused(sealing("blue house"), datagram) == OTHER_WORDS
    assert sealing("").datagram(7, 1, 320, b"packet")[:2] == b"\x80\x60", "RTP, version 2"
    for at in range(len(datagram)):
        changed = bytearray(datagram)
        changed[at] ^= 4
        assert why_refused(sealing(), bytes(changed)) in (NO_PACKET, OTHER_WORDS)


def test_contract_rubbish_is_refused() -> None:
    random = np.random.default_rng(1)
    for length in (0, 1, 12, 13, 20, 40, 1400, 1501, 9000):
        assert why_refused(sealing(), random.bytes(length)) in (NO_PACKET, OTHER_WORDS)


@pytest.mark.parametrize("words", ["blue horse", ""], ids=["sealed", "open"])
def test_contract_a_packet_of_another_codec_or_of_other_weights_is_refused(words: str) -> None:
    packet = (7, 1, 320, b"packet")
    assert why_refused(sealing(words), sealing(words, SOUNDSTREAM).datagram(*packet)) == OTHER_CODEC
    why = why_refused(sealing(words), sealing(words, weights=b"them").datagram(*packet))
    assert why == (OTHER_WEIGHTS if words else OPEN_HERE)
    assert why_refused(sealing(""), sealing().datagram(*packet)) == OPEN_HERE
    assert why_refused(sealing(), sealing("").datagram(*packet)) == OTHER_WORDS


def test_contract_what_was_recorded_is_refused_at_once_and_later(monkeypatch: pytest.MonkeyPatch) -> None:
    ears, call = sealing(), sealing()
    recorded = [call.datagram(7, i, 320 * i, b"packet") for i in range(2000)]
    for datagram in recorded:
        ears.opened(datagram)
    others = [call.datagram(8, i, 320 * i, b"packet") for i in range(10)]
    for datagram in others:
        ears.opened(datagram)
    assert {why_refused(ears, datagram) for datagram in recorded + others} == {REPLAYED}
    later = time.time() + APART + 2
    monkeypatch.setattr(time, "time", lambda: later)
    another = sealing()
    assert {why_refused(another, datagram) for datagram in recorded} == {OTHER_TIME}


@pytest.mark.parametrize("hours", [-3, 3])
def test_contract_clocks_that_are_far_apart_are_said(monkeypatch: pytest.MonkeyPatch, hours: int) -> None:
    datagram, now = sealing().datagram(7, 1, 320, b"packet"), time.time()
    monkeypatch.setattr(time, "time", lambda: now + 3600 * hours)
    assert why_refused(sealing(), datagram) == OTHER_TIME


# Replays ------------------------------------------------------------------------------------------------


def test_contract_each_packet_is_new_once_in_any_order_and_over_the_end_of_its_numbers() -> None:
    random, replays, first = np.random.default_rng(1), Replays(320), (1 << 32) - 320 * 5000
    order = np.argsort(np.arange(10_000) + random.exponential(20, 10_000))
    for i in order:
        assert replays.is_new(7, (first + 320 * int(i)) % (1 << 32), 0.0)
    for i in order:
        assert not replays.is_new(7, (first + 320 * int(i)) % (1 << 32), 0.0)


def test_contract_streams_are_known_until_their_packets_are_too_old_anyway() -> None:
    replays = Replays(320)
    for ssrc in range(500):
        assert replays.is_new(ssrc, 320, float(ssrc))
    assert not any(replays.is_new(ssrc, 320, 500.0) for ssrc in range(500))
    assert replays.is_new(500, 320, 500.0 + KEPT + 1)
    assert len(replays._streams) == 1, "nothing piles up"


@pytest.mark.parametrize("text", ["", "host", "host:", "host:0", "host:70000", ":5"])
def test_contract_what_is_no_address_is_said(text: str) -> None:
    with pytest.raises(ValueError, match="no HOST:PORT"):
        address(text, "call.to")


def test_contract_addresses() -> None:
    assert address("[::1]:5", "call.to") == ("::1", 5)
    assert address("example.org:1124", "call.to") == ("example.org", 1124)
