#!/usr/bin/env python3
"""The main job end to end: scene → network → two views → web sink → a client that reads every frame's number.

A pre-rendered 1280 x 720 scene at 30 frames a second, tcmonodepth-small, half side by side, one WebSocket
client in a process of its own. A frame counts once, when the client has decoded it and read its time code;
latency is from capture to that moment. Before that the line runs at 8 frames a second, where no stage
disturbs another: the work of each stage there is what it takes alone. From this follows the bound of the
rate: min(slowest stage alone, cores / CPU seconds per frame).

`--fps 60 --sync latest`: the network looks ten times a second, and its maps are carried to every frame.

Beside it, in the same run: the same stages as threads with blocking queues of one (live_paths/
threaded_line.py), measured at the encoded picture, without web server, network and client.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pipeline.stats import Observer
from scripts.soaking.launching import Launched, family, log_end, private_runtime, until
from scripts.soaking.report import SoakError

REPO = Path(__file__).resolve().parents[1]
WIDTH, HEIGHT, PRERENDERED, ALONE_FPS = 1280, 720, 30, 8
SLOW_DEPTH = 10  # looks a second
LOOK_EVERY = 1.0  # seconds
LEAST_SHARE = {"exact": 29 / 30, "latest": 57 / 60}  # of the frames
MOST_P50, MOST_P95, LEAST_OF_BOUND = 120.0, 200.0, 0.9


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0, help="of the main run (60)")
    parser.add_argument("--alone-seconds", type=float, default=10.0, help="for each stage alone (10)")
    parser.add_argument("--peer-seconds", type=float, default=20.0, help="of the peer's run (20)")
    parser.add_argument("--fps", type=int, default=30, help="of the scene (30)")
    parser.add_argument(
        "--sync",
        choices=("exact", "latest"),
        default="exact",
        help="latest: depth at 10 a second, carried on",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object")
    options = parser.parse_args()
    alone = run_line(ALONE_FPS, "exact", options.alone_seconds)
    ours = run_line(options.fps, options.sync, options.seconds)
    peer = run_peer(
        {"width": WIDTH, "height": HEIGHT, "fps": options.fps, "depth_ms": None}, options.peer_seconds
    )
    report = report_of(options.fps, options.sync, alone, ours, peer)
    print(json.dumps(report) if options.json else text_of(report))
    return 0


def run_line(fps: int, sync: str, seconds: float) -> dict[str, Any]:
    """A launcher with one viewer; {"viewer", "stages", "cpu_s_per_frame"}."""
    port = free_port()
    settings = [
        *("capture.source=scene", f"capture.fps={fps}", "depth.model=tcmonodepth-small", "sinks=[web]"),
        *(f"scene.width={WIDTH}", f"scene.height={HEIGHT}", f"scene.prerendered={PRERENDERED}"),
        *(f"depth.sync={sync}", f"depth.fps={SLOW_DEPTH if sync == 'latest' else 0}"),
        *("stereo.layout=half-sbs", f"web.port={port}"),
    ]
    with (
        private_runtime() as folder,
        Launched(folder, ["launcher.py", *(f"--set={setting}" for setting in settings)]) as launcher,
    ):
        try:
            observer = launcher.observer()
            until(lambda: all_run(observer), "all workers run", 60.0)
        except SoakError as error:
            sys.exit(f"{error}\n{log_end(folder)}")
        said = folder / "watched.json"  # not a pipe: what a minute gives does not fit into one
        command = [sys.executable, "-m", "scripts.live_paths.viewer", str(port), str(seconds)]
        with said.open("w") as file:
            viewer = subprocess.Popen(command, cwd=REPO, stdout=file)
        time.sleep(3.5)  # it warms up
        looks, before, begin = [], cpu_seconds(launcher.marker), frames(observer)
        while viewer.poll() is None:
            time.sleep(LOOK_EVERY)
            looks.append(observer.figures())
        spent, passed = cpu_seconds(launcher.marker) - before, frames(observer) - begin
        watched = json.loads(said.read_text())
        observer.close()
        launcher.stop()
    return {"viewer": watched, "stages": stages_of(looks), "cpu_s_per_frame": spent / max(1, passed)}


def free_port() -> int:
    with socket.socket() as end:
        end.bind(("127.0.0.1", 0))
        return int(end.getsockname()[1])


def all_run(observer: Observer) -> bool:
    return all(worker["state"] == "running" for worker in observer.figures()["workers"])


def frames(observer: Observer) -> int:
    """Pictures made so far."""
    return next(int(ring["seq"]) for ring in observer.figures()["rings"] if ring["name"] == "picture")


def cpu_seconds(marker: str) -> float:
    """Of the launcher and all its workers."""
    times = [process.cpu_times() for process in family(marker) if "viewer" not in " ".join(process.cmdline())]
    return float(sum(spent.user + spent.system for spent in times))


def stages_of(looks: Sequence[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Stage → mean over the run of the medians of its work and of its wait (capture to start, for a source
    none), in ms."""
    found: dict[str, dict[str, list[float]]] = {}
    for look in looks:
        for worker in look["workers"]:
            stage = found.setdefault(worker["name"], {"work_ms": [], "wait_ms": []})
            for key, values in stage.items():
                if worker[key]["p50"] is not None:
                    values.append(worker[key]["p50"])
    return {
        name: {key: float(np.mean(values)) if values else 0.0 for key, values in stage.items()}
        for name, stage in found.items()
        if stage["work_ms"]  # the encoder sleeps: nobody looks at video
    }


