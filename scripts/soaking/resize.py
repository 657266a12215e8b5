"""Ever larger frames while readers hold leases: everybody moves on, and what is old is given back."""

import os
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from pipeline.attach import Onlooker
from pipeline.stats import Figures, Observer
from scripts.soaking import supervised
from scripts.soaking.footprint import Footprint, segments, settled
from scripts.soaking.growing import Settings
from scripts.soaking.holding import read_notes
from scripts.soaking.launching import Launched, family, say
from scripts.soaking.leavings import segments_wanted, stop_and_check
from scripts.soaking.report import Cell, Result, Table
from scripts.soaking.watching import check_zero, counts, processes, wait_until_running

FIRST, LAST, STEPS = (320, 180), (1920, 1080), 200  # a run with fewer steps ends at a smaller size
BEFORE, EACH, SETTLE = 2.0, 0.5, 2.0  # seconds at the first size, at each other, after the last
HOLD, FPS = 0.1, 60
STUCK = 20.0  # seconds without a larger segment
MAPPING_SLACK = 10  # pieces of an allocator that now works with larger arrays
MB = 1e6

Footprints = dict[str, Footprint]


def fill(result: Result, folder: Path, resizes: int) -> None:
    growth = _growth(resizes)
    notes = folder / "notes"
    with (
        Launched(folder, supervised.arguments(growth, HOLD, FPS, notes)) as launched,
        closing(launched.observer()) as observer,
    ):
        wait_until_running(launched, observer)
        before = _footprints(observer)
        most = _watch(launched, observer, growth)
        time.sleep(SETTLE)
        figures, after = observer.figures(), _footprints(observer)
        _check_rings(result, figures, growth)
        _check_held(result, before, after)
        _check_memory(result, launched, most)
        stop_and_check(result, launched)
    _check_pictures(result, notes, growth)


def _growth(resizes: int) -> Settings:
    """So many steps, each as large as one of 200 to 1080p."""
    part = min(1.0, resizes / STEPS)
    to_width, to_height = (round(a + part * (b - a)) for a, b in zip(FIRST, LAST, strict=True))
    return Settings(*FIRST, to_width, to_height, resizes, first_seconds=BEFORE, seconds=EACH)


def _watch(launched: Launched, observer: Observer, growth: Settings) -> float:
    """Until the last size has reached the sink's ring or nothing grows any more. Returns the most memory
    that segments held meanwhile, in MB."""
    most, generation, since = 0.0, 0, time.monotonic()
    rows, columns = growth.size(growth.steps)
    while time.monotonic() - since < STUCK:
        rings = {ring["name"]: ring for ring in observer.figures()["rings"]}
        if rings["picture"]["shape"] == [rows, 2 * columns, 3]:
            break
        if rings["frame"]["generation"] > generation:
            generation, since = rings["frame"]["generation"], time.monotonic()
        held = _held_mb(launched)
        most = max(most, held)
        say(f"resize: generation {generation} of {growth.steps + 1}, segments hold {held:.0f} MB")
        time.sleep(0.5)
    return most


def _held_mb(launched: Launched) -> float:
    held = segments(process.pid for process in family(launched.marker))
    return sum(nbytes for _, nbytes in held.values()) / MB


def _footprints(observer: Observer) -> Footprints:
    """Of the launcher, its workers and us, who look on."""
    return settled(processes(observer.figures()) | {"onlooker": os.getpid()})


def _check_rings(result: Result, figures: Figures, growth: Settings) -> None:
    heads = ("ring", "generation", "slots", "slot MB", "shape", "frames", "no slot")
    keys = ("name", "generation", "slots", "slot_mb", "shape", "seq", "no_slot")
    rows = [tuple(_shape(ring) if key == "shape" else ring[key] for key in keys) for ring in figures["rings"]]
    result.tables.append(Table("rings at the end", heads, rows))
    rings = {ring["name"]: ring for ring in figures["rings"]}
    wanted = growth.steps + 1
    found = rings["frame"]["generation"]
    result.check(f"frames have reached generation {wanted}", found == wanted, found)
    last_rows, last_columns = growth.size(growth.steps)
    wanted_shape = f"{last_rows}x{2 * last_columns}x3"
    found_shape = _shape(rings["picture"])
    result.check(f"pictures have become {wanted_shape}", found_shape == wanted_shape, found_shape)
    check_zero(result, figures["rings"], "no_slot")
    check_zero(result, figures["workers"], "restarts")
    lost = counts(figures["workers"], "lost")
    result.notes.append(f"frames that met too small a slot or lost their source: {lost}")


def _check_held(result: Result, before: Footprints, after: Footprints) -> None:
    fields = ("descriptors", "segment_descriptors", "mappings", "segment_mappings")
    rows: list[Sequence[Cell]] = []
    for name in after:
        changes = [f"{getattr(before[name], key)} → {getattr(after[name], key)}" for key in fields]
        rows.append((name, *changes, after[name].anonymous))
    heads = ("process", "descriptors", "of segments", "mappings", "of segments", "own MB")
    result.tables.append(Table("before → after", heads, rows))
    for key, slack in zip(fields, (0, 0, MAPPING_SLACK, 0), strict=True):
        more = {name: getattr(after[name], key) - getattr(before[name], key) for name in after}
        what = [f"{name} {number:+d}" for name, number in more.items() if number > slack]
        result.check_none(f"processes with more {key.replace('_', ' ')} than before", what)


def _check_memory(result: Result, launched: Launched, most: float) -> None:
    with closing(Onlooker(launched.pid)) as onlooker:
        count, nbytes = segments_wanted(onlooker.ask())
    held = segments(process.pid for process in family(launched.marker))
    held_bytes = sum(nbytes for _, nbytes in held.values())
    found = f"{len(held)} segments, {held_bytes / MB:.1f} MB (at most {most:.1f} MB on the way)"
    claim = f"memory of old segments is given back: {count} segments, {nbytes / MB:.1f} MB"
    result.check(claim, (len(held), held_bytes) == (count, nbytes), found)


def _check_pictures(result: Result, notes: Path, growth: Settings) -> None:
    lines = read_notes(notes)
    seen = {size: count for line in lines for size, count in line.get("seen", {}).items()}
    result.check_none("pictures that were not whole", [line["fault"] for line in lines if "fault" in line])
    rows, columns = growth.size(growth.steps)
    text = f"{sum(seen.values())} pictures in {len(seen)} sizes"
    result.check(f"the sink has seen {columns}x{rows}", f"{columns}x{rows}" in seen, text)


def _shape(ring: Figures) -> str:
    return "x".join(map(str, ring["shape"]))
