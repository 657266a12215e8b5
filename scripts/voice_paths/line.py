"""The running program as a yardstick: a file of speech through the rings of a launcher."""

import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pipeline.addresses import NotRunning
from pipeline.stats import Observer
from workers.sound._reading import read_whole
from workers.voice._judging import Pcm, through_lyra
from workers.voice._lyra import RATE

REPO = Path(__file__).resolve().parents[2]
START_LIMIT = 60.0  # seconds
WINDOW = 4.5  # seconds, a little less than the figures look back


class Live(NamedTuple):
    """From the frame of sound in the first ring to the sound that is heard, in another process; and how far
    that is from what one process makes of the same file, of full scale. In ms, of the quietest seconds:
    others use the machine too."""

    p50: float
    p99: float
    max_abs_diff: float


def measured(clip: Path, kbps: float, seconds: float) -> Live:
    with tempfile.TemporaryDirectory() as folder:
        heard = Path(folder) / "heard.wav"
        with _program(clip, kbps, heard) as process:
            try:
                observer = _observer(process)
                _until_heard(observer, 50)
                looks = [
                    _look(observer, min(seconds, WINDOW)) for _ in range(max(1, round(seconds / WINDOW)))
                ]
                observer.close()
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait()
        quietest = min(looks, key=lambda look: look["p99"])
        return Live(quietest["p50"], quietest["p99"], _difference(read_whole(str(heard), RATE), clip, kbps))


def _program(clip: Path, kbps: float, heard: Path) -> "subprocess.Popen[bytes]":
    sets = ("job.kind=voice", "sound.source=sound_file", f"sound_file.path={clip}")
    sets += (f"voice.kbps={kbps}", f"wav.path={heard}", "sinks=[wav]")
    return subprocess.Popen(
        [sys.executable, "launcher.py", "run", *(f"--set={one}" for one in sets)],
        cwd=REPO,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _look(observer: Observer, seconds: float) -> dict[str, float]:
    observer.figures()
    time.sleep(seconds)
    latency: dict[str, float] = _worker(observer, "decoder")["latency_ms"]
    return latency


def _worker(observer: Observer, name: str) -> dict[str, Any]:
    return next(worker for worker in observer.figures()["workers"] if worker["name"] == name)


def _observer(process: "subprocess.Popen[bytes]") -> Observer:
    end = time.monotonic() + START_LIMIT
    while time.monotonic() < end and process.poll() is None:
        with suppress(NotRunning):
            return Observer(process.pid)
        time.sleep(0.05)
    raise RuntimeError("the program did not start; `launcher.py --profile voice` says why")


def _until_heard(observer: Observer, frames: int) -> None:
    end = time.monotonic() + START_LIMIT
    while time.monotonic() < end:
        if any(ring["name"] == "sound" and ring["seq"] > frames for ring in observer.figures()["rings"]):
            return
        time.sleep(0.05)
    raise RuntimeError("nothing came out of the program")


def _difference(heard: Pcm, clip: Path, kbps: float) -> float:
    whole = through_lyra(read_whole(str(clip), RATE), kbps)
    length = min(len(whole), len(heard))
    return float(np.abs(whole[:length].astype(int) - heard[:length].astype(int)).max()) / 32768
