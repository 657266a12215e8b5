"""Sound beside pictures: brought to our clock, and coded."""

import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest

from tests.workers.heard import claps, packets
from tests.workers.one_process import host
from workers.audio import Settings
from workers.audio._packets import AAC, OPUS, RATE
from workers.audio._timeline import PATIENCE, Timeline
from workers.audio.live import Live
from workers.sound.sound_file import Settings as FileSettings

Sound = npt.NDArray[np.float32]
TONE = 1000.0  # Hz
PIECE = 480
BEGIN = 7_000_000_000  # ns


def device(seconds: float, clock: float = 1.0, late: float = 0.0) -> Iterator[tuple[Sound, int]]:
    """A tone as a device hands it out whose clock runs so fast, some of it so late."""
    chance, rate = np.random.default_rng(1), RATE * clock
    for first in range(0, round(seconds * rate), PIECE):
        at = np.arange(first, first + PIECE) / rate
        tone = np.float32(0.5 * np.sin(2 * np.pi * TONE * at))
        arrival = (first + PIECE) / rate + late * chance.random() ** 3
        yield tone.repeat(2).reshape(-1, 2), BEGIN + round(1e9 * arrival)


def samples(timeline: Timeline) -> Sound:
    parts = [frame.to_ndarray().reshape(-1, 2)[:, 0] for frame in timeline.take()]
    return np.concatenate(parts or [np.zeros(0, np.float32)])


def second(heard: Sound, number: int) -> tuple[float, float]:
    """How far the tone of this second is from where it should be, in ms, and what else is in it, in dB."""
    part = heard[number * RATE : (number + 1) * RATE]
    turn = np.exp(-2j * np.pi * TONE * np.arange(number * RATE, (number + 1) * RATE) / RATE)
    amplitude = 2 * np.mean(part * turn)
    rest = part - np.real(amplitude / turn)
    return (
        float(np.angle(amplitude * 1j) / (2 * np.pi * TONE) * 1000),
        float(20 * np.log10(rest.std() / part.std() + 1e-9)),
    )


@pytest.mark.parametrize("clock", [1.0, 1.0003, 0.9997])
def test_contract_a_device_whose_clock_is_off_is_kept_at_ours_without_clicks(clock: float) -> None:
    timeline = Timeline(BEGIN)
    for sound, heard in device(30, clock):
        timeline.add(sound, heard)
    whole = samples(timeline)
    off, rest = zip(*(second(whole, number) for number in range(15, 29)), strict=True)
    assert max(map(abs, off)) < 0.4, "9 ms would be there without it; the tone's own wave is 1 ms"
    assert max(rest) < -50
    assert len(whole) == pytest.approx(30 * RATE, abs=PIECE)


def test_contract_pieces_that_come_late_do_not_move_the_sound() -> None:
    timeline = Timeline(BEGIN)
    for sound, heard in device(10, late=0.04):
        timeline.add(sound, heard)
    whole = samples(timeline)
    off, rest = zip(*(second(whole, number) for number in range(6, 9)), strict=True)
    assert max(off) - min(off) < 0.5
    assert max(rest) < -40


def test_contract_what_a_device_does_not_give_is_silence_of_the_same_length() -> None:
    timeline, silent = Timeline(BEGIN), (2.0, 4.0)
    for sound, heard in device(8):
        if not silent[0] < (heard - BEGIN) / 1e9 < silent[1]:
            timeline.add(sound, heard)
        timeline.fill(heard)
    whole = samples(timeline)
    assert len(whole) == pytest.approx(8 * RATE, abs=0.01 * RATE)
    loud = [np.abs(whole[at : at + 4800]).max() > 0.1 for at in range(0, len(whole) - 4800, 4800)]
    assert loud[:19] == [True] * 19
    assert not any(loud[21:38])
    assert all(loud[55:78])
    assert abs(second(whole, 6)[0]) < 0.2, "a second later it is where it was"


def test_contract_without_any_device_there_is_silence_by_the_clock() -> None:
    timeline = Timeline(BEGIN)
    timeline.fill(BEGIN + 3_000_000_000)
    whole = samples(timeline)
    assert len(whole) == pytest.approx((3 - PATIENCE) * RATE, abs=50)
    assert not whole.any()


