#!/usr/bin/env python3
"""How old a frame gets by being handed on: depth takes 33 ms, the source gives 60 frames a second.

Ours: the real workers, with the network replaced by a sleep; every hand-over is latest-wins. The peer: the
same stages as threads of one process with blocking queues of one (live_paths/threaded_line.py). Latency is
from capture to the end of the last stage: at the null sink, and for the peer at its picture.
"""

import argparse
import dataclasses
import json
import logging
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pipeline.graph import Plan, make_plan
from pipeline.pick import pick
from pipeline.settings import load
from pipeline.supervisor import Supervisor
from scripts.live_paths.sleeping_depth import SECONDS
from shm.histogram import percentile_ms

REPO = Path(__file__).resolve().parents[1]
WIDTH, HEIGHT, FPS, WARM_UP = 1280, 720, 60, 3.0
SETTINGS = (
    *("capture.source=scene", f"capture.fps={FPS}", "scene.prerendered=60", "sinks=[null]"),
    *(f"scene.width={WIDTH}", f"scene.height={HEIGHT}", "depth.model=tcmonodepth-small"),
)
MOST_MS = 60.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20.0, help="of each (20)")
    parser.add_argument("--json", action="store_true", help='{"ours_ms", "blocking_queue_ms", …}')
    options = parser.parse_args()
    ours = run_ours(options.seconds)
    peer = run_peer(options.seconds)
    report = {
        "ours_ms": ours["p50"],
        "blocking_queue_ms": peer["p50"],
        "ratio": ours["p50"] / peer["p50"],
        "ours": ours,
        "blocking_queue": peer,
        "passed": ours["p50"] < MOST_MS,
    }
    print(json.dumps(report) if options.json else text_of(report))
    return 0


def run_ours(seconds: float) -> dict[str, float]:
    logging.getLogger("stereoring").setLevel(logging.ERROR)
    supervisor = Supervisor(plan_with_sleep(), logging.ERROR)
    row = supervisor.workers["null"].row
    began: float | None = None
    looks: list[Any] = []

    def every_round() -> None:
        nonlocal began
        now = supervisor.board.line(row).read()
        if began is None and now.steps == 0:
            return  # the processes still start
        began = began or time.monotonic()
        passed = time.monotonic() - began
        if not looks and passed > WARM_UP:
            looks.append(now)
        if passed > WARM_UP + seconds:
            looks.append(now)
            supervisor.stop_requested = True

    supervisor.run(every_round)
    first, last = looks[0], looks[-1]
    ages = [after - before for before, after in zip(first.latency, last.latency, strict=True)]
    p50, p95 = percentile_ms(ages, 0.5), percentile_ms(ages, 0.95)
    if p50 is None or p95 is None:
        raise RuntimeError(f"no frame came through in {seconds:g} s; measure longer (--seconds)")
    return {"p50": p50, "p95": p95, "fps": (last.steps - first.steps) / seconds}


def plan_with_sleep() -> Plan:
    settings, _ = pick(load(REPO / "settings.yaml", overrides=SETTINGS))
    plan = make_plan(settings)
    workers = [
        dataclasses.replace(worker, implementation="scripts.live_paths.sleeping_depth")
        if worker.name == "depth"
        else worker
        for worker in plan.workers
    ]
    return dataclasses.replace(plan, workers=tuple(workers))


def run_peer(seconds: float) -> dict[str, float]:
    line = {"width": WIDTH, "height": HEIGHT, "fps": FPS, "depth_ms": SECONDS * 1e3, "seconds": seconds}
    done = subprocess.run(
        [sys.executable, "-m", "scripts.live_paths.threaded_line", json.dumps(line)],
        cwd=REPO,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    watched = json.loads(done.stdout)
    p50, p95 = np.percentile(watched["ages_ms"], (50, 95))
    return {"p50": float(p50), "p95": float(p95), "fps": len(set(watched["numbers"])) / seconds}


def text_of(report: dict[str, Any]) -> str:
    lines = [f"{'':<26}{'p50 ms':>9}{'p95 ms':>9}{'fps':>8}"]
    for name, key in (("rings, latest wins", "ours"), ("threads, queues of one", "blocking_queue")):
        row = report[key]
        lines.append(f"{name:<26}{row['p50']:>9.1f}{row['p95']:>9.1f}{row['fps']:>8.2f}")
    lines.append(f"ours / threads: {report['ratio']:.2f}")
    lines.append(f"{'pass' if report['passed'] else 'FAIL'}  p50 under {MOST_MS:g} ms")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
