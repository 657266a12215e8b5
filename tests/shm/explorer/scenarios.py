"""Small worlds with a reason to fail, each as small as the ring's rules allow.

Every role goes on for ever; a run is over when nobody can go on. Sources stop after a few frames.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shm import layout
from shm.frame import NO_SOURCE, Source
from shm.lease import Lease
from tests.shm.explorer.memory_model import Broken
from tests.shm.explorer.world import World, look_of


@dataclass(frozen=True)
class Scenario:
    """`turns`: about as long as a run is; there is a kill at each of them."""

    name: str
    build: Callable[[World], None]
    turns: int = 0
    kills: int = 0


# -- what processes do ---------------------------------------------------------------------------------


def produce(world: World, ring: str, until: int) -> Callable[[Any], None]:
    """Publish up to frame `until`; wait for room where readers may make a writer wait."""

    def run(writer: Any) -> None:
        while writer.seq < until:
            world.mark(writer)
            slot = world.acquire(writer)
            if slot is None:
                world.wait(writer)
            else:
                world.publish(writer, slot)
        world.idle()

    return run


def follow(world: World) -> Callable[[Any], None]:
    """Lease, look, release, sleep."""

    def run(reader: Any) -> None:
        while True:
            world.mark(reader)
            lease = world.lease(reader)
            if lease is None:
                world.wait(reader)
            else:
                world.release(reader, lease)

    return run


def overlap(world: World) -> Callable[[Any], None]:
    """Hold a lease until after the next frame has come; the later one ends first now and then."""

    def run(reader: Any) -> None:
        held: list[Lease] = []
        while True:
            lease = world.lease(reader)
            if lease is None:
                world.wait(reader)
                continue
            held.append(lease)
            if len(held) == 2:
                world.release(reader, held.pop(lease.info.seq % 2))

    return run


def camera(world: World, ring: str, until: int) -> None:
    world.role("camera", produce(world, ring, until), lambda: (world.writer(ring),), writes=(ring,))


def reader(world: World, ring: str, name: str, run: Callable[..., None] | None = None) -> None:
    world.role(name, run or follow(world), lambda: (world.reader(ring, name),))


# -- one ring ------------------------------------------------------------------------------------------


def latest(world: World) -> None:
    world.ring("frame", ("eye", "latest", 1), writer="camera")
    world.warm("frame", 3, unread=1)
    camera(world, "frame", 7)
    reader(world, "frame", "eye")


def latest_small(world: World) -> None:
    """Small enough for a search through all orders of its steps."""
    world.ring("frame", ("eye", "latest", 1), writer="camera")
    world.warm("frame", 3, unread=1)
    camera(world, "frame", 5)
    reader(world, "frame", "eye")


def every_small(world: World) -> None:
    world.ring("frame", ("job", "every", 1), writer="camera")
    world.warm("frame", 3, unread=2)
    camera(world, "frame", 5)
    reader(world, "frame", "job")


def latest_fresh(world: World) -> None:
    world.ring("frame", ("eye", "latest", 1), writer="camera")
    camera(world, "frame", 3)
    reader(world, "frame", "eye")


def latest_two(world: World) -> None:
    world.ring("frame", ("left", "latest", 1), ("right", "latest", 1), writer="camera")
    world.warm("frame", 4)
    camera(world, "frame", 9)
    reader(world, "frame", "left")
    reader(world, "frame", "right")


def latest_overlap(world: World) -> None:
    world.ring("frame", ("eye", "latest", 2), writer="camera")
    world.warm("frame", 4)
    camera(world, "frame", 9)
    reader(world, "frame", "eye", overlap(world))


def every(world: World) -> None:
    world.ring("frame", ("job", "every", 1), writer="camera")
    world.warm("frame", 3)
    camera(world, "frame", 9)
    reader(world, "frame", "job")


def every_overlap(world: World) -> None:
    world.ring("frame", ("job", "every", 2), writer="camera")
    camera(world, "frame", 7)
    reader(world, "frame", "job", overlap(world))


def every_and_latest(world: World) -> None:
    world.ring("frame", ("job", "every", 1), ("eye", "latest", 1), writer="camera")
    world.warm("frame", 4)
    camera(world, "frame", 10)
    reader(world, "frame", "job")
    reader(world, "frame", "eye")


def every_two(world: World) -> None:
    world.ring("frame", ("job", "every", 1), ("log", "every", 1), writer="camera")
    world.warm("frame", 2)
    camera(world, "frame", 8)
    reader(world, "frame", "job")
    reader(world, "frame", "log")


def recorder(world: World) -> None:
    world.ring("frame", ("tape", "every-or-count", 1), writer="camera")
    world.warm("frame", 3)
    camera(world, "frame", 9)
    reader(world, "frame", "tape")


def recorder_and_latest(world: World) -> None:
    world.ring("frame", ("tape", "every-or-count", 1), ("eye", "latest", 1), writer="camera")
    world.warm("frame", 4)
    camera(world, "frame", 9)
    reader(world, "frame", "tape")
    reader(world, "frame", "eye")


def figures(world: World) -> None:
    """Somebody reads the ring's figures without a lease: no false alarm."""
    world.ring("frame", ("eye", "latest", 1), ("job", "every", 1), writer="camera")
    camera(world, "frame", 5)
    reader(world, "frame", "eye")
    reader(world, "frame", "job")
    top(world)


