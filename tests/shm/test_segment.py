"""The memory of a ring: there from the start, an error in time when it cannot be, laid out as drawn."""

import itertools
import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from shm import layout
from shm.layout import RingSpec, RowSpec
from shm.ring import Ring
from shm.segment import MemfdSegment, NamedSegment, Segment
from tests.shm.ring_processes import make_ring, named_segments, named_segments_left, open_fds

REPO = Path(__file__).parents[2]
linux = pytest.mark.skipif(sys.platform != "linux", reason="memfd")
BACKENDS = [pytest.param(MemfdSegment, marks=linux), NamedSegment]
SPECS = [
    RingSpec("a", 2, 1, ()),
    RingSpec("b", 3, 4096, (RowSpec("x", "latest", 1),)),
    RingSpec("c", 7, 4097, (RowSpec("x", "latest", 1), RowSpec("y", "every", 40))),
    RingSpec("d", 255, 100, tuple(RowSpec(f"r{i}", "by-source", 10 + i) for i in range(16))),
    RingSpec("e", 4, 1920 * 1080 * 3, (RowSpec("x", "every-or-count", 11), RowSpec("y", "latest", 12))),
]

pytestmark = [pytest.mark.timeout(60), pytest.mark.usefixtures("collected")]

# In a process of its own: a watcher there ends it before a segment that is made in spite of all takes the
# machine's memory with it.
IMPOSSIBLE = """
    import os, resource, signal, sys, time
    from shm.errors import NoMemory
    from shm.segment import Segment

    def available():
        with open("/proc/meminfo") as lines:
            return next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable"))

    nbytes, limit = int(sys.argv[1]), int(sys.argv[2])
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    pid = os.fork()
    if not pid:
        try:
            before = len(os.listdir("/proc/self/fd"))
            try:
                Segment.create(nbytes, "frame")
            except NoMemory as error:
                print(error)
            assert len(os.listdir("/proc/self/fd")) == before, "a descriptor is left"
            sys.stdout.flush()
            os._exit(0)
        except BaseException as error:
            print(repr(error), flush=True)
            os._exit(1)
    before = available()
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            sys.exit(os.waitstatus_to_exitcode(status))
        if before - available() > 1_000_000:
            print("took a gigabyte of memory", flush=True)
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.005)
"""


@linux
@pytest.mark.parametrize(
    ("nbytes", "limit"),
    [(1 << 30, 1 << 20), (1 << 45, 0), (1 << 62, 0), (1 << 64, 0)],
    ids=["more than the file size limit", "32 TB", "2^62", "2^64"],
)
def test_a_size_that_cannot_be_had_is_one_clear_error(nbytes: int, limit: int) -> None:
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(IMPOSSIBLE), str(nbytes), str(limit)],
        cwd=REPO,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, ""), result.stdout
    assert len(result.stdout.splitlines()) == 1
    assert result.stdout.startswith(f"ring frame: no memory for a segment of {nbytes / 1e6:.0f} MB (")
    assert "(scene.width, scene.height, screen_mss.region) or fewer sinks" in result.stdout


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_new_segment_is_all_zeros_and_all_there(backend: type[MemfdSegment] | type[NamedSegment]) -> None:
    nbytes = 1_000_001
    segment = backend.make(nbytes, "zeros")
    assert len(segment.buffer) == segment.nbytes == nbytes
    assert bytes(segment.buffer) == bytes(nbytes)
    segment.close()


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_first_touch_of_a_slot_is_no_page_fault(backend: type[MemfdSegment] | type[NamedSegment]) -> None:
    """In the process that makes the segment and in one that attaches it."""
    resource = pytest.importorskip("resource")
    nbytes = 32 << 20
    made = backend.make(nbytes, "faults")
    attached = Segment.from_json(made.to_json(), [os.dup(fd) for fd in made.fds])
    pages = nbytes // layout.PAGE
    for segment in (made, attached):
        page = bytes(layout.PAGE)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        for at in range(0, nbytes, layout.PAGE):
            segment.buffer[at : at + layout.PAGE] = page
        faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
        assert faults < pages / 100, f"{faults} faults for {pages} pages"
    attached.close()
    made.close()


@pytest.mark.parametrize("backend", BACKENDS)
def test_making_and_closing_leaves_nothing(backend: type[MemfdSegment] | type[NamedSegment]) -> None:
    fds, named = open_fds(), named_segments()
    for _ in range(20):
        segment = backend.make(100_000, "nothing")
        other = Segment.from_json(segment.to_json(), [os.dup(fd) for fd in segment.fds])
        other.close()
        segment.close()
        segment.close()
    assert open_fds() == fds
    assert not named_segments_left(named)


@linux
def test_an_attached_segment_that_is_dropped_without_closing_leaves_nothing() -> None:
    made = Segment.create(100_000, "dropped")
    fds = open_fds()
    for _ in range(20):
        Segment.from_json(made.to_json(), [os.dup(fd) for fd in made.fds])
    assert open_fds() == fds
    made.close()


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_read_only_segment_shows_all_and_can_change_nothing(
    backend: type[MemfdSegment] | type[NamedSegment],
) -> None:
    """What `top` gets."""
    made = backend.make(10_000, "looked-at")
    made.buffer[5_000] = 7
    seen = Segment.from_json(made.to_json(), [os.dup(fd) for fd in made.fds], read_only=True)
    assert seen.buffer[5_000] == 7
    made.buffer[5_000] = 8
    assert seen.buffer[5_000] == 8
    with pytest.raises(TypeError, match="read-only"):
        seen.buffer[5_000] = 9
    seen.close()
    made.close()


