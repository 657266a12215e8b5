"""Kills ring processes at random with SIGKILL and checks that the others never notice.

python scripts/ring_chaos.py --seconds 20 --seed 7 [--json]

    camera ─▶ [frame] ─▶ show ×2 (latest), record (every-or-count)
                 └─────▶ depth (latest) ─▶ [map] ─▶ stereo, which leases each map's frame by its source
    source ─▶ [job] ────▶ sink (every: nothing may be lost)

It plays the launcher: waits on each victim, clears what it left, starts a successor, and reads all header
words all the time. Exit code 1 if anything was torn, lost, leaked, crashed or stalled.
"""

import argparse
import json
import os
import random
import sys
import time
from dataclasses import asdict, dataclass, fields
from multiprocessing import get_context
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from shm import layout
from shm.errors import RingCorrupt
from shm.fence import make_fence
from shm.layout import RingSpec, RowSpec
from shm.ring import Ring
from shm.stats import RingStats, dump_header
from tests.shm.ring_processes import (
    WATCHDOG,
    Crew,
    Part,
    hand_on,
    join,
    make_flag,
    make_ring,
    make_tally,
    mappings_anywhere,
    named_segments,
    named_segments_left,
    open_fds,
    read,
    until,
    write,
)

FRAME_BYTES = 128 * 1024
PACE = 0.001  # seconds between a writer's frames: 2 cores serve 8 processes and a birth every 60 ms
MOST_AWAY = 0.05  # seconds until a successor starts; for half of them at once
MAPS = 3


@dataclass
class Result:
    """What happened. All of BAD must be zero."""

    seed: int
    seconds: float = 0.0
    kills: int = 0
    published: int = 0
    checked: int = 0
    joined: int = 0
    skipped: int = 0  # frames that show and record did not get: they read the newest, or came too late
    source_gone: int = 0  # after the death of the process that kept the frame
    longest_gap_ms: float = 0.0  # between two frames of one writer, at any reader
    torn: int = 0
    disorder: int = 0
    lost: int = 0  # by the `every` reader
    source_gone_unexplained: int = 0
    no_slot: int = 0  # a slot was missing though the sizes add up: a pin or claim had leaked
    false_alarms: int = 0
    crashed: int = 0
    stalled: int = 0
    leaked_pins: int = 0
    leaked_slots: int = 0
    leaked_fds: int = 0
    leaked_segments: int = 0
    leaked_processes: int = 0

    @property
    def bad(self) -> dict[str, int]:
        first = [field.name for field in fields(self)].index("torn")
        return {field.name: n for field in fields(self)[first:] if (n := getattr(self, field.name))}