def figures_fresh(world: World) -> None:
    """The same before anybody has begun to read."""
    world.ring("frame", ("eye", "latest", 1), writer="camera")
    camera(world, "frame", 6)
    top(world)


def top(world: World) -> None:
    segment, machine = world.rings["frame"].segment, world.machine

    def run() -> None:
        machine.running.looks_only = True
        machine.join(machine.running, segment.readers)
        machine.join(machine.running, segment.writers)
        for _ in range(3):
            figures = world.product.stats.RingStats.read(segment.spec, segment.words, machine.fence)
            if figures.shape and (figures.shape, figures.dtype) != look_of(figures.seq):
                raise Broken(
                    "figures of one frame", f"frame {figures.seq} is {figures.shape} {figures.dtype}"
                )
        world.idle()

    world.role("top", run)


def deadly(name: str, build: Callable[[World], None], mortal: str, turns: int, kills: int = 1) -> Scenario:
    """The same world, in which a role is killed and has a successor."""

    def built(world: World) -> None:
        build(world)
        world.launcher(mortal, kills)

    return Scenario(name, built, turns, kills)


# -- hand-over -----------------------------------------------------------------------------------------


def hand_over(world: World) -> None:
    """camera → frame (full) and small; depth: small → map; sink: map and the very frame it was made from.

    Slots by rule: leases and two more. The camera keeps a frame for each small slot, depth one for each
    map. It begins in the middle: the oldest frames are those of three maps, and the camera is far ahead."""
    world.ring(
        "frame",
        ("camera", "by-source", 3),
        ("depth", "by-source", 3),
        ("sink", "by-source", 1),
        writer="camera",
    )
    world.ring("small", ("depth", "latest", 1), writer="camera")
    world.ring("map", ("sink", "latest", 1), writer="depth")
    world.warm("frame", 1)
    camera_ends = world.writer("frame"), world.writer("small"), world.reader("frame", "camera")
    depth_ends = world.writer("map"), world.reader("small", "depth"), world.reader("frame", "depth")
    for _ in range(3):
        capture(world, *camera_ends)
        estimate(world, *depth_ends)
    for _ in range(5):
        capture(world, *camera_ends)

    def open_camera() -> tuple[Any, ...]:
        return world.writer("frame"), world.writer("small"), world.reader("frame", "camera")

    def open_depth() -> tuple[Any, ...]:
        return world.writer("map"), world.reader("small", "depth"), world.reader("frame", "depth")

    def run_camera(full: Any, small: Any, own: Any) -> None:
        while full.seq < 13:
            capture(world, full, small, own)
        world.idle()

    def run_depth(maps: Any, small: Any, full: Any) -> None:
        while True:
            if not estimate(world, maps, small, full):
                world.wait(small)

    world.role("camera", run_camera, open_camera, writes=("frame", "small"), ends=camera_ends)
    world.role("depth", run_depth, open_depth, writes=("map",), ends=depth_ends)
    world.role("sink", join(world), lambda: (world.reader("map", "sink"), world.reader("frame", "sink")))


