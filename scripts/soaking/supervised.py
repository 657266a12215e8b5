"""The default line of workers under the real supervisor, with a source and a sink that know what is whole."""

import json
import logging
import signal
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from types import FrameType

from pipeline.attach import Desk
from pipeline.commands import SETTINGS
from pipeline.graph import Plan, WorkerPlan, make_plan
from pipeline.settings import load
from pipeline.supervisor import Supervisor
from scripts.soaking import growing, holding
from scripts.soaking.launching import SCENE


def arguments(source: growing.Settings, hold: float, fps: int, notes: Path) -> Sequence[str]:
    """For Python, to run this in a process of its own."""
    choice = {"growing": asdict(source), "hold": hold, "fps": fps, "notes": str(notes)}
    return ("-m", "scripts.soaking.supervise", json.dumps(choice))


def main(text: str) -> int:
    choice = json.loads(text)
    source = growing.Settings(**choice["growing"])
    sink = holding.Settings(choice["hold"], Path(choice["notes"]))
    return run(make(source, sink, choice["fps"]))


def run(plan: Plan) -> int:
    """Until SIGTERM."""
    supervisor = Supervisor(plan)
    logging.basicConfig(format="%(asctime)s %(levelname)-8s %(name)s: %(message)s", level=logging.INFO)

    def stop(number: int, frame: FrameType | None) -> None:
        supervisor.stop_requested = True

    signal.signal(signal.SIGTERM, stop)
    desk = Desk(supervisor.describe, supervisor.segments)
    try:
        return supervisor.run(desk.refresh)
    finally:
        desk.close()


def make(source: growing.Settings, sink: holding.Settings, fps: int) -> Plan:
    """The plan of the default settings for the source's first size, with other implementations in it."""
    size = (f"scene.width={source.width}", f"scene.height={source.height}")
    plan = make_plan(load(SETTINGS, overrides=(*SCENE, *size, f"capture.fps={fps}")))
    others = {"capture": ("growing", source), "null": ("holding", sink)}

    def changed(worker: WorkerPlan) -> WorkerPlan:
        if worker.name not in others:
            return worker
        name, settings = others[worker.name]
        module, sections = f"scripts.soaking.{name}", worker.settings | {name: settings}
        return replace(worker, implementation=module, settings=sections)

    return replace(plan, workers=tuple(changed(worker) for worker in plan.workers))
