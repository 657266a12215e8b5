#!/usr/bin/env python3
"""How late a stream is, by each way, and what all of them cost.

A test scene carries the time in its corner: 1280 x 720, 30 frames a second, half side by side, true depth (no
network runs), with sound. RTSP and RTMP (through nginx) are played by FFmpeg, the others by chromium:
the page's own ways, and hls.js for HLS with low latency (`python scripts/vendor.py test` gets it). One is
looked at at a time, and of several rounds the best counts: the machine has other work. Then all outputs are
read at once. How far picture and sound are apart is measured by claps and flashes, in what players of each
way get, and what a conversion does by bench_convert.py.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pipeline.stats import Observer
from scripts.answering import said, start
from scripts.bench_live import all_run, free_port
from scripts.soaking.launching import Launched, log_end, private_runtime, until
from scripts.soaking.report import SoakError
from scripts.stream_paths import hls_player
from scripts.stream_paths.clapping import Recording, ways
from scripts.stream_paths.nginx import nginx
from scripts.web_paths.watching import watch
from workers.sinks._web.tokens import view_token

WARM_UP = 4.0  # seconds
TARGETS = {
    "rtsp": 60.0,
    "whep": 100.0,
    "whep+sound": 220.0,
    "mse": 250.0,
    "ll-hls": 1300.0,
    "rtmp": 80.0,
}  # ms
MOST_CPU = 30.0  # percent of a core, of all outputs
MOST_APART = 40.0  # ms between sound and picture
LEAST_OF_BOUND = 0.9
PAGE = "() => undefined"
WITH_SOUND = "() => document.getElementById('sound').click()"


class Program(NamedTuple):
    """A launcher that runs, and where its streams are."""

    observer: Observer
    web: int
    rtsp: str
    rtmp: str

    @property
    def hls(self) -> str:
        return f"http://127.0.0.1:{self.web}/hls/{view_token()}/live.m3u8"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=6.0, help="of each measurement (6)")
    parser.add_argument("--rounds", type=int, default=3, help="of all ways, in turn; the best counts (3)")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    options = parser.parse_args()
    with program() as running:
        seen = latencies(running, options.seconds, options.rounds)
        cpu = processor_time(running, options.seconds)
    report = report_of(seen, cpu, apart(2 * options.seconds), conversion())
    print(json.dumps(report) if options.json else text_of(report))
    return 0


def latencies(running: Program, seconds: float, rounds: int) -> dict[str, list[list[float]]]:
    """Way → ages in ms, of each round."""
    page = f"http://127.0.0.1:{running.web}/"
    browsing = {
        "whep": (f"{page}#webrtc", PAGE, None),
        "whep+sound": (f"{page}#webrtc", WITH_SOUND, None),
        "mse": (f"{page}#mse", PAGE, None),
        "ll-hls": (f"{page}hello", hls_player.PLAY, running.hls),
    }
    found: dict[str, list[list[float]]] = {way: [] for way in TARGETS}
    for _ in range(rounds):
        for way, url in (("rtsp", running.rtsp), ("rtmp", running.rtmp)):
            found[way].append(said(player(url, seconds))["ages_ms"])
        for way, (url, script, argument) in browsing.items():
            found[way].append(watch(url, "#video", WARM_UP, seconds, script, argument)["ages_ms"])
    return found


def processor_time(running: Program, seconds: float) -> dict[str, float]:
    """Percent of a core: the encoder's, and that of both sinks while every output is read."""
    urls = (running.rtsp, running.rtmp, running.hls)
    reading = [player(url, seconds + WARM_UP, "quiet") for url in urls]
    reading.append(start("scripts.stream_paths.page_player", str(running.web), str(seconds + WARM_UP)))
    time.sleep(WARM_UP)
    pids = {one["name"]: one["pid"] for one in running.observer.figures()["workers"]}
    before, begin = {name: used(pids[name]) for name in ("encode", "stream", "web")}, time.monotonic()
    time.sleep(seconds)
    lasted = time.monotonic() - begin
    cpu = {name: 100 * (used(pids[name]) - before[name]) / lasted for name in before}
    for one in reading:
        one.communicate()
    return cpu


def apart(seconds: float) -> dict[str, list[float]]:
    """Way → ms by which each flash is later than its clap."""
    with private_runtime() as folder, ways(folder) as given:
        clapping = ("-m", "scripts.soaking.clap_launch", "sinks=[stream, web]", *given.settings)
        with Launched(folder, clapping) as launcher, closing(launcher.observer()) as observer:
            until(lambda: all_run(observer), "all workers run", 60.0)
            offsets = Recording(given.addresses, folder, seconds + WARM_UP).offsets()
            launcher.stop()
    return offsets