def capture(world: World, full: Any, small: Any, own: Any) -> None:
    full_slot, small_slot = world.acquire(full), world.acquire(small)
    source = world.publish(full, full_slot)
    kept = world.lease_source(own, source)
    world.publish(small, small_slot, source, keep=(kept,))


def estimate(world: World, maps: Any, small: Any, full: Any) -> bool:
    """False: there is no new small frame."""
    slot = world.acquire(maps)
    lease = world.lease(small)
    if lease is None:
        return False
    source = lease.info.source
    kept = world.lease_source(full, source, kept_by=world.maker("small", lease.info.seq))
    if kept is not None:
        world.publish(maps, slot, source, keep=(kept,))
    world.release(small, lease)
    return True


def join(world: World) -> Callable[[Any, Any], None]:
    def run(maps: Any, full: Any) -> None:
        while True:
            lease = world.lease(maps)
            if lease is None:
                world.wait(maps)
                continue
            keeper, source = world.maker("map", lease.info.seq), lease.info.source
            frame = world.lease_source(full, source, kept_by=keeper) if source.seq else None
            ends = [(full, frame), (maps, lease)]
            for reader, held in ends if lease.info.seq % 2 else reversed(ends):  # either order has to do
                if held is not None:
                    world.release(reader, held)

    return run


def last_of_a_map(world: World) -> None:
    """The slot of the oldest map, whose frame is the oldest there is, is about to be filled again, and
    somebody who joins every map he can get has just come to it."""
    world.ring("frame", ("depth", "by-source", 1), ("sink", "by-source", 1), writer="camera")
    world.ring("map", ("sink", "every-or-count", 1), writer="depth")
    world.warm("frame", 4)
    frames, maps = world.reader("frame", "depth"), world.writer("map")
    oldest = Source(1, 1, 0)
    for keep in ((world.lease_source(frames, oldest),), (), ()):
        world.publish(maps, world.acquire(maps), oldest if keep else NO_SOURCE, keep)
    camera(world, "frame", 6)
    open_depth = lambda: (world.writer("map"),)  # noqa: E731
    world.role("depth", produce(world, "map", 4), open_depth, writes=("map",), ends=(maps,))
    world.role("sink", join(world), lambda: (world.reader("map", "sink"), world.reader("frame", "sink")))


def keeper_and_sink(world: World) -> None:
    """The middle of a hand-over alone: somebody keeps a frame, somebody else leases it again and again."""
    world.ring("frame", ("keeper", "by-source", 1), ("sink", "by-source", 1), writer="camera")
    world.warm("frame", 4)
    keeper = world.reader("frame", "keeper")
    source = Source(1, 1, 0)
    world.lease_source(keeper, source)
    camera(world, "frame", 7)

    def sink(full: Any) -> None:
        for _ in range(4):
            lease = world.lease_source(full, source, kept_by=world.first("keeper"))
            if lease is not None:
                world.release(full, lease)
        world.idle()

    world.role("keeper", lambda _: world.idle(), lambda: (world.reader("frame", "keeper"),), ends=(keeper,))
    world.role("sink", sink, lambda: (world.reader("frame", "sink"),))


def relay(world: World) -> None:
    """A frame is passed on: each leases it while another one holds it, who lets go only then."""
    world.ring("frame", ("left", "by-source", 1), ("right", "by-source", 1), writer="camera")
    world.warm("frame", 4)
    source = Source(1, 1, 0)
    first = world.reader("frame", "left")
    lease = world.lease_source(first, source)
    camera(world, "frame", 7)
    holder = ["left"]

    def pass_on(reader: Any, lease: Lease | None) -> None:
        me, other = reader.name, "right" if reader.name == "left" else "left"
        for _ in range(2):
            world.sleep_until(lambda: holder[0] == other)
            if lease is not None:
                world.release(reader, lease)
            lease = world.lease_source(reader, source, kept_by=world.first(other))
            holder[0] = me
            world.machine.ring(world.bell(other))
        world.idle()

    world.role("left", pass_on, ends=(first, lease))
    world.role("right", pass_on, lambda: (world.reader("frame", "right"), None))


