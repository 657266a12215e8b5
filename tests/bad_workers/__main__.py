"""The launcher with bad workers in its plan.

    python -m tests.bad_workers --add crashes_at_start --swap stereo=garbage_sizes --hung 1 -- run …

`--add` appends a sink that is a bad worker (`name=module`, or both in one), `--every` one that is to get
every picture; `--swap` puts one in the place of a worker of the line; `--hung` is the age of a beat, in
seconds, at which a worker counts as hung; `--lines` is how many processes the board has room for.
"""

import argparse
import importlib
import sys
from dataclasses import replace

from pipeline import commands, crew, graph, supervisor
from pipeline.graph import Plan, WorkerPlan
from pipeline.settings import Settings
from shm.layout import Mode, RowSpec
from workers.worker import implementation_in


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bad_workers")
    parser.add_argument("--add", action="append", default=[])
    parser.add_argument("--every", action="append", default=[])
    parser.add_argument("--swap", action="append", default=[])
    parser.add_argument("--hung", type=float)
    parser.add_argument("--lines", type=int)
    options, arguments = parser.parse_known_args()

    def make_plan(settings: Settings) -> Plan:
        plan = graph.make_plan(settings)
        for pair in options.swap:
            plan = swapped(plan, settings, *pair.split("="))
        modes: tuple[tuple[Mode, list[str]], ...] = (("latest", options.add), ("every", options.every))
        for mode, pairs in modes:
            for pair in pairs:
                name, _, module = pair.partition("=")
                plan = added(plan, name, module or name, mode)
        return plan

    setattr(commands, "make_plan", make_plan)  # noqa: B010
    if options.hung:
        supervisor.HUNG = options.hung
    if options.lines:
        crew.BOARD_ROWS = options.lines
    return commands.main([argument for argument in arguments if argument != "--"])


def swapped(plan: Plan, settings: Settings, name: str, module: str) -> Plan:
    implementation = f"tests.bad_workers.{module}"
    shares = implementation_in(importlib.import_module(implementation)).shares
    shared = {section: settings.sections[section] for section in shares}
    workers = [
        replace(worker, implementation=implementation, settings=worker.settings | shared)
        if worker.name == name
        else worker
        for worker in plan.workers
    ]
    return replace(plan, workers=tuple(workers))


def added(plan: Plan, name: str, module: str, mode: Mode) -> Plan:
    """One more sink, with a row and a slot of its own."""
    sink = WorkerPlan(
        name=name,
        implementation=f"tests.bad_workers.{module}",
        settings={},
        reads="picture",
        mode=mode,
        follows=(),
        follow_mode="latest",
        joins=None,
        joins_for_others=False,
        writes=(),
        threads=1,
    )
    rings = [
        replace(ring, slots=ring.slots + 1, rows=(*ring.rows, RowSpec(name, mode, 1)))
        if ring.name == "picture"
        else ring
        for ring in plan.rings
    ]
    return Plan((*plan.workers, sink), tuple(rings))


if __name__ == "__main__":
    sys.exit(main())