def run_peer(line: dict[str, Any], seconds: float) -> dict[str, Any]:
    settings = json.dumps({**line, "seconds": seconds})
    done = subprocess.run(
        [sys.executable, "-m", "scripts.live_paths.threaded_line", settings],
        cwd=REPO,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def rate_of(watched: dict[str, Any]) -> float:
    """Distinct frames a second."""
    return len(set(watched["numbers"])) / float(watched["seconds"])


def latency_of(watched: dict[str, Any]) -> dict[str, float]:
    ages = np.percentile(watched["ages_ms"] or [float("nan")], (50, 95, 99))
    return dict(zip(("p50", "p95", "p99"), (float(age) for age in ages), strict=True))


def report_of(
    asked: int, sync: str, alone: dict[str, Any], ours: dict[str, Any], peer: dict[str, Any]
) -> dict[str, Any]:
    slowest = max(1 / asked, *(stage["work_ms"] / 1e3 for stage in alone["stages"].values()))
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else psutil.cpu_count() or 1
    bound = min(1 / slowest, cores / ours["cpu_s_per_frame"])
    fps, latency = rate_of(ours["viewer"]), latency_of(ours["viewer"])
    least = asked * LEAST_SHARE[sync]
    return {
        "fps": fps,
        "latency_ms": latency,
        "stages": ours["stages"],
        "alone": alone["stages"],
        "bound_fps": bound,
        "rate_over_bound": fps / bound,
        "cpu_ms_per_frame": ours["cpu_s_per_frame"] * 1e3,
        "unread": ours["viewer"]["unread"],
        "peer": {"fps": rate_of(peer), "latency_ms": latency_of(peer)},
        "passed": {
            f"fps at least {least:g}": fps >= least,
            f"p50 under {MOST_P50:g} ms": latency["p50"] < MOST_P50,
            f"p95 under {MOST_P95:g} ms": latency["p95"] < MOST_P95,
            f"rate over bound at least {LEAST_OF_BOUND:g}": fps / bound >= LEAST_OF_BOUND,
        },
    }


def text_of(report: dict[str, Any]) -> str:
    """For a person."""
    lines = [f"{'':<26}{'fps':>7}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}"]
    for name, row in (("Stereoring, at the client", report), ("threads, queues of one", report["peer"])):
        ages = "".join(f"{row['latency_ms'][key]:>9.1f}" for key in ("p50", "p95", "p99"))
        lines.append(f"{name:<26}{row['fps']:>7.2f}{ages}")
    ratio = report["latency_ms"]["p50"] / report["peer"]["latency_ms"]["p50"]
    lines.append(f"latency p50 ours / threads: {ratio:.2f}")
    lines.append(f"\n{'stage':<10}{'work ms':>9}{'wait ms':>9}{'alone ms':>10}")
    for name, stage in report["stages"].items():
        alone = report["alone"][name]["work_ms"]
        lines.append(f"{name:<10}{stage['work_ms']:>9.2f}{stage['wait_ms']:>9.2f}{alone:>10.2f}")
    lines.append(
        f"\nbound {report['bound_fps']:.2f} fps, {report['cpu_ms_per_frame']:.1f} ms of CPU a frame; "
        f"rate / bound {report['rate_over_bound']:.3f}; {report['unread']} pictures without a readable number"
    )
    lines += [f"{'pass' if passed else 'FAIL'}  {claim}" for claim, passed in report["passed"].items()]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