# -- a larger segment ----------------------------------------------------------------------------------


def resize(mode: layout.Mode) -> Callable[[World], None]:
    """The launcher makes a larger segment while frames go on; who is told moves when it likes."""

    def build(world: World) -> None:
        world.ring("frame", ("eye", mode, 1), writer="camera")
        world.warm("frame", 2)
        told: dict[str, Any] = {}

        def enlarge() -> None:
            segment = world.grow("frame")
            for role in ("camera", "eye"):
                told[role] = segment
                world.machine.ring(world.bell(role))

        def move(end: Any) -> None:
            """Do what a control message asks for; a process that started since has not got it."""
            segment = told.pop("eye" if hasattr(end, "mode") else "camera", end._memory)
            if segment is not end._memory:
                end.move(segment)

        def shoot(writer: Any) -> None:
            while writer.seq < 6 or writer.spec.generation == 1:
                move(writer)
                slot = world.acquire(writer)
                if slot is None:
                    world.wait(writer, also=lambda: "camera" in told)
                else:
                    world.publish(writer, slot)
                if writer.seq >= 6 and writer.spec.generation == 1:
                    world.sleep_until(lambda: "camera" in told)
            world.idle()

        def watch(eye: Any) -> None:
            while True:
                move(eye)
                lease = world.lease(eye)
                if lease is None:
                    world.wait(eye, also=lambda: "eye" in told)
                else:
                    world.release(eye, lease)

        world.role("camera", shoot, lambda: (world.writer("frame"),), writes=("frame",))
        reader(world, "frame", "eye", watch)
        world.errand = enlarge

    return build


SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario("latest", latest),
        Scenario("latest, fresh ring", latest_fresh),
        Scenario("latest, two frames", latest_small),
        Scenario("latest, two readers", latest_two),
        Scenario("latest, two leases", latest_overlap),
        Scenario("every", every),
        Scenario("every, two frames", every_small),
        Scenario("every, two leases", every_overlap),
        Scenario("every, two readers", every_two),
        Scenario("every and latest", every_and_latest),
        Scenario("every-or-count", recorder),
        Scenario("every-or-count and latest", recorder_and_latest),
        Scenario("figures", figures),
        Scenario("figures of a fresh ring", figures_fresh),
        Scenario("hand-over", hand_over),
        Scenario("last of a map", last_of_a_map),
        Scenario("keeper and sink", keeper_and_sink),
        Scenario("relay", relay),
        deadly("resize, latest", resize("latest"), "camera", 0, kills=0),
        deadly("resize, every", resize("every"), "camera", 0, kills=0),
        deadly("resize, every-or-count", resize("every-or-count"), "camera", 0, kills=0),
        deadly("latest, camera dies", latest, "camera", 150, kills=2),
        deadly("every, camera dies", every, "camera", 250, kills=2),
        deadly("every-or-count, camera dies", recorder, "camera", 200, kills=2),
        deadly("every-or-count and latest, camera dies", recorder_and_latest, "camera", 300, kills=2),
        deadly("resize, latest, camera dies", resize("latest"), "camera", 150),
        deadly("resize, every, camera dies", resize("every"), "camera", 190),
        deadly("latest, reader dies", latest, "eye", 130, kills=2),
        deadly("every, reader dies", every, "job", 210, kills=2),
        deadly("every with two leases, reader dies", every_overlap, "job", 300, kills=2),
        deadly("every and latest, eye dies", every_and_latest, "eye", 330),
        deadly("every-or-count, reader dies", recorder_and_latest, "tape", 240, kills=2),
        deadly("keeper and sink, keeper dies", keeper_and_sink, "keeper", 60),
        deadly("hand-over, camera dies", hand_over, "camera", 450),
        deadly("hand-over, depth dies", hand_over, "depth", 450),
        deadly("hand-over, sink dies", hand_over, "sink", 450),
    )
}
