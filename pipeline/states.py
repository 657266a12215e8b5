"""What the states of the workers mean: for the rings that they write, for those who sleep, for the end."""

from collections.abc import Collection, Sequence

from pipeline.graph import WorkerPlan
from pipeline.managed import Managed, State
from pipeline.rings import Rings
from shm import layout

ENDED = (State.FAILED, State.FINISHED, State.STOPPED)


def tell_states(workers: Collection[Managed], rings: Rings) -> None:
    """A ring is live while its writer runs and has live input, or can do without for a while. `workers` in
    the order of the line, so that what is said of a ring holds for those behind it in the same round."""
    for worker in workers:
        state = ring_state(worker)
        plan = worker.plan
        if state == layout.LIVE and plan.reads and rings[plan.reads].state != layout.LIVE:
            carried = any(rings[ring].state == layout.LIVE for ring in plan.follows)
            state = layout.LIVE if carried else _without(rings[plan.reads].state)
        for ring in plan.writes:
            if rings[ring].state in layout.STATES:  # or the next check of all words has to see it
                rings[ring].set_state(state)


def _without(read: int) -> int:
    """The state of what is made of a ring in that state, which is not live."""
    return layout.STARTING if read == layout.STARTING else layout.AWAY


def ring_state(worker: Managed) -> int:
    """What a worker's own state means for the rings that it writes."""
    if worker.state is State.RUNNING:
        return layout.AWAY if worker.away else layout.LIVE
    if worker.state is State.STARTING and not worker.restarts:
        return layout.STARTING
    return layout.FAILED if worker.state is State.FAILED else layout.AWAY


def looked_at(workers: Sequence[Managed]) -> frozenset[str]:
    """The rings that somebody looks at, through the sinks that are not gone for good, and all that these are
    made from. `workers` in the order of the line."""
    rings: set[str] = set()
    for worker in sinks(workers):
        if worker.state not in ENDED:
            rings |= inputs(worker.plan) if worker.looks_at is None else worker.looks_at
    for worker in reversed(workers):
        if rings & set(worker.plan.writes):
            rings |= inputs(worker.plan)
    return frozenset(rings)


def inputs(plan: WorkerPlan) -> set[str]:
    return {ring for ring in (plan.reads, *plan.follows, plan.joins) if ring}


def what_is_missing(workers: Collection[Managed]) -> str | None:
    """ "worker" or "sink" when none is left, so that nobody would see anything."""
    for what, some in (("worker", workers), ("sink", sinks(workers))):
        if all(worker.state in ENDED for worker in some):
            return what
    return None


def sinks(workers: Collection[Managed]) -> list[Managed]:
    """Those who write no ring."""
    return [worker for worker in workers if not worker.plan.writes]
