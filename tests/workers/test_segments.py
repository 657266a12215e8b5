"""What a player of HLS is told: segments from key frame to key frame, and their parts once they are whole."""

import random
import re

from workers.sinks._web.segments import KEPT, PART_AT_MOST, TARGET, Fragment, Segments

FRAME = 33_333  # µs


def made(seconds: float) -> Segments:
    """A picture each 33 ms, each of one byte; a key frame each second."""
    segments = Segments()
    segments.begin(b"beginning")
    for number in range(round(seconds * 30)):
        segments.add(Fragment(b"s"))
        segments.add(Fragment(b"p", FRAME, key=number % 30 == 0, ends=number % 30 == 29))
    return segments


def test_contract_every_fragment_is_in_one_segment_and_in_one_part_of_it() -> None:
    segments = made(3.5)
    assert [segments.segment(number) for number in range(3)] == [b"sp" * 30] * 3
    assert segments.segment(3) is None
    parts = b"".join(segments.part(1, number) or b"" for number in range(20))
    assert parts == b"sp" * 30


def test_contract_no_part_is_longer_than_what_is_promised() -> None:
    listed = made(5).playlist()
    durations = [float(one) for one in re.findall(r"PART:DURATION=([\d.]+)", listed)]
    assert durations
    assert max(durations) <= PART_AT_MOST
    assert f"PART-TARGET={PART_AT_MOST:.3f}" in listed
    assert listed.count("INDEPENDENT=YES") == len(re.findall(r'URI="part\d+\.0\.mp4",IND', listed))


def test_contract_old_segments_go_and_their_numbers_do_not_come_again() -> None:
    listed = made(20).playlist()
    numbers = [int(one) for one in re.findall(r"^segment(\d+)", listed, re.MULTILINE)]
    assert numbers == list(range(20 - KEPT, 20))
    assert f"MEDIA-SEQUENCE:{numbers[0]}\n" in listed


def test_contract_another_size_is_a_break_with_a_beginning_of_its_own() -> None:
    segments = made(2.5)
    segments.begin(b"another")
    segments.add(Fragment(b"n", 250_000, key=True))
    listed = segments.playlist()
    assert listed.count("#EXT-X-DISCONTINUITY\n") == 1
    assert listed.index('URI="init0.mp4"') < listed.index("DISCONTINUITY\n") < listed.index('URI="init1.mp4"')
    assert segments.segment(2) == b"sp" * 15


def test_contract_after_a_pause_there_is_nothing_of_before_it_and_numbers_go_on() -> None:
    segments = made(2.5)
    segments.forget()
    segments.begin(b"another")
    segments.add(Fragment(b"n", 250_000, key=True))
    assert not segments.playable
    segments.add(Fragment(b"n", 250_000, ends=True))
    assert segments.playable
    listed = segments.playlist()
    assert re.findall(r"^segment(\d+)", listed, re.MULTILINE) == ["3"]
    assert re.findall(r"init\d+", listed) == ["init1"]
    assert list(segments.beginnings) == [1]


def test_contract_what_is_waited_for_is_there_once_it_is_whole() -> None:
    segments = made(1.5)
    assert segments.has(0, None)
    assert segments.has(1, 0)
    assert not segments.has(1, None)
    assert not segments.has(1, 9)
    assert not segments.has(2, 0)


def test_pictures_that_come_unevenly_make_no_part_longer_than_what_is_promised() -> None:
    rng, segments = random.Random(1), Segments()
    segments.begin(b"beginning")
    lasts = [rng.randrange(25_000, 300_000) for _ in range(400)]
    for number, time in enumerate(lasts):
        segments.add(Fragment(b"p", time, key=number % 7 == 0, ends=number % 7 == 6))
        listed = segments.playlist()
        assert f"TARGETDURATION:{TARGET}\n" in listed
        wholes = [float(one) for one in re.findall(r"EXTINF:([\d.]+)", listed)]
        assert all(round(whole) <= TARGET for whole in wholes)
        assert all(float(one) <= PART_AT_MOST for one in re.findall(r"PART:DURATION=([\d.]+)", listed))
    exact = [round(sum(lasts[at : at + 7]) / 1e6, 6) for at in range(0, 393, 7)]
    assert wholes == exact[-len(wholes) :]
