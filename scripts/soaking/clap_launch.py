"""The launcher's line with flashes for frames and claps for sound, into files; see claps.py."""

import sys
from dataclasses import replace

from pipeline.commands import SETTINGS
from pipeline.graph import Plan, make_plan
from pipeline.settings import load
from scripts.soaking.flashing import COLUMNS, DEPTH_SCALE, ROWS
from scripts.soaking.launching import SCENE

OTHERS = {"capture": "scripts.soaking.flashing", "audio": "scripts.soaking.clapping"}


def clap_plan(*overrides: str) -> Plan:
    """The plan of the default settings, with other implementations in it."""
    size = (f"scene.width={COLUMNS}", f"scene.height={ROWS}", f"scene.depth_scale={DEPTH_SCALE}")
    line = ("capture.fps=60", "encode.encoder=libx264", "audio.source=microphone")
    plan = make_plan(load(SETTINGS, overrides=(*SCENE, *size, *line, *overrides)))
    workers = [
        replace(worker, implementation=OTHERS.get(worker.name, worker.implementation))
        for worker in plan.workers
    ]
    return replace(plan, workers=tuple(workers))


if __name__ == "__main__":  # workers import this file too, and need none of it
    from scripts.soaking.supervised import run

    sys.exit(run(clap_plan(*sys.argv[1:])))
