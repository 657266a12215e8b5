"""Figures of workers, rings and the machine, taken from outside: the segments are read without locks, the
processes through psutil. Nobody who is watched does anything for it but answer who there is."""

import math
import time
from collections import deque
from dataclasses import dataclass
from typing import Any, NamedTuple

import psutil

from pipeline.attach import Description, Onlooker
from pipeline.gpus import Gpus
from shm import histogram
from shm.board import LINE_WORDS, Board, LineStats
from shm.errors import RingCorrupt
from shm.fence import make_fence
from shm.layout import WORD, RingSpec
from shm.ring import Attachment
from shm.stats import RingStats

QUIETEST = 1e-5  # of full scale: -100 dB
WINDOW = 5.0  # seconds that rates and percentiles look back
Figures = dict[str, Any]


class _Seat(NamedTuple):
    """A line of the board and whose it is: retired workers and their successors have the same name, those
    who come after one another may have the same line."""

    name: str
    row: int


class _Look(NamedTuple):
    """What was read at one moment."""

    time: float
    lines: dict[_Seat, LineStats]
    rings: dict[str, RingStats]


@dataclass
class _View:
    """The launcher's segments, attached as its rings were `described`."""

    described: list[Any]
    board: Board
    rings: dict[str, Attachment]


class Observer:
    """Watches one launcher. `figures()` compares now with up to five seconds ago."""

    def __init__(self, pid: int) -> None:
        """Raises NotRunning."""
        self.pid = pid
        self._onlooker = Onlooker(pid)
        self._view: _View | None = None
        self._looks: deque[_Look] = deque()
        self._processes: dict[int, psutil.Process] = {}
        self._fence = make_fence()
        self._gpus = Gpus()

    def figures(self) -> Figures:
        """Raises NotRunning when the launcher has gone."""
        description = self._onlooker.ask()
        view = self._attached(description)
        seats = [_seat(worker) for worker in description["workers"]]
        look = _Look(
            time.perf_counter(),
            {seat: view.board.line(seat.row).read() for seat in seats},
            {name: stats for name, ring in view.rings.items() if (stats := self._read(ring)) is not None},
        )
        while self._looks and look.time - self._looks[0].time > WINDOW:
            self._looks.popleft()
        before = self._looks[0] if self._looks else look
        self._looks.append(look)
        return {
            "time": time.time(),
            "window_s": look.time - before.time,
            "launcher": self._process_figures(self.pid),
            "workers": [self._worker_figures(worker, look) for worker in description["workers"]],
            "rings": [_ring_figures(ring, before, look) for ring in look.rings.values()],
            "machine": machine_figures() | {"gpus": self._gpus.figures()},
        }

    def close(self) -> None:
        self._onlooker.close()

    def _attached(self, description: Description) -> _View:
        """The view of these segments; attaches again when a ring has a new one."""
        if self._view is None or self._view.described != description["rings"]:
            description, (board, *segments) = self._onlooker.attach(_header_sizes)
            specs = [RingSpec.from_json(data) for data in description["rings"]]
            rings = {spec.name: Attachment(spec, part) for spec, part in zip(specs, segments, strict=True)}
            self._view = _View(description["rings"], Board(board, description["board_rows"]), rings)
            self._looks.clear()
        return self._view

    def _read(self, ring: Attachment) -> RingStats | None:
        """None while the launcher replaces it: it has seen the same and makes a new segment."""
        try:
            return RingStats.read(ring.spec, ring.words, self._fence)
        except RingCorrupt:
            return None

    def _worker_figures(self, worker: dict[str, Any], now: _Look) -> Figures:
        line = now.lines[_seat(worker)]
        before = self._first_look_at(_seat(worker), line.pid)
        earlier = before.lines[_seat(worker)]
        figures = {
            "name": worker["name"],
            "state": worker["state"],
            "busy": line.label,
            "restarts": worker["restarts"],
            "thread_budget": worker["threads"],
            "fps": rate(line.steps - earlier.steps, now, before),
            "lost": line.lost,
            "level_db": decibels(line.level),
            "wait_ms": spread(line.wait, earlier.wait),
            "work_ms": spread(line.work, earlier.work),
            "latency_ms": spread(line.latency, earlier.latency),
        }
        return figures | self._process_figures(line.pid if worker["state"] in ("running", "starting") else 0)

    def _first_look_at(self, seat: _Seat, pid: int) -> _Look:
        """The oldest at this process: its line was empty when it came."""
        return next(look for look in self._looks if seat in look.lines and look.lines[seat].pid == pid)

    def _process_figures(self, pid: int) -> Figures:
        """CPU in percent of one core since the last look, resident memory in MB, threads."""
        try:
            process = self._processes.setdefault(pid, psutil.Process(pid)) if pid else None
            if process is not None:
                with process.oneshot():
                    return {
                        "pid": pid,
                        "cpu_percent": process.cpu_percent(),
                        "rss_mb": process.memory_info().rss / 1e6,
                        "threads": process.num_threads(),
                    }
        except psutil.NoSuchProcess:
            self._processes.pop(pid, None)
        return {"pid": None, "cpu_percent": None, "rss_mb": None, "threads": None}


