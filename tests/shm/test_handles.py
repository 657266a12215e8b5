"""Handles reach processes that inherit nothing, with both kinds of segment, and nothing stays behind."""

import gc
import os
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from shm.frame import pack_text
from shm.layout import RingSpec, RowSpec
from shm.ring import Attachment, ReaderHandle, WriterHandle
from shm.segment import MemfdSegment, NamedSegment, Segment
from tests.shm.ring_processes import (
    handles_arrive,
    make_ring,
    mappings,
    mappings_anywhere,
    named_segments,
    named_segments_left,
    open_fds,
    until,
)

REPO = Path(__file__).parents[2]
SPEC = RingSpec(f"handles-{os.getpid()}", 3, 100_000, (RowSpec("show", "latest", 1),))
linux = pytest.mark.skipif(sys.platform != "linux", reason="memfd")
BACKENDS = [pytest.param(MemfdSegment, marks=linux), NamedSegment]

pytestmark = [pytest.mark.timeout(100), pytest.mark.usefixtures("collected")]


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_writer_and_a_reader_in_processes_of_their_own(
    method: str, backend: type[MemfdSegment] | type[NamedSegment]
) -> None:
    if method == "forkserver" and sys.platform == "win32":
        pytest.skip("Windows has only spawn")
    before = named_segments()
    assert handles_arrive(method, backend) == 200
    assert not named_segments_left(before)