def conversion() -> Any:
    return said(start("scripts.bench_convert", "--json"))


def used(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def player(url: str, seconds: float, *more: str) -> "subprocess.Popen[str]":
    return start("scripts.stream_paths.player", url, str(WARM_UP / 2), str(seconds), *more)


@contextmanager
def program() -> Iterator[Program]:
    web, rtsp, rtmp = free_port(), free_port(), free_port()
    with private_runtime() as folder, nginx(folder, rtmp):
        silence = folder / "silence.wav"
        make_silence(silence)
        pushed = f"rtmp://127.0.0.1:{rtmp}/live/bench"
        wanted = [
            *("capture.source=scene", "capture.fps=30", "depth.model=true", "stereo.layout=half-sbs"),
            *("scene.width=1280", "scene.height=720", "scene.prerendered=30", "scene.clock=true"),
            *("sinks=[stream, web]", f"web.port={web}", f"stream.rtsp_port={rtsp}", "web.clients=64"),
            *(f'stream.push=["{pushed}"]', "audio.source=sound_file", f"sound_file.path={silence}"),
        ]
        with Launched(folder, ["launcher.py", *(f"--set={setting}" for setting in wanted)]) as launcher:
            try:
                observer = launcher.observer()
                until(lambda: all_run(observer), "all workers run", 60.0)
            except SoakError as error:
                sys.exit(f"{error}\n{log_end(folder)}")
            try:
                yield Program(observer, web, f"rtsp://127.0.0.1:{rtsp}/live", pushed)
            finally:
                observer.close()
            launcher.stop()


def make_silence(path: Path) -> None:
    import wave

    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(48_000)
        file.writeframes(bytes(48_000 * 4))


def report_of(
    seen: dict[str, list[list[float]]],
    cpu: dict[str, float],
    offsets: dict[str, list[float]],
    converted: dict[str, Any],
) -> dict[str, Any]:
    """`av_offset_ms` is the way's that is farthest off, in the middle of its claps."""
    latency = {way: best(rounds) for way, rounds in seen.items()}
    outputs = cpu["stream"] + cpu["web"]
    passed = {f"{way} under {most:g} ms": latency[way]["p50"] < most for way, most in TARGETS.items()}
    by_way = {way: float(np.median(found or [np.nan])) for way, found in offsets.items()}
    av_offset = max(by_way.values(), key=abs)
    return {
        "latency_ms": latency,
        "encoder_cpu_percent": cpu["encode"],
        "outputs_cpu_percent": outputs,
        "av_offset_ms": av_offset,
        "av_offsets_ms": by_way,
        "convert_fps": converted["convert_fps"],
        "convert_over_bound": converted["convert_over_bound"],
        "passed": {
            **passed,
            f"all outputs under {MOST_CPU:g} % of a core": outputs < MOST_CPU,
            f"sound and picture within {MOST_APART:g} ms": abs(av_offset) < MOST_APART,
            f"conversion at least {LEAST_OF_BOUND:g} of what can be": converted["convert_over_bound"]
            >= LEAST_OF_BOUND,
        },
    }


def best(rounds: list[list[float]]) -> dict[str, float]:
    """Of the round with the least median."""
    ages = min((ages or [float("nan")] for ages in rounds), key=lambda ages: float(np.median(ages)))
    return {"p50": float(np.percentile(ages, 50)), "p95": float(np.percentile(ages, 95))}


def text_of(report: dict[str, Any]) -> str:
    """For a person."""
    lines = [f"{'':<14}{'p50 ms':>9}{'p95 ms':>9}"]
    for way, found in report["latency_ms"].items():
        lines.append(f"{way:<14}{found['p50']:>9.0f}{found['p95']:>9.0f}")
    cpu = report["encoder_cpu_percent"], report["outputs_cpu_percent"]
    lines.append("\nprocessor: encoder {:.0f} %, all outputs {:.0f} % of a core".format(*cpu))
    apart = ", ".join(f"{way} {ms:.1f}" for way, ms in report["av_offsets_ms"].items())
    lines.append(f"picture after sound, ms: {apart}")
    converted = report["convert_fps"], report["convert_over_bound"]
    lines.append("conversion: {:.1f} frames a second, {:.2f} of what can be".format(*converted))
    lines += [f"{'ok' if passed else 'MISSED':<8}{what}" for what, passed in report["passed"].items()]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