def _seat(worker: dict[str, Any]) -> _Seat:
    return _Seat(worker["name"], worker["row"])


def rate(count: int, now: _Look, before: _Look) -> float | None:
    """Per second between two looks; None when there was only one."""
    seconds = now.time - before.time
    return count / seconds if seconds > 0 else None


def decibels(level: float | None) -> float | None:
    """Below full scale; None for who hears nothing."""
    return None if level is None else 20 * math.log10(max(level, QUIETEST))


def spread(now: tuple[int, ...], before: tuple[int, ...]) -> dict[str, float | None]:
    """p50, p95 and p99 in milliseconds of what was counted between two looks."""
    counts = [max(0, later - earlier) for later, earlier in zip(now, before, strict=True)]
    return {f"p{round(share * 100)}": histogram.percentile_ms(counts, share) for share in (0.5, 0.95, 0.99)}


def machine_figures() -> Figures:
    memory = psutil.virtual_memory()
    return {
        "cpu_percent": psutil.cpu_percent(),
        "cores": psutil.cpu_count(),
        "memory_percent": memory.percent,
        "memory_available_mb": memory.available / 1e6,
    }


def _ring_figures(ring: RingStats, before: _Look, now: _Look) -> Figures:
    earlier = before.rings.get(ring.name, ring)
    was = {reader.name: reader for reader in earlier.readers}
    return {
        "name": ring.name,
        "state": ring.state,
        "fps": rate(ring.published - earlier.published, now, before),
        "slots": ring.slots,
        "used": ring.used,
        "slot_mb": ring.slot_bytes / 1e6,
        "shape": list(ring.shape),
        "dtype": ring.dtype,
        "age_ms": None if ring.age_s is None else ring.age_s * 1e3,
        "seq": ring.seq,
        "generation": ring.generation,
        "writer_starts": ring.epoch,
        "no_slot": ring.no_slot,
        "readers": [
            {
                "name": reader.name,
                "mode": reader.mode,
                "fps": rate(reader.received - was[reader.name].received, now, before)
                if reader.name in was
                else None,
                "received": reader.received,
                "dropped": reader.skipped,
                "lag": None if reader.mode == "by-source" else reader.lag,
                "leases": reader.leases,
            }
            for reader in ring.readers
        ],
    }


def _header_sizes(description: Description) -> list[int]:
    """Bytes to map: of a ring only the header; the pixels are nobody's business here."""
    headers = [RingSpec.from_json(ring).payload_at for ring in description["rings"]]
    return [description["board_rows"] * LINE_WORDS * WORD, *headers]
