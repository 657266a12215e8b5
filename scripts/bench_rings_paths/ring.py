"""Our ring: the frame is produced in its slot, the reader leases that slot."""

from functools import partial
from pathlib import Path
from time import perf_counter_ns

from scripts.bench_rings_paths import Frame, Link, Payload, put_number
from shm.layout import RingSpec, RowSpec
from shm.lease import Lease
from shm.ring import ReaderHandle, Ring, WriterHandle
from shm.wake import wait


class RingSender:
    def __init__(self, handle: WriterHandle, payload: Payload) -> None:
        self._writer, self._payload, self._slots = handle.open(), payload, handle.spec.slots

    def prepare(self, number: int) -> None:
        slot = self._writer.acquire()
        if slot is None:
            raise RuntimeError("the ring has no free slot, although its readers hold one lease at most")
        view = slot.view(self._payload.shape)
        if number <= self._slots:
            view[:] = 1
        put_number(view, number)
        self._slot, self._captured = slot, perf_counter_ns()

    def send(self) -> None:
        self._writer.publish(self._slot, t_capture=self._captured)

    def close(self) -> None: ...


class RingReceiver:
    def __init__(self, handle: ReaderHandle) -> None:
        self._reader = handle.open()
        self._lease: Lease | None = None

    def wait(self) -> None:
        wait([self._reader], None)

    def take(self) -> Frame | None:
        self._lease = lease = self._reader.lease()
        return lease.frame if lease else None

    def release(self) -> None:
        if self._lease:
            self._lease.release()

    def close(self) -> None: ...


def connect(payload: Payload, readers: int, folder: Path) -> Link:
    rows = tuple(RowSpec(f"reader{i}", "latest", 1) for i in range(readers))
    slots = readers + 2
    ring = Ring.create(RingSpec("bench", slots, payload.nbytes, rows))
    return Link(
        partial(RingSender, ring.writer(), payload),
        tuple(partial(RingReceiver, ring.reader(row.reader)) for row in rows),
        slots,
        ring.close,
    )
