#!/usr/bin/env python3
"""The browser's ways side by side, and many clients at once.

Latency is from capture to where it is seen: a test scene carries the time in its corner, chromium's page is
asked at each of its frames which time it shows. All ways come from one launcher with the same pictures, 1280
x 720, 30 frames a second, half side by side, true depth (no network runs); the peer is a plain MJPEG sink
beside ours (web_paths/naive_mjpeg.py), shown by an <img>. One is looked at at a time.

Then 16 clients at 60 frames a second, in a process that does no more than read, and one that reads 3 MB/s.
The sink's processor time is that of its server, without the JPEGs, which the worker's own thread makes.
"""

import argparse
import json
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pipeline.stats import Observer
from scripts.answering import said, start
from scripts.bench_live import all_run, free_port
from scripts.soaking.launching import Launched, log_end, private_runtime, until
from scripts.soaking.report import SoakError
from scripts.web_paths import naive_mjpeg
from scripts.web_paths.watching import watch

REPO = Path(__file__).resolve().parents[1]
WIDTH, HEIGHT, FPS, MANY_FPS, CLIENTS = 1280, 720, 30, 60, 16
SLOW = 3e6  # bytes a second
WARM_UP, LOADED = 4.0, 3.0  # seconds
WAYS = {"viewer": "#jpeg", "h264": "#h264", "whep": "#webrtc"}
ELEMENTS = {"viewer": "#canvas", "h264": "#canvas", "whep": "#video"}
MOST_OF_MJPEG, LEAST_FPS, MOST_CPU, MOST_SLOW_AGE = 0.7, 58.0, 40.0, 150.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10.0, help="of each measurement (10)")
    parser.add_argument("--rounds", type=int, default=3, help="of all ways, in turn; medians count (3)")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    options = parser.parse_args()
    report = report_of(latencies(options.seconds, options.rounds), many_clients(options.seconds))
    print(json.dumps(report) if options.json else text_of(report))
    return 0


def latencies(seconds: float, rounds: int) -> dict[str, list[dict[str, Any]]]:
    """Way → what was seen, of each round."""
    found: dict[str, list[dict[str, Any]]] = {way: [] for way in (*WAYS, "mjpeg")}
    with program(FPS, "sinks=[web, naive_mjpeg]") as (_, port):
        for _ in range(rounds):
            for way, place in WAYS.items():
                url = f"http://127.0.0.1:{port}/{place}"
                found[way].append(watch(url, ELEMENTS[way], min(WARM_UP, seconds), seconds))
            url = f"http://127.0.0.1:{naive_mjpeg.PORT}/"
            found["mjpeg"].append(watch(url, "#shown", min(WARM_UP, seconds), seconds))
    return found


def many_clients(seconds: float) -> dict[str, Any]:
    with program(MANY_FPS, "sinks=[web]", "stereo.quality=fast") as (observer, port):
        watching = "scripts.web_paths.clients", str(port)
        many = start(*watching, str(CLIENTS), str(seconds))
        time.sleep(LOADED + seconds * 0.1)
        sink = psutil.Process(
            next(one["pid"] for one in observer.figures()["workers"] if one["name"] == "web")
        )
        before, begin = server_seconds(sink), time.monotonic()
        time.sleep(seconds * 0.8)
        cpu = (server_seconds(sink) - before) / (time.monotonic() - begin)
        seen = said(many)
        slow = said(start(*watching, "1", str(seconds), str(SLOW)))
    return {
        "count": CLIENTS,
        "min_fps": min(seen["fps"]),
        "sink_cpu_percent": 100 * cpu,
        "slow_client_age_ms": float(np.percentile(slow["slow_ages_ms"], 95)),
        "age_ms": float(np.median(seen["ages_ms"])),
    }


def server_seconds(sink: psutil.Process) -> float:
    """Processor time of all its threads but the first, which is the worker's own."""
    return sum(one.user_time + one.system_time for one in sink.threads() if one.id != sink.pid)