def clap_and_silence(path: Path) -> None:
    """0.5 s of silence, a clap of 50 ms, silence to the end of the second."""
    sound = np.zeros((RATE, 2), np.int16)
    sound[RATE // 2 : RATE // 2 + RATE // 20] = np.int16(
        12000 * np.sin(2 * np.pi * TONE * np.arange(RATE // 20) / RATE)
    )[:, None]
    with av.open(str(path), "w") as out:
        stream: Any = out.add_stream("pcm_s16le", rate=RATE, layout="stereo")
        frame = av.AudioFrame.from_ndarray(sound.reshape(1, -1), format="s16", layout="stereo")
        frame.sample_rate = RATE
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def live(path: Path, **audio: Any) -> tuple[Live, list[float]]:
    levels: list[float] = []
    settings = SimpleNamespace(
        audio=Settings(source="sound_file", **audio), sound_file=FileSettings(path=str(path))
    )
    around = host()
    worker = Live(settings, type(around)(around.busy, around.tell, 1, None, levels.append))
    worker.open()
    return worker, levels


def began(worker: Any) -> float:
    """When the file's first sample is heard."""
    return float(worker._source._at / 1e9)


def test_contract_both_codecs_say_when_a_clap_was_heard(tmp_path: Path) -> None:
    clap_and_silence(tmp_path / "clap.wav")
    worker, levels = live(tmp_path / "clap.wav")
    begin = began(worker)
    found = packets(worker, 1.7)
    while min(len(claps(found, codec)) for codec in (AAC, OPUS)) < 2:
        found += packets(worker, 0.2)
    worker.close()
    for codec in (AAC, OPUS):
        first, later, *_ = claps(found, codec)
        assert first == pytest.approx(begin + 0.5, abs=0.003)
        assert later - first == pytest.approx(1, abs=0.002)
        times = [at for at, which, _ in found if which is codec]
        assert np.diff(times) == pytest.approx(codec.frame / RATE * 1e9, abs=1000)
    assert 0.3 < max(levels) < 0.45
    assert min(levels) < 0.01


def clapped(worker: Live, begin: float, after: float) -> list[float]:
    """When claps are heard, `after` the file's beginning or a whole number of seconds later; waits for one.
    What a busy machine did before a setting was changed may still be heard then."""
    found, end = packets(worker, 0.5), time.monotonic() + 30
    while True:
        heard = claps(found, OPUS) if found else []
        if any((clap - begin - after + 0.5) % 1 == pytest.approx(0.5, abs=0.003) for clap in heard):
            return heard
        assert time.monotonic() < end, [clap - begin for clap in heard]
        found += packets(worker, 0.2)


def test_contract_the_delay_moves_the_sound_and_can_be_changed_meanwhile(tmp_path: Path) -> None:
    clap_and_silence(tmp_path / "clap.wav")
    worker, _ = live(tmp_path / "clap.wav", delay=0.2)
    begin = began(worker)
    assert clapped(worker, begin, 0.7)[0] == pytest.approx(begin + 0.7, abs=0.003)
    worker.settings.audio = Settings(source="sound_file", delay=-0.2)
    clapped(worker, begin, 0.3)
    worker.close()


def test_contract_whether_the_file_begins_again_can_be_changed_meanwhile(tmp_path: Path) -> None:
    clap_and_silence(tmp_path / "clap.wav")
    worker, _ = live(tmp_path / "clap.wav")
    worker.settings.sound_file = FileSettings(path=str(tmp_path / "clap.wav"), loop=False)
    assert len(clapped(worker, began(worker), 0.5)) == 1
    assert not claps(packets(worker, 1.4), OPUS)
    worker.close()


def test_contract_after_a_sleep_it_begins_anew(tmp_path: Path) -> None:
    clap_and_silence(tmp_path / "clap.wav")
    worker, _ = live(tmp_path / "clap.wav")
    packets(worker, 0.1)
    time.sleep(0.7)
    woken = time.perf_counter_ns()
    worker.wake()
    found: list[Any] = []
    while not found:
        found = packets(worker, 0.2)
    assert found[0][0] > woken - 30_000_000
    worker.close()


def test_a_file_that_is_not_set_is_said() -> None:
    settings = SimpleNamespace(audio=Settings(source="sound_file"), sound_file=FileSettings())
    with pytest.raises(ValueError, match=r"sound_file\.path is not set"):
        Live.sizes(settings, {})
