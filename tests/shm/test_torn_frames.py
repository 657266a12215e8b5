"""No reader, in whatever mode and however long it holds, ever sees a frame change."""

import os
import time

import pytest

from shm.layout import RingSpec, RowSpec
from tests.shm.ring_processes import Crew, Part, make_ring, make_tally, read, until, write

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="the processes of this test are forked"),
    pytest.mark.timeout(120),
]


@pytest.mark.parametrize("slot_bytes", [64, 256 * 1024], ids=["tiny", "256k"])
def test_every_reader_sees_only_whole_frames_from_a_writer_at_full_speed(slot_bytes: int) -> None:
    """Tiny frames: most steps of the protocol per second. 256 KB: longest time in which to tear."""
    record = RowSpec("record", "every-or-count", 2)
    rows = (RowSpec("show", "latest", 1), RowSpec("pair", "latest", 2), record)
    ring = make_ring(RingSpec(f"torn-{os.getpid()}", slots=5 + 2 + 4, slot_bytes=slot_bytes, rows=rows))
    written, tallies = make_tally(), {row.reader: make_tally() for row in rows}
    holds = {"show": 0.002, "pair": 0.0005, "record": 0.0}
    with Crew() as crew:
        readers = [
            crew.start(Part(name, read, (ring.reader(name), tally, crew.stop, holds[name]), ((ring, name),)))
            for name, tally in tallies.items()
        ]
        writer = crew.start(Part("writer", write, (ring.writer(), written, crew.stop), (), (ring,)))
        time.sleep(2)
        crew.finish(*readers, writer)
    assert {name: tally.torn for name, tally in tallies.items()} == dict.fromkeys(tallies, 0)
    assert not any(tally.disorder for tally in tallies.values())
    assert all(tally.count > 100 for tally in tallies.values()), "the readers have read"
    assert written.count > 1000
    assert not any(ring.words[at] for at in ring.spec.pin_at), "every lease ended"
    assert written.wakes == 0, "with N = leases + 2 slots there is always one to write to"
    ring.close()


def test_a_writer_that_ignores_pins_is_caught_by_the_same_check() -> None:
    """The control: the check sees a torn frame when there is one."""
    rows = (RowSpec("show", "latest", 1),)
    ring = make_ring(RingSpec(f"torn-control-{os.getpid()}", slots=3, slot_bytes=256 * 1024, rows=rows))
    written, seen = make_tally(), make_tally()
    with Crew() as crew:
        reader = crew.start(
            Part("show", read, (ring.reader("show"), seen, crew.stop, 0.002), ((ring, "show"),))
        )
        args = (ring.writer(), written, crew.stop, 0, 0.0, None, True)
        writer = crew.start(Part("writer", write, args, (), (ring,)))
        until(lambda: seen.torn > 10, "the check catches torn frames")
        crew.finish(reader, writer)
    ring.close()