@contextmanager
def program(fps: int, *settings: str) -> Iterator[tuple[Observer, int]]:
    """A launcher with the peer among its sinks, and the port of its pages."""
    port = free_port()
    wanted = [
        *("capture.source=scene", f"capture.fps={fps}", "depth.model=true", "stereo.layout=half-sbs"),
        *(f"scene.width={WIDTH}", f"scene.height={HEIGHT}", "scene.prerendered=30", "scene.clock=true"),
        *(f"web.port={port}", "web.clients=64"),
        *settings,
    ]
    with private_runtime() as folder:
        launcher_file = tree_with_peer(folder) / "launcher.py"
        with Launched(folder, [str(launcher_file), *(f"--set={setting}" for setting in wanted)]) as launcher:
            try:
                observer = launcher.observer()
                until(lambda: all_run(observer), "all workers run", 60.0)
            except SoakError as error:
                sys.exit(f"{error}\n{log_end(folder)}")
            try:
                yield observer, port
            finally:
                observer.close()
            launcher.stop()


def tree_with_peer(folder: Path) -> Path:
    """The program with one more sink: a file in the folder of sinks."""
    tree = folder / "tree"
    tree.mkdir(exist_ok=True)
    for name in ("launcher.py", "settings.yaml"):
        shutil.copy(REPO / name, tree)
    for name in ("pipeline", "workers", "shm"):
        shutil.copytree(REPO / name, tree / name, dirs_exist_ok=True)
    shutil.copy(naive_mjpeg.__file__, tree / "workers" / "sinks")
    return tree


def report_of(seen: dict[str, list[dict[str, Any]]], clients: dict[str, Any]) -> dict[str, Any]:
    latency = {way: median(rounds, 50) for way, rounds in seen.items()}
    ratio = latency["viewer"] / latency["mjpeg"]
    return {
        "latency_ms": latency,
        "p95_ms": {way: median(rounds, 95) for way, rounds in seen.items()},
        "fps": {way: float(np.median([one["fps"] for one in rounds])) for way, rounds in seen.items()},
        "viewer_over_mjpeg": ratio,
        "clients": clients,
        "passed": {
            f"viewer at most {MOST_OF_MJPEG:g} x MJPEG": ratio <= MOST_OF_MJPEG,
            f"each of {CLIENTS} clients at least {LEAST_FPS:g} fps": clients["min_fps"] >= LEAST_FPS,
            f"the server under {MOST_CPU:g} % of a core": clients["sink_cpu_percent"] < MOST_CPU,
            f"3 MB/s: p95 at most {MOST_SLOW_AGE:g} ms": clients["slow_client_age_ms"] <= MOST_SLOW_AGE,
        },
    }


def median(rounds: list[dict[str, Any]], percent: float) -> float:
    """Over the rounds, of a percentile of the ages in each."""
    return float(np.median([np.percentile(one["ages_ms"] or [np.nan], percent) for one in rounds]))


def text_of(report: dict[str, Any]) -> str:
    """For a person."""
    lines = [f"{'':<34}{'p50 ms':>9}{'p95 ms':>9}{'fps':>8}{'x MJPEG':>9}"]
    names = {
        "viewer": "page, JPEG by WebSocket (default)",
        "h264": "page, H.264 by WebSocket",
        "whep": "page, H.264 by WebRTC",
        "mjpeg": "peer: plain MJPEG in an <img>",
    }
    for way, name in names.items():
        p50, p95, fps = (report[key][way] for key in ("latency_ms", "p95_ms", "fps"))
        lines.append(
            f"{name:<34}{p50:>9.1f}{p95:>9.1f}{fps:>8.1f}{p50 / report['latency_ms']['mjpeg']:>9.2f}"
        )
    many = report["clients"]
    lines.append(
        f"\n{many['count']} clients, {MANY_FPS} fps: the slowest {many['min_fps']:.1f} fps, "
        f"{many['age_ms']:.0f} ms old; server {many['sink_cpu_percent']:.0f} % of a core"
    )
    lines.append(f"a client that reads 3 MB/s: p95 {many['slow_client_age_ms']:.0f} ms old\n")
    lines += [f"{'ok' if passed else 'MISSED':<8}{what}" for what, passed in report["passed"].items()]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
