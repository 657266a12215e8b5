#!/usr/bin/env python3
"""`launcher.py convert`: frames a second over both of its passes, and how near that is to what can be.

A made film is converted twice: as quickly as it goes, and so slowly that no stage disturbs another; what a
stage works on a frame there is what it takes alone. What a pass could do at most is min(1 / slowest stage
alone, cores / CPU seconds per frame), all its processes counted, and of the cores what other programs do not
take. Measured from a pass's first tenth to its last frame, without the start of the processes; the encoder's
work goes on in threads of its own and counts as CPU.
"""

import argparse
import json
import logging
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import av
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pipeline.convert_folder import written
from pipeline.convert_job import settings_for
from pipeline.graph import OFFLINE, Plan, make_plan
from pipeline.settings import Settings
from pipeline.supervisor import Supervisor
from shm.histogram import percentile_ms
from workers.convert._conversion import Conversion

REPO = Path(__file__).resolve().parents[1]
RATE = 30  # frames a second of the film
SLOW = "scripts.convert_paths.slow_reading"
WARM = 0.1  # of the frames


class Seen(NamedTuple):
    """`cpu` seconds of the pass; `idle` seconds of all cores that nobody used."""

    seconds: float
    frames: int
    cpu: float
    idle: float


@dataclass
class Pass:
    """What a run of one pass has shown now and then, and medians of work."""

    seen: list["Seen"] = field(default_factory=list)
    work_ms: dict[str, float] = field(default_factory=dict)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=300, help="of the film (300)")
    parser.add_argument("--alone-frames", type=int, default=40, help="of the slow run (40)")
    parser.add_argument("--size", default="1280x720", help="of the film (1280x720)")
    parser.add_argument("--runs", type=int, default=1, help="quick ones, of which the best counts (1)")
    parser.add_argument("--set", action="append", default=[], metavar="SECTION.KEY=VALUE")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    settings = settings_for(REPO / "settings.yaml", None, ["depth.model=tcmonodepth-small", *options.set])
    folder = Path(tempfile.mkdtemp(prefix="stereoring-bench-"))
    try:
        film = made_film(folder / "film.mp4", options.size, options.frames)
        few = made_film(folder / "few.mp4", options.size, options.alone_frames)
        alone = converted(few, folder / "slow", settings, slow=True)
        reports = [
            report_of(converted(film, folder / f"quick{run}", settings, slow=False), alone, options.frames)
            for run in range(options.runs)
        ]
    finally:
        shutil.rmtree(folder)
    report = max(reports, key=lambda one: float(one["convert_over_bound"]))
    print(json.dumps(report) if options.json else text_of(report))
    return 0


def made_film(path: Path, size: str, frames: int) -> Path:
    with (
        av.open(f"testsrc2=size={size}:rate={RATE}", format="lavfi") as source,
        av.open(str(path), "w") as film,
    ):
        video: Any = film.add_stream("libx264", rate=RATE, options={"preset": "veryfast"})
        video.width, video.height = (int(part) for part in size.split("x"))
        video.pix_fmt = "yuv420p"
        for number, frame in enumerate(source.decode(video=0)):
            if number == frames:
                break
            film.mux(video.encode(frame.reformat(format="yuv420p")))
        film.mux(video.encode(None))
    return path


def converted(film: Path, folder: Path, settings: Settings, slow: bool) -> dict[str, Pass]:
    """Both passes."""
    conversion = Conversion(source=film, folder=folder, keeps_depth=True)
    conversion.segments.mkdir(parents=True)
    passes = {}
    for job in OFFLINE:
        passing = replace(conversion, job=job)
        sections = {**settings.sections, "conversion": passing}
        plan = make_plan(replace(settings, sections=sections), job=job)
        passes[job] = watched(slowed(plan) if slow else plan, OFFLINE[job])
    if not written(conversion):
        sys.exit("nothing was converted; the log above says why")
    return passes


def slowed(plan: Plan) -> Plan:
    first, *others = plan.workers
    return replace(plan, workers=(replace(first, implementation=SLOW), *others))


def watched(plan: Plan, last: str) -> Pass:
    supervisor, found = Supervisor(plan, logging.WARNING, all_or_nothing=True), Pass()

    def every_round() -> None:
        lines = {name: supervisor.board.line(one.row).read() for name, one in supervisor.workers.items()}
        cpu, idle = cpu_seconds(supervisor.processes()), psutil.cpu_times().idle
        found.seen.append(Seen(time.monotonic(), lines[last].steps, cpu, idle))
        found.work_ms = {name: percentile_ms(line.work, 0.5) or 0.0 for name, line in lines.items()}

    supervisor.run(every_round)
    return found


def cpu_seconds(pids: list[int]) -> float:
    spent = 0.0
    for pid in pids:
        try:
            times = psutil.Process(pid).cpu_times()
        except psutil.NoSuchProcess:  # it has just ended
            return 0.0
        spent += times.user + times.system
    return spent


def report_of(quick: dict[str, Pass], alone: dict[str, Pass], frames: int) -> dict[str, Any]:
    passes = {}
    for job, one in quick.items():
        spent = spent_on(one, frames)
        seconds, cpu = spent.seconds / spent.frames, spent.cpu / spent.frames
        slowest = max(alone[job].work_ms.values()) / 1000
        cores = (spent.cpu + spent.idle) / spent.seconds
        bound = min(1 / slowest, cores / cpu)
        passes[job] = {
            "fps": 1 / seconds,
            "bound": bound,
            "cpu_ms": 1000 * cpu,
            "cores": cores,
            "alone_ms": {name: round(work, 2) for name, work in alone[job].work_ms.items()},
        }
    fps = 1 / sum(1 / one["fps"] for one in passes.values())
    bound = 1 / sum(1 / one["bound"] for one in passes.values())
    return {"convert_fps": fps, "convert_over_bound": fps / bound, "passes": passes}


def spent_on(one: Pass, frames: int) -> Seen:
    """From when it is warm to the last frame."""
    begin = next(seen for seen in one.seen if seen.frames >= WARM * frames)
    alive = [seen for seen in one.seen if seen.cpu]
    end = next((seen for seen in alive if seen.frames >= frames), alive[-1])
    return Seen(*(late - early for late, early in zip(end, begin, strict=True)))


def text_of(report: dict[str, Any]) -> str:
    lines = [
        f"{report['convert_fps']:.1f} frames a second, {report['convert_over_bound']:.2f} of what can be",
        *(
            f"  {job:<8} {one['fps']:6.1f} of {one['bound']:6.1f} frames a second; {one['cpu_ms']:.1f} ms of "
            f"the processor a frame, {one['cores']:.1f} cores to be had; alone (ms): "
            + ", ".join(f"{name} {work:.1f}" for name, work in one["alone_ms"].items())
            for job, one in report["passes"].items()
        ),
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
