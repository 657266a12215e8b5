"""What a frame costs on its way from a writer to a sleeping reader: our ring beside its peers.

Every path has a writer process and a reader process that sleeps, all alive for the whole run. Blocks of
frames take turns (A B C A B C …, several rounds), so that the drift of the machine hits all alike. Measured
from the call of publish or send to the moment the reader has a usable array. Ring and iceoryx2 produce the
frame in its slot, the others send an array that exists. Medians and 99th percentiles over all rounds; the
first frames of a block are warm-up. Each frame is sent at its cadence, but not before the last one has
arrived: so a path that cannot keep the cadence (`late`) waits for itself, not in a growing queue.

memcpy is one np.copyto between the same two arrays, by a process that sleeps at the same cadence: the least
that a copy can cost. One into a ring of slots, which are out of the cache, costs more.
CPU time is that of the whole process, its noting of times included, in percent of one core.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.bench_rings_paths import PAYLOADS, MissingPeer
from scripts.bench_rings_paths.cell import BenchError, Block, Cell

VIDEO, FAST = 16.7, 2.0  # cadences in ms


class Case(NamedTuple):
    """What is measured in one block; cases that differ in the cadence alone share their processes."""

    path: str
    payload: str
    every_ms: float
    readers: int = 1


@dataclass(frozen=True)
class Plan:
    """How much of it. A round has one block of every case."""

    rounds: int
    frames: dict[float, int]  # measured in a block, by cadence
    warm_up: dict[float, int]

    def total(self) -> int:
        """The most frames a cell may have to send."""
        return self.rounds * (sum(self.frames.values()) + sum(self.warm_up.values()))


FULL = Plan(rounds=16, frames={VIDEO: 20, FAST: 60}, warm_up={VIDEO: 4, FAST: 10})
QUICK = Plan(rounds=1, frames={VIDEO: 4, FAST: 10}, warm_up={VIDEO: 1, FAST: 2})

IN_PLACE = ("ring", "iceoryx2")
COPIES = ("mp_queue", "mp_pipe", "pyzmq", "memcpy")
WAKES = [Case(path, "small", every) for every in (FAST, VIDEO) for path in ("ring", "pipe")]
ROWS = [
    *(Case(path, "1080p", FAST) for path in (*IN_PLACE, "memcpy")),
    *(Case(path, payload, VIDEO) for payload in PAYLOADS for path in (*IN_PLACE, *COPIES)),
]
CPU = [Case("ring", "1080p", VIDEO, readers) for readers in (1, 3, 8)]


def in_turn() -> list[Case]:
    """All cases, what is compared with each other one after the other, the fast ones first."""
    cases = dict.fromkeys([*WAKES, *ROWS, *CPU])
    return sorted(cases, key=lambda case: (case.every_ms, case.readers, case.path in COPIES))


def _short_folder() -> tempfile.TemporaryDirectory[str]:
    """Sockets will lie in it, and their paths must not be long."""
    return tempfile.TemporaryDirectory(prefix=f"sb-{os.getpid()}-", dir="/tmp")


def measure(plan: Plan) -> dict[Case, list[Block]]:
    """Raises MissingPeer and BenchError."""
    cases = in_turn()
    blocks: dict[Case, list[Block]] = {case: [] for case in cases}
    with ExitStack() as stack:
        folder = stack.enter_context(_short_folder())
        cells = {}
        for path, payload, readers in dict.fromkeys((c.path, c.payload, c.readers) for c in cases):
            cell = Cell(path, PAYLOADS[payload], readers, plan.total(), Path(folder))
            stack.callback(cell.stop)
            cells[path, payload, readers] = cell
        for cell in cells.values():
            cell.ready()
            stack.callback(cell.leave)  # comes before the first stop, so that they end side by side
        for number in range(plan.rounds):
            print(f"round {number + 1} of {plan.rounds}", file=sys.stderr, flush=True)
            for case in cases:
                cell = cells[case.path, case.payload, case.readers]
                every = case.every_ms
                blocks[case].append(cell.run(plan.warm_up[every], plan.frames[every], int(every * 1e6)))
    return blocks


@dataclass(frozen=True)
class Row:
    """publish to view. `ratio_to_memcpy`: of the same payload at the same cadence."""

    path: str
    payload: str
    every_ms: float
    median_us: float
    p99_us: float
    ratio_to_memcpy: float
    samples: int
    late: int  # frames sent more than half a period late, most for want of the one before


@dataclass(frozen=True)
class WakeRow:
    """publish or write to the return of wait or read; no frame is taken."""

    path: str
    every_ms: float
    median_us: float
    p99_us: float
    samples: int


@dataclass(frozen=True)
class CpuRow:
    """Percent of one core at 60 fps; `reader_percent` is the busiest reader's."""

    readers: int
    writer_percent: float
    reader_percent: float
    readers_percent: list[float]


@dataclass(frozen=True)
class Check:
    claim: str
    measured: str
    passed: bool


@dataclass(frozen=True)
class Report:
    rows: list[Row]
    wake: list[WakeRow]
    cpu: list[CpuRow]

    @classmethod
    def of(cls, blocks: dict[Case, list[Block]]) -> "Report":
        return cls(
            [_row(case, blocks) for case in ROWS],
            [_wake_row(case, blocks[case]) for case in WAKES],
            [_cpu_row(case.readers, blocks[case]) for case in CPU],
        )

    def row(self, path: str, payload: str, every: float) -> Row:
        return next(r for r in self.rows if (r.path, r.payload, r.every_ms) == (path, payload, every))

    def woken(self, path: str, every: float) -> float:
        return next(r.median_us for r in self.wake if (r.path, r.every_ms) == (path, every))


