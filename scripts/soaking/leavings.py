"""What a launcher must not leave behind, and leases that nobody gives back."""

import time
from collections.abc import Iterator
from contextlib import suppress

import psutil

from pipeline.attach import Description, Onlooker
from scripts.soaking.footprint import holders, segments
from scripts.soaking.launching import Launched, family
from scripts.soaking.report import Result
from shm import layout
from shm.board import LINE_WORDS
from shm.layout import PINS, WORD, RingSpec
from shm.ring import Attachment

GRACE = 1.0  # seconds after the launcher's end
OLD = 1.0  # seconds; while frames keep coming, a lease of an older one is nobody's


class Belongings:
    """What belongs to the launchers of one runtime folder, as it was before their end."""

    def __init__(self, marker: str) -> None:
        self._marker = marker
        self._inodes = set(segments(process.pid for process in family(marker)))

    def left(self) -> list[str]:
        """What of it is still there."""
        found = [f"process {process.pid} ({_command(process)})" for process in family(self._marker)]
        return found + holders(self._inodes)


def stop_and_check(result: Result, launched: Launched) -> None:
    """End the launcher as Ctrl-C does. Python's resource tracker may outlive it by a moment."""
    belongings, begin = Belongings(launched.marker), time.monotonic()
    launched.stop()
    end = time.monotonic() + GRACE
    while (left := belongings.left()) and time.monotonic() < end:
        time.sleep(0.02)
    result.check_none(f"left {time.monotonic() - begin:.1f} s after SIGTERM", left)


def segments_wanted(description: Description) -> tuple[int, int]:
    """How many segments the launcher says there are, and their bytes."""
    specs = [RingSpec.from_json(ring) for ring in description["rings"]]
    board = description["board_rows"] * LINE_WORDS * WORD
    return len(specs) + 1, board + sum(spec.nbytes for spec in specs)


def old_leases(onlooker: Onlooker) -> list[str]:
    """Leases on frames that were published long ago."""
    description, (board, *parts) = onlooker.attach(_header_sizes)
    found = list[str]()
    for data, part in zip(description["rings"], parts, strict=True):
        memory = Attachment(RingSpec.from_json(data), part)
        found += old_in(memory)
        memory.words.release()
    for segment in (board, *parts):
        segment.close()
    return found


def old_in(memory: Attachment) -> Iterator[str]:
    """The words are read without a lock: whoever calls looks again before he complains."""
    spec, words, now = memory.spec, memory.words, time.perf_counter_ns()
    for row, at in zip(spec.rows, spec.row_at, strict=True):
        for pin in range(at + PINS, at + PINS + row.pins):
            slot = words[pin] - 1
            if slot < 0:
                continue
            age = (now - words[spec.slot_at[slot] + layout.T_PUBLISH]) / 1e9
            if age > OLD:
                yield f"{row.reader} on a frame of {spec.name} {age:.1f} s old"


def _header_sizes(description: Description) -> list[int]:
    rings = [RingSpec.from_json(ring).payload_at for ring in description["rings"]]
    return [description["board_rows"] * LINE_WORDS * WORD, *rings]


def _command(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        return " ".join(process.cmdline())[:100]
    return "?"
