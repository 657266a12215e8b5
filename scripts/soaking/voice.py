"""A call between two launchers whose workers are killed at random: the sound is back each time, and nothing
grows."""

import random
import signal
import socket
import time
import wave
from contextlib import closing
from pathlib import Path

import numpy as np
import psutil

from pipeline.stats import Observer
from scripts.soaking.footprint import Footprint, settled
from scripts.soaking.launching import Launched, say
from scripts.soaking.leavings import stop_and_check
from scripts.soaking.report import Result, SoakError, Table
from scripts.soaking.watching import wait_until_running

RATE, SAID_SECONDS = 16000, 10
LOUD = 300  # of 32768; what is said is thirty times louder
WATCH = 4.0  # seconds after each kill
BACK_WITHIN = 1.0  # seconds
MOST_MORE = 20.0  # MB that a launcher may have allocated besides, whatever it does
CALLER, LISTENER = "caller", "listener"


class Heard:
    """What has come into the listener's file, and when."""

    def __init__(self, path: Path) -> None:
        self._path, self._at = path, 44

    def loud_now(self) -> bool:
        """There is more of it than at the last look, and it is no silence."""
        if not self._path.exists():
            return False
        with self._path.open("rb") as file:
            file.seek(self._at)
            data = file.read()
        pcm = np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(float)
        self._at += 2 * len(pcm)
        return len(pcm) > 0 and float(np.sqrt((pcm**2).mean())) > LOUD

    def longest_silence(self, seconds: float) -> float:
        begin = last = time.monotonic()
        longest = 0.0
        while time.monotonic() < begin + seconds or last == begin:
            if time.monotonic() > begin + 10 * seconds:
                raise SoakError("nothing is heard any more")
            time.sleep(0.01)
            now = time.monotonic()
            if self.loud_now():
                longest, last = max(longest, now - last), now
        return max(longest, time.monotonic() - last)


def fill(result: Result, folder: Path, seconds: float, every: float) -> None:
    said, heard = folder / "said.wav", folder / "heard.wav"
    _write_said(said)
    port = _free_port()
    source = ("sound.source=sound_file", f"sound_file.path={said}")
    caller = _arguments(*source, f"call.to=127.0.0.1:{port}", "sinks=[call]")
    listener = _arguments(f"receive.port={port}", f"wav.path={heard}", "sinks=[wav]")
    with Launched(folder, caller) as first, Launched(folder, listener) as second:
        launched = {CALLER: first, LISTENER: second}
        with closing(first.observer()) as one, closing(second.observer()) as other:
            observers = {CALLER: one, LISTENER: other}
            for name, observer in observers.items():
                wait_until_running(launched[name], observer)
            ears = Heard(heard)
            ears.longest_silence(WATCH)
            before = settled({name: each.pid for name, each in launched.items()})
            blows = _strike(observers, ears, seconds, every)
            after = settled({name: each.pid for name, each in launched.items()})
            _check(result, blows, before, after, observers)
        first.stop()
        stop_and_check(result, second)


def _strike(
    observers: dict[str, Observer], ears: Heard, seconds: float, every: float
) -> list[tuple[float, str, float]]:
    """When, whom, and how long nothing was heard."""
    begin, blows = time.monotonic(), []
    while (at := time.monotonic() - begin) < seconds:
        say(f"voice: {at:.0f} of {seconds:.0f} s, {len(blows)} killed so far")
        whose, observer = random.choice([*observers.items()])
        victim = random.choice(observer.figures()["workers"])
        psutil.Process(victim["pid"]).send_signal(signal.SIGKILL)
        blows.append((at, f"{whose}'s {victim['name']}", ears.longest_silence(WATCH)))
        ears.longest_silence(max(0.1, every * random.uniform(0.5, 1.5) - WATCH))
    return blows


def _check(
    result: Result,
    blows: list[tuple[float, str, float]],
    before: dict[str, Footprint],
    after: dict[str, Footprint],
    observers: dict[str, Observer],
) -> None:
    result.tables.append(Table("killed", ("at s", "whom", "nothing heard for s"), blows))
    slowest = max((silence for _, _, silence in blows), default=0.0)
    within = f"the sound is back within {BACK_WITHIN:.0f} s each time"
    result.check(
        within, bool(blows) and slowest <= BACK_WITHIN, f"{len(blows)} times, at most {slowest:.2f} s"
    )
    for name, observer in observers.items():
        figures = observer.figures()
        stays_off = [w["name"] for w in figures["workers"] if w["state"] == "failed"]
        result.check_none(f"the {name}'s workers that stay off", stays_off)
        more = after[name].descriptors - before[name].descriptors
        result.check(f"the {name}'s launcher has no more open than before", more <= 0, f"{more:+d}")
        grown = after[name].anonymous - before[name].anonymous
        result.check(f"the {name}'s launcher has not grown", grown < MOST_MORE, f"{grown:+.1f} MB")


def _arguments(*overrides: str) -> list[str]:
    return ["launcher.py", "run", *(f"--set={one}" for one in ("job.kind=voice", *overrides))]


def _write_said(path: Path) -> None:
    """A voice without words: a buzz whose pitch goes up and down, never silent."""
    at = np.arange(RATE * SAID_SECONDS) / RATE
    phase = 2 * np.pi * (120 * at - 6 * np.cos(2 * np.pi * at / 2))
    sound = sum(np.sin(k * phase) / k for k in range(1, 20))
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(np.asarray(8000 * sound / 2, "<i2").tobytes())


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