class Chaos:
    """The rings and everyone on them."""

    def __init__(self, seed: int) -> None:
        self.random, self.result, self.fence = random.Random(seed), Result(seed), make_fence()
        name = f"chaos-{os.getpid()}"
        self.frame = make_ring(
            RingSpec(
                f"{name}-frame",
                slots=1 + 1 + 2 + MAPS + 1 + 2,
                slot_bytes=FRAME_BYTES,
                rows=(
                    RowSpec("show1", "latest", 1),
                    RowSpec("show2", "latest", 1),
                    RowSpec("record", "every-or-count", 2),
                    RowSpec("depth", "latest", MAPS),
                    RowSpec("stereo", "by-source", 1),
                ),
            )
        )
        self.map = make_ring(RingSpec(f"{name}-map", MAPS, 4096, (RowSpec("stereo", "latest", 1),)))
        self.job = make_ring(RingSpec(f"{name}-job", 4, FRAME_BYTES, (RowSpec("sink", "every", 2),)))
        self.rings = (self.frame, self.map, self.job)
        self.crew, self.last_words = Crew(), make_flag()
        self.away: list[tuple[float, Part]] = []  # (when its successor starts, part)
        self.tallies: dict[str, Any] = {}
        self.parts = [
            self._part("camera", write, self.frame.writer(), 0, PACE, writes=(self.frame,)),
            self._part("show1", read, self.frame.reader("show1"), 0.002, reads=((self.frame, "show1"),)),
            self._part("show2", read, self.frame.reader("show2"), 0.0, reads=((self.frame, "show2"),)),
            self._part("record", read, self.frame.reader("record"), 0.001, reads=((self.frame, "record"),)),
            self._part(
                "depth",
                hand_on,
                self.frame.reader("depth"),
                self.map.writer(),
                reads=((self.frame, "depth"),),
                writes=(self.map,),
            ),
            self._part(
                "stereo",
                join,
                self.frame.reader("stereo"),
                self.map.reader("stereo"),
                self.last_words,
                0.002,
                reads=((self.frame, "stereo"), (self.map, "stereo")),
            ),
            self._part("source", write, self.job.writer(), 0, PACE, writes=(self.job,)),
            self._part("sink", read, self.job.reader("sink"), 0.001, reads=((self.job, "sink"),)),
        ]

    def _part(self, name: str, body: Any, *args: Any, **rings: Any) -> Part:
        """A body takes: its handles, its tally, the stop flag, the rest."""
        tally = self.tallies[name] = make_tally()
        handles = 2 if body in (hand_on, join) else 1
        return Part(name, body, (*args[:handles], tally, self.crew.stop, *args[handles:]), **rings)

    def run(self, seconds: float, kills_per_second: float) -> None:
        for part in self.parts:
            self.crew.start(part)
        moved, begun = self._progress(), time.monotonic()
        next_kill, next_check = begun, begun + WATCHDOG
        while (now := time.monotonic()) < begun + seconds:
            self._read_figures()
            for due, part in [entry for entry in self.away if entry[0] <= now]:
                self.away.remove((due, part))
                self.crew.start(part)
            if now >= next_kill:
                next_kill += self.random.expovariate(kills_per_second)
                away = [part for _, part in self.away]
                self._kill(self.random.choice([part for part in self.parts if part not in away]))
            if now >= next_check:
                progress = self._progress()
                self.result.stalled += sum(progress[name] == moved[name] for name in moved)
                moved, next_check = progress, now + WATCHDOG
            time.sleep(0.0005)
        for _, part in self.away:
            self.crew.start(part)
        self.result.seconds = round(time.monotonic() - begun, 1)
        moved = self._progress()
        try:
            until(lambda: all(n > moved[name] for name, n in self._progress().items()), "all go on")
        except AssertionError:
            self.result.stalled += sum(n == moved[name] for name, n in self._progress().items())
        self._finish()

    def _progress(self) -> dict[str, int]:
        return {name: tally.count for name, tally in self.tallies.items()}

    def _read_figures(self) -> None:
        for ring in self.rings:
            try:
                RingStats.read(ring.spec, ring.words, self.fence)
            except RingCorrupt as alarm:
                self.result.false_alarms += 1
                if self.result.false_alarms < 3:
                    print(alarm, dump_header(ring.spec, ring.words), sep="\n", file=sys.stderr)

    def _kill(self, part: Part) -> None:
        assert part.process is not None
        if part.process.exitcode is not None:  # its traceback is on stderr
            self.result.crashed += 1
        else:
            part.process.kill()
            self.result.kills += 1
        self.crew.ended(part.process)
        if part.name == "depth":
            self.last_words.value = self.map.newest_seq()  # before the frames that it kept are let go
        part.forget()
        for ring, reader in part.reads:
            self.result.leaked_pins += _pins(ring, reader)
        self.away.append((time.monotonic() + self.random.choice((0, MOST_AWAY)) * self.random.random(), part))

    def _finish(self) -> None:
        """Everyone ends in good order; then every slot must be there to write to."""
        try:
            self.crew.finish(*self.parts)
        except AssertionError as error:
            print(error, file=sys.stderr)
            self.result.crashed += 1
        self.parts[4].forget()  # depth's last maps keep their frames; a reaped worker's pins go
        for ring in self.rings:
            self.result.leaked_pins += sum(_pins(ring, row.reader) for row in ring.spec.rows)
            self.result.leaked_slots += ring.spec.slots - _writable(ring)
            self.result.no_slot += ring.words[layout.NO_SLOT_AT]
        tallies = self.tallies
        readers = [tallies[name] for name in ("show1", "show2", "record", "sink")]
        self.result.published = sum(tallies[name].count for name in ("camera", "depth", "source"))
        self.result.checked = sum(tally.count for tally in readers)
        self.result.joined = tallies["stereo"].count
        self.result.source_gone = tallies["stereo"].gone
        self.result.source_gone_unexplained = tallies["stereo"].unexplained
        self.result.torn = sum(tally.torn for tally in tallies.values())
        self.result.disorder = sum(tally.disorder for tally in readers[:3])
        self.result.lost = tallies["sink"].disorder
        self.result.longest_gap_ms = round(max(tally.longest_gap for tally in readers) / 1e6, 1)
        for row in (0, 1, 2):
            self.result.skipped += self.frame.words[self.frame.spec.row_at[row] + layout.SKIPPED]

    def close(self) -> None:
        self.crew.__exit__()
        self.result.leaked_processes = len([1 for process in self.crew.started if process.is_alive()])
        for ring in self.rings:
            ring.close()


def _pins(ring: Ring, reader: str) -> int:
    row = ring.spec.row(reader)
    first = ring.spec.row_at[row] + layout.PINS
    return sum(ring.words[at] > 0 for at in range(first, first + ring.spec.rows[row].pins))


def _writable(ring: Ring) -> int:
    """How many of the slots a new writer can fill, one after the other."""
    writer, filled = ring.writer().open(), set()
    for _ in range(2 * ring.spec.slots):
        for at, row in zip(ring.spec.row_at, ring.spec.rows, strict=True):
            if row.mode == "every":
                ring.words[at + layout.CURSOR] = writer.seq  # as if its reader had read it all
        slot = writer.acquire()
        if slot is None:
            break
        filled.add(slot.slot)
        slot.view((1,))
        writer.publish(slot, t_capture=0)
    return len(filled)


def chaos(seconds: float, seed: int, kills_per_second: float = 15.5) -> Result:
    """Run it; the result says what was found. Nothing is left behind, or `leaked_…` says what."""
    get_context("fork").RawArray("B", 1 << 16)  # the tallies' memory, which Python keeps for the next ones
    fds, named = open_fds(), named_segments()
    run = Chaos(seed)
    try:
        run.run(seconds, kills_per_second)
    finally:
        run.close()
    result = run.result
    del run
    result.leaked_fds = open_fds() - fds
    result.leaked_segments = mappings_anywhere(f"chaos-{os.getpid()}") + len(named_segments_left(named))
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--json", action="store_true", help="print the result as one line of JSON")
    options = parser.parse_args()
    print(f"seed {options.seed}", file=sys.stderr if options.json else sys.stdout, flush=True)
    result = chaos(options.seconds, options.seed)
    if options.json:
        print(json.dumps(asdict(result)))
    else:
        for name, value in asdict(result).items():
            print(f"{name:24} {value}")
        print("BAD: " + ", ".join(result.bad) if result.bad else "all is well")
    return 1 if result.bad else 0


if __name__ == "__main__":
    sys.exit(main())