@pytest.mark.parametrize("version", ["3.12", "3.13"])
def test_the_same_under_another_python(version: str) -> None:
    python = _python(version)
    result = subprocess.run(
        [python, "-m", "tests.shm.ring_processes"],
        cwd=REPO,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stderr == ""
    assert len(result.stdout.splitlines()) == 4


def _python(version: str) -> str:
    """A Python of this version that has numpy; skips, saying what is missing."""
    pyenv = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python3"))
    found = [path for path in (shutil.which(f"python{version}"), *map(str, pyenv)) if path]
    for path in found:
        if subprocess.run([path, "-c", "import numpy"], capture_output=True, check=False).returncode == 0:
            return path
    pytest.skip(
        f"no Python {version} with numpy: " + (f"{', '.join(found)} lack numpy" if found else "none here")
    )


def test_a_colour_that_no_line_can_hold_is_said_plainly() -> None:
    assert pack_text("24000 Hz")
    with pytest.raises(ValueError, match="'nine long' is longer than 8 letters"):
        pack_text("nine long")


def test_the_processes_print_nothing_when_they_end() -> None:
    """An attached segment that is torn down at exit, with views on it, is no error."""
    result = subprocess.run(
        [sys.executable, "-m", "tests.shm.ring_processes"],
        cwd=REPO,
        capture_output=True,
        text=True,
        timeout=90,
        check=True,
    )
    assert result.stderr == ""


@pytest.mark.parametrize("backend", BACKENDS)
def test_nothing_is_left_when_the_owner_closes(backend: type[MemfdSegment] | type[NamedSegment]) -> None:
    gc.collect()
    fds, named = open_fds(), named_segments()
    for _ in range(5):
        ring = make_ring(SPEC, backend)
        writer, reader = ring.writer().open(), ring.reader("show").open()
        slot = writer.acquire()
        assert slot is not None
        slot.view((10,))[:] = 1
        writer.publish(slot, t_capture=0)
        with reader.lease() as lease:
            assert lease.frame.sum() == 10
        del writer, reader, slot, lease
        ring.close()
        del ring
    assert open_fds() == fds
    assert not named_segments_left(named)
    assert mappings(SPEC.name) == 0


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_view_outlives_the_closing_of_its_segment(backend: type[MemfdSegment] | type[NamedSegment]) -> None:
    """close() lets go; a lease that is still out keeps its mapping, and the name is gone all the same."""
    fds, named = open_fds(), named_segments()
    ring = make_ring(SPEC, backend)
    writer, reader = ring.writer().open(), ring.reader("show").open()
    slot = writer.acquire()
    assert slot is not None
    slot.view((100_000,))[:] = 7
    writer.publish(slot, t_capture=0)
    lease = reader.lease()
    assert lease is not None
    frame = lease.frame
    ring.close()
    assert not named_segments_left(named)
    assert (frame == 7).all()
    del frame, lease, slot, writer, reader, ring
    gc.collect()
    assert open_fds() == fds
    assert mappings(SPEC.name) == 0


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_worker_can_close_its_segment_at_any_time(backend: type[MemfdSegment] | type[NamedSegment]) -> None:
    ring = make_ring(SPEC, backend)
    theirs = Segment.from_json(ring.segment.to_json(), [os.dup(fd) for fd in ring.segment.fds])
    reader = ReaderHandle(SPEC, theirs, 0, ring.wakes[0].reader_end).open()
    theirs.close()
    theirs.close()
    assert reader.state
    del reader, theirs
    ring.close()


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_segment_travels_over_a_socket(backend: type[MemfdSegment] | type[NamedSegment]) -> None:
    """How the launcher sends a new segment to a worker that runs: descriptors beside JSON."""
    ring = make_ring(SPEC, backend)
    ours, theirs = socket.socketpair()
    if backend is MemfdSegment:
        socket.send_fds(ours, [b"segment"], list(ring.segment.fds))
        _, fds, _, _ = socket.recv_fds(theirs, 100, 4)
    else:
        fds = []
    segment = Segment.from_json(ring.segment.to_json(), fds)
    spec = RingSpec.from_json(SPEC.to_json())
    assert spec == SPEC
    assert fds == [], "the segment owns the descriptor now"
    writer = WriterHandle(spec, segment, tuple(wake.writer_end for wake in ring.wakes)).open()
    slot = writer.acquire()
    assert slot is not None
    slot.view((3,), np.float32)[:] = 2.5
    writer.publish(slot, t_capture=0)
    with ring.reader("show").open().lease() as lease:
        assert lease.frame.tolist() == [2.5] * 3
    del writer, slot, lease
    segment.close()
    assert Attachment(SPEC, ring.segment).words[0] == ring.words[0], "ours is still open"
    ring.close()
    ours.close()
    theirs.close()


OWNER = """
    import sys, time
    from multiprocessing import get_context
    from shm.layout import RingSpec, RowSpec
    from shm.segment import MemfdSegment
    from tests.shm.ring_processes import die_with_parent, make_flag, make_ring, make_tally, read, write

    if __name__ == "__main__":
        die_with_parent()
        ring = make_ring(RingSpec(sys.argv[1], 4, 1_000_000, (RowSpec("show", "latest", 1),)), MemfdSegment)
        seen, stop, context = make_tally(), make_flag(), get_context("spawn")
        jobs = [
            context.Process(target=read, args=(ring.reader("show"), seen, stop), daemon=True),
            context.Process(target=write, args=(ring.writer(), make_tally(), stop, 0, 0.01), daemon=True),
        ]
        for job in jobs:
            job.start()
        while not seen.count:
            time.sleep(0.01)
        print("running", *[job.pid for job in jobs], flush=True)
        time.sleep(1000)
"""


@linux
def test_killing_the_owner_and_all_others_at_once_leaves_nothing(tmp_path: Path) -> None:
    script = tmp_path / "owner.py"
    script.write_text(textwrap.dedent(OWNER))
    name, named = f"killed-{os.getpid()}-{time.monotonic_ns()}", named_segments()
    owner = subprocess.Popen(
        [sys.executable, str(script), name],
        cwd=REPO,
        env={**os.environ, "PYTHONPATH": str(REPO)},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert owner.stdout is not None
        pids = owner.stdout.readline().split()[1:]
        assert len(pids) == 2
        assert mappings_anywhere(name) == 3
    finally:
        os.killpg(owner.pid, signal.SIGKILL)
        owner.communicate()
    until(lambda: mappings_anywhere(name) == 0, "all mappings go")
    until(lambda: not any(map(_is_running, pids)), "all processes go")
    assert not named_segments_left(named)


def _is_running(pid: str) -> bool:
    try:
        return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()  # empty when it has ended
    except OSError:
        return False