@pytest.mark.skipif(sys.platform == "win32", reason="nothing is unlinked there")
def test_memory_stays_when_an_onlooker_has_ended() -> None:
    """`top` is no child of the launcher: its resource tracker is another."""
    made = NamedSegment.make(10_000, "looked-at")
    made.buffer[5_000] = 7
    look = f"print(Segment.from_json({made.to_json()}, [], read_only=True).buffer[5_000])"
    result = subprocess.run(
        [sys.executable, "-c", f"from shm.segment import Segment; {look}"],
        cwd=REPO,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert (result.stdout, result.stderr) == ("7\n", "")
    Segment.from_json(made.to_json(), []).close()
    made.close()


def test_a_name_that_is_gone_already_is_no_error_at_the_end() -> None:
    made = NamedSegment.make(10_000, "gone")
    made._memory.unlink()
    made.close()


@linux
def test_the_launcher_chooses_unnamed_memory_on_linux() -> None:
    named = named_segments()
    ring = Ring.create(SPECS[1])
    assert isinstance(ring.segment, MemfdSegment)
    assert not named_segments_left(named)
    assert os.readlink(f"/proc/self/fd/{ring.segment.fds[0]}").startswith("/memfd:stereoring-b")
    ring.close()


# Layout -----------------------------------------------------------------------------------------------


SHORT = {
    "source{generation, seq, slot}": "source_generation  source_seq  source_slot",
    "shape×2": "shape_01  shape_23",
    "pin 0 … pin P-1": "pins",
}


def _drawing() -> dict[str, list[str]]:
    """Owner -> words, as the drawing in layout.py has them."""
    lines = (layout.__doc__ or "").split("line            owner      words\n")[1].split("\n\n")[0]
    found: dict[str, list[str]] = {}
    owner = ""
    for line in lines.splitlines():
        named = line[20:31].strip()
        owner = named or owner
        words = line[31:]
        for drawn, meant in SHORT.items():
            words = words.replace(drawn, meant)
        found.setdefault(owner, []).extend(words.split("  "))
    return {owner: [word.strip() for word in words if word.strip()] for owner, words in found.items()}


def test_the_drawing_in_layout_agrees_with_the_constants() -> None:
    drawing = _drawing()
    constants = {name.lower(): value for name, value in vars(layout).items() if isinstance(value, int)}
    assert set(drawing) >= {"launcher", "writer", "reader r", "slot i"}
    assert [constants[f"{word}_at"] for word in drawing["launcher"]] == list(range(7))
    assert [constants[f"{word}_at"] for word in drawing["writer"]] == list(
        range(layout.LINE, layout.LINE + len(drawing["writer"]))
    )
    assert [constants[word] for word in drawing["reader r"]] == list(range(6))
    slot = [word.removesuffix("<<1|claimed") for word in drawing["slot i"]]
    assert [constants[word] for word in slot] == list(range(11))


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_no_two_owners_share_a_line_and_nothing_overlaps(spec: RingSpec) -> None:
    assert layout.LINE * layout.WORD == 128
    owner_of: dict[int, str] = {0: "launcher", 1: "writer"}
    for row, at in enumerate(spec.row_at):
        pins = spec.rows[row].pins
        for word in range(at, at + layout.PINS + pins):
            assert owner_of.setdefault(word // layout.LINE, f"reader {row}") == f"reader {row}"
    for slot, at in enumerate(spec.slot_at):
        assert at % layout.LINE == 0
        for word in range(at, at + layout.COLOUR + 1):
            assert owner_of.setdefault(word // layout.LINE, f"slot {slot}") == f"slot {slot}"
    assert max(owner_of) < spec.header_words // layout.LINE + 1
    assert spec.header_words * layout.WORD <= spec.payload_at
    assert spec.slot_stride >= spec.slot_bytes
    assert spec.payload_at + spec.slots * spec.slot_stride == spec.nbytes
    assert len(set(spec.pin_at)) == sum(row.pins for row in spec.rows)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_payloads_begin_on_pages_of_their_own(spec: RingSpec) -> None:
    ring = make_ring(spec)
    starts = []
    for slot in range(spec.slots):
        payload = ring.attachment.payload(slot)
        assert len(payload) == spec.slot_bytes
        starts.append(_address(payload))
        payload[-1] = 255
    assert all(start % layout.PAGE == 0 for start in starts)
    assert all(b - a == spec.slot_stride for a, b in itertools.pairwise(starts))
    fresh = make_ring(spec)
    assert list(ring.words) == list(fresh.words), "what is written to payloads touches no word"  # type: ignore[call-overload]
    ring.close()
    fresh.close()


def _address(payload: memoryview) -> int:
    return int(np.frombuffer(payload, np.uint8).ctypes.data)


def test_a_spec_survives_json() -> None:
    for spec in SPECS:
        assert RingSpec.from_json(json.loads(json.dumps(spec.to_json()))) == spec


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"slots": 1}, "1 slots"),
        ({"slots": 256}, "256 slots"),
        ({"slot_bytes": 0}, "0 bytes"),
        ({"rows": tuple(RowSpec(f"r{i}", "latest", 1) for i in range(17))}, "17 readers"),
        ({"rows": (RowSpec("x", "latest", 0),)}, "reader x"),
        ({"rows": (RowSpec("x", "sometimes", 1),)}, "sometimes"),  # type: ignore[arg-type]
        ({"rows": (RowSpec("x", "latest", 1), RowSpec("x", "every", 1))}, "x"),
    ],
    ids=str,
)
def test_a_ring_that_cannot_be_is_refused_by_name(changed: dict[str, object], what: str) -> None:
    good: dict[str, object] = {"name": "frame", "slots": 4, "slot_bytes": 100, "rows": ()}
    with pytest.raises(ValueError, match=rf"ring frame: .*{what}"):
        RingSpec(**{**good, **changed})  # type: ignore[arg-type]