def _latencies(case: Case, blocks: list[Block]) -> npt.NDArray[np.int64]:
    """ns from the call of send to the view; memcpy has no reader, its view is there when the call returns."""
    if case.path == "memcpy":
        return np.concatenate([block.called - block.sent for block in blocks])
    return np.concatenate([block.held[0] - block.sent for block in blocks])


def _figures(ns: npt.NDArray[np.int64]) -> dict[str, Any]:
    median, p99 = np.percentile(ns, (50, 99)) / 1e3
    return {"median_us": round(float(median), 2), "p99_us": round(float(p99), 2), "samples": len(ns)}


def _row(case: Case, blocks: dict[Case, list[Block]]) -> Row:
    ns = _latencies(case, blocks[case])
    copy = case._replace(path="memcpy")
    ratio = float(np.median(ns) / np.median(_latencies(copy, blocks[copy])))
    gaps = np.concatenate([np.diff(block.sent) for block in blocks[case]])
    late = int(np.sum(gaps > case.every_ms * 1.5e6))
    path, payload, every, _ = case
    return Row(path, payload, every, ratio_to_memcpy=round(ratio, 4), late=late, **_figures(ns))


def _wake_row(case: Case, blocks: list[Block]) -> WakeRow:
    ns = np.concatenate([block.woken[0] - block.sent for block in blocks])
    return WakeRow(case.path, case.every_ms, **_figures(ns))


def _cpu_row(readers: int, blocks: list[Block]) -> CpuRow:
    writer = _percent([block.sent_cpu for block in blocks], [block.sent for block in blocks])
    each = [
        _percent([block.held_cpu[i] for block in blocks], [block.held[i] for block in blocks])
        for i in range(readers)
    ]
    return CpuRow(readers, writer, max(each), each)


def _percent(cpu: list[npt.NDArray[np.int64]], clock: list[npt.NDArray[np.int64]]) -> float:
    """CPU time per time, from the first to the last measured frame of each block."""
    return round(100 * _spans(cpu) / _spans(clock), 3)


def _spans(columns: Iterable[npt.NDArray[np.int64]]) -> float:
    return float(sum(column[-1] - column[0] for column in columns))


def checks(report: Report) -> Iterator[Check]:
    """What is claimed of the rings."""
    for every in (VIDEO, FAST):
        ring = report.row("ring", "1080p", every).median_us
        wake, peer = report.woken("ring", every), report.row("iceoryx2", "1080p", every).median_us
        yield _at_most(f"1080p every {every} ms: own wake-up + 30 us", ring, wake + 30, "us")
        yield _at_most(f"1080p every {every} ms: 1.2 x iceoryx2", ring, 1.2 * peer, "us")
    ring, large = (report.row("ring", payload, VIDEO).median_us for payload in ("1080p", "4k"))
    yield _at_most("4K: 1.1 x 1080p", large, 1.1 * ring, "us")
    fast = report.row("ring", "1080p", FAST)
    yield _at_most(f"1080p every {FAST} ms: 0.15 x memcpy", fast.ratio_to_memcpy, 0.15, "x")
    for every in (VIDEO, FAST):
        wake, pipe = report.woken("ring", every), report.woken("pipe", every)
        yield _at_most(f"wake-up every {every} ms: 2 x a bare pipe", wake, 2 * pipe, "us")
    three = next(row for row in report.cpu if row.readers == 3)
    yield _at_most("60 fps, 3 readers: CPU of the writer", three.writer_percent, 2.0, "%")
    yield _at_most("60 fps, 3 readers: CPU of each reader", three.reader_percent, 1.5, "%")


def _at_most(claim: str, measured: float, limit: float, unit: str) -> Check:
    return Check(claim, f"{measured:.3g} {unit}, at most {limit:.3g} {unit}", measured <= limit)


def print_report(report: Report) -> None:
    print("\nfrom publish or send to the reader's view of the frame")
    heads = ("every ms", "median us", "p99 us", "x memcpy", "late")
    print(f"{'path':<10}{'payload':<9}" + "{:>9}{:>12}{:>12}{:>10}{:>6}".format(*heads))
    for row in report.rows:
        print(
            f"{row.path:<10}{row.payload:<9}{row.every_ms:>9}{row.median_us:>12.1f}{row.p99_us:>12.1f}"
            f"{row.ratio_to_memcpy:>10.2f}{row.late:>6}"
        )
    print("\nwake-up alone")
    for wake in report.wake:
        print(f"{wake.path:<19}{wake.every_ms:>9}{wake.median_us:>12.1f}{wake.p99_us:>12.1f}")
    print("\nCPU at 60 fps, percent of one core")
    for cpu in report.cpu:
        print(f"{cpu.readers} readers: writer {cpu.writer_percent:.2f}, busiest {cpu.reader_percent:.2f}")
    print("\nclaims")
    for check in checks(report):
        print(f"{'pass' if check.passed else 'FAIL'}  {check.claim}: {check.measured}")


def to_json(report: Report) -> dict[str, Any]:
    return {**asdict(report), "checks": [asdict(check) for check in checks(report)]}


def main() -> int:
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    parser.add_argument("--json", action="store_true", help="print figures and claims as JSON")
    parser.add_argument("--quick", action="store_true", help="a few frames, to see that it runs; no figures")
    args = parser.parse_args()
    try:
        report = Report.of(measure(QUICK if args.quick else FULL))
    except (MissingPeer, BenchError) as error:
        print(f"bench_rings: {error}", file=sys.stderr)
        return 2
    if args.json:
        print(json.dumps(to_json(report), indent=1))
    else:
        print_report(report)
    return 0


if __name__ == "__main__":
    sys.exit(main())
