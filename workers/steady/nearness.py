"""Inverse depth of any scale, late and jittering → a nearness map for every frame, 1 = near.

`depth.sync: exact` makes the map of each frame that the network has seen. `latest` makes one for every frame
that is captured: the newest map, carried there by optical flow. In both, while the depth worker is away or
hangs, the last map is carried along, so that the picture goes on, and eases to flat after a second.

In a conversion (`launcher.py convert`) time is the film's own, however long a frame takes, and the scenes are
known from a first pass.
"""

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt

from shm.frame import FrameInfo
from shm.lease import Lease, OpenSlot
from workers.steady._comfort import Comfort
from workers.steady._cut import is_cut
from workers.steady._filter import blended
from workers.steady._overlay import Overlay, read_mask
from workers.steady._range import Range
from workers.steady._scenes import Scene, Scenes
from workers.worker import CannotWork, Worker

if TYPE_CHECKING:
    from workers.steady._carry import Carrier

CARRIED, EASED = 1.0, 2.0  # seconds after the last map: from here on it eases, here it is flat
BACK = 0.5  # seconds in which depth comes back
FLAT = 0.5  # nearness
OVERDUE, OVERDUE_TIMES = 0.5, 3  # seconds, and times as long as usual: frames without a map are not so old
STRIDE = 2  # frames from one look to the next, when catching up
REMEMBERED = 64  # small frames; more than can pass while the network works on one
FAR = 0.3  # seconds between two pictures; what moved in between is hard to follow: go on from the second
NEIGHBOUR = 2  # frames; so near the one that a map was made from, another will do

Map = npt.NDArray[np.float32]
Grey = npt.NDArray[np.uint8]


@dataclass
class Key:
    """The newest map, and what carries it from the picture that it belongs to (number `seq`, captured at
    `of_at`) to later ones. `said_of`, `said_at`: number and capture time of the frame that the network said
    it of. Times in ns."""

    values: Map
    carrier: "Carrier"
    seq: int
    of_at: int
    said_of: int
    said_at: int


class Nearness(Worker):
    """float32[h, w] inverse depth → float32[h, w] nearness of the same frame, or of every frame."""

    reads, follows = "depth", "small"
    writes = {"nearness": "0..1"}
    shares = ("depth", "stereo", "conversion")

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        # Brings numba, which the launcher, that reads Settings here, need not wait half a second for.
        from workers.steady._carry import Carrier

        self._carrier = Carrier
        self._range, self._comfort, self._overlay = Range(), Comfort(), Overlay()
        self._seen: deque[tuple[int, Grey]] = deque(maxlen=REMEMBERED)
        self._scene_since = 0  # the number of its first frame
        self._scene_is_new = False  # no map of it has come yet
        self._key: Key | None = None
        self._waits_since: int | None = None
        self._unmapped_since: int | None = None
        self._woken_at = 0
        self._waited = self._usual_wait = 0.0
        self._flatness, self._flat_at = 0.0, 0  # 1 = flat; and when (ns) that was so
        self._conversion = getattr(self.settings, "conversion", None)
        self._scenes: Scenes | None = None
        self._scene: Scene | None = None

    def open(self) -> None:
        path = self.settings.steady.mask
        try:
            self._overlay = Overlay(read_mask(path) if path else None)
        except (OSError, ValueError) as error:
            raise CannotWork(f"steady.mask: {error}; white in it stays flat") from error
        if self._conversion is not None and not self._conversion.pictures:
            self._scenes = Scenes.read(self._conversion.scenes)

    def wake(self) -> None:
        """Whoever makes the maps has slept too; he has all his time again."""
        self._woken_at = time.perf_counter_ns()

    @classmethod
    def sizes(cls, settings: SimpleNamespace, rings: Mapping[str, int]) -> dict[str, int]:
        return {"nearness": rings["depth"]}

    def process(self, depth: Lease, nearness: OpenSlot) -> bool:
        """A new map. With `latest` nothing is published of it, unless its frame is still the newest."""
        info, inverse_depth, steady = depth.info, depth.frame, self.settings.steady
        seq, now = info.source.seq, self._time_of(info)
        latest = self.settings.depth.sync == "latest"
        self._unmapped_since, self._usual_wait, self._waited = None, self._waited, 0.0
        if latest and seq < self._scene_since:
            return False  # of a scene that is over
        first = self._scene_is_new and self._is_of_this_scene(seq)
        if first or (
            self._key is not None
            and (
                self._is_of_this_scene(self._key.seq) != self._is_of_this_scene(seq)
                or self._key.values.shape != inverse_depth.shape  # a source that has another size now
            )
        ):
            self._begin_scene()
        self._scene_is_new = self._scene_is_new and not first
        grey = self._grey_of(seq, inverse_depth.shape)
        if self._scene is None:
            self._range.follow(inverse_depth, steady, now)
        values = self._range.nearness(inverse_depth)
        if grey is not None and self._key is not None and steady.smoothing > 0:
            known_before = self._key.carrier.carry(self._key.values, grey)
            values = blended(values, *known_before, (now - self._key.said_at) / 1e9, steady.smoothing)
        self._comfort.follow(values, self._range.contrast, steady, now)
        self._key = Key(values, self._carrier(grey), seq, now, seq, now) if grey is not None else None
        if latest and self._key is not None and self._seen[-1][0] > seq:
            self._catch_up(self._key)
            return False
        self._put(values, grey, now, nearness)
        return True

    def follow(self, small: Lease, input_live: bool, nearness: OpenSlot) -> bool:
        """Remembers what the maps will belong to; carries the last one where it is wanted."""
        seq, now = small.info.source.seq, self._time_of(small.info)
        grey = np.asarray(cv2.cvtColor(small.frame, cv2.COLOR_RGB2GRAY), np.uint8)
        if self._begins_a_scene(small.info, grey):
            self._scene_since, self._scene_is_new = seq, True
            self._overlay.reset()
        self._seen.append((seq, grey))
        away = not input_live or self._is_overdue(now)
        if not away and (self.settings.depth.sync != "latest" or self._key is None):
            return False
        if self._key is not None and seq <= self._key.said_of:
            return False  # the network was quicker: its map of this frame is out
        if self._key is None:
            return self._go_flat(grey, seq, now)
        grey = _of_shape(grey, self._key.values.shape)
        if not self._is_of_this_scene(self._key.seq):
            self._key = Key(
                np.full(grey.shape, FLAT, np.float32),
                self._carrier(grey),
                seq,
                now,
                self._key.said_of,
                self._key.said_at,
            )
            self._flatness = 1.0
        values, _ = self._key.carrier.carry(self._key.values, grey)
        if now - self._key.of_at > FAR * 1e9:
            self._key = Key(values, self._carrier(grey), seq, now, self._key.said_of, self._key.said_at)
        if away:
            self._flatten((now - self._key.said_at) / 1e9)
        self._put(values, grey, now, nearness)
        return True

    def _time_of(self, info: FrameInfo) -> int:
        """In ns; by the clock, or in a conversion the film's own."""
        return info.t_capture if self._conversion is None else info.pts * 1000

    def _begins_a_scene(self, info: FrameInfo, grey: Grey) -> bool:
        """By what is known of the film, or by looking at the picture and the one before."""
        if self._conversion is not None and self._conversion.pictures:
            return True
        if self._scenes is None:
            return bool(self._seen) and is_cut(self._seen[-1][1], grey)
        before, self._scene = self._scene, self._scenes.at(info.pts)
        self._range.fix(self._scene.low, self._scene.high)
        return before is not None and before != self._scene

    def _put(self, values: Map, grey: Grey | None, now: int, nearness: OpenSlot) -> None:
        """Into the slot, made comfortable, and as flat as it has to be."""
        steady, screen = self.settings.steady, self.settings.stereo.convergence
        target = nearness.view(values.shape, np.float32)
        target[:] = self._comfort.applied(values, screen, steady)
        self._unflatten(now)
        if self._flatness > 0:
            target += np.float32(self._flatness) * (np.float32(screen) - target)
        flat = self._overlay.mask(grey, steady, now) if grey is not None else None
        if flat is not None:
            target += flat * (np.float32(screen) - target)

    def _flatten(self, age: float) -> None:
        """Without a new map for `age` seconds: as it is for a second, flat after two."""
        self._flatness = max(self._flatness, min(1.0, max(0.0, (age - CARRIED) / (EASED - CARRIED))))
        self._flat_at = 0

    def _unflatten(self, now: int) -> None:
        """Depth is back: within BACK seconds, not with a jump."""
        if self._flat_at:
            self._flatness = max(0.0, self._flatness - (now - self._flat_at) / 1e9 / BACK)
        self._flat_at = now

    def _is_of_this_scene(self, seq: int) -> bool:
        return seq >= self._scene_since

    def _begin_scene(self) -> None:
        """Nothing of the old one counts."""
        self._key = None
        self._range.reset()
        self._comfort.reset()

    def _catch_up(self, key: Key) -> None:
        """Its map is late; follow what has moved since."""
        since = [grey for seq, grey in self._seen if seq > key.seq]
        for grey in since[STRIDE - 1 : -1 : STRIDE]:
            key.carrier.look(_of_shape(grey, key.values.shape))

    def _grey_of(self, seq: int, shape: tuple[int, ...]) -> Grey | None:
        """The picture that a map was made from, or one of its neighbours if that was missed."""
        near = [(abs(seen - seq), grey) for seen, grey in self._seen if abs(seen - seq) <= NEIGHBOUR]
        return _of_shape(min(near, key=lambda pair: pair[0])[1], shape) if near else None

    def _go_flat(self, grey: Grey, seq: int, now: int) -> bool:
        """There has never been a map. It is waited for as long as a later one would be carried; then a flat
        picture is better than none. The next `follow` shows it."""
        self._waits_since = self._waits_since or now
        if self._waited_since(self._waits_since, now) > EASED:
            self._key = Key(np.full(grey.shape, FLAT, np.float32), self._carrier(grey), seq, now, 0, now)
            self._flatness = 1.0
        return False

    def _is_overdue(self, now: int) -> bool:
        """No map has come for so long that whoever makes them must hang. The wait begins with the first frame
        that has none, for before that there may have been a still screen."""
        if self._unmapped_since is None:
            self._unmapped_since = now
        self._waited = self._waited_since(self._unmapped_since, now)
        return self._waited > max(OVERDUE, OVERDUE_TIMES * self._usual_wait)

    def _waited_since(self, begin: int, now: int) -> float:
        """Seconds. While all slept nobody waited."""
        return (now - max(begin, self._woken_at)) / 1e9


def _of_shape(grey: Grey, shape: tuple[int, ...]) -> Grey:
    rows, columns = shape[:2]
    if grey.shape == (rows, columns):
        return grey
    return np.asarray(cv2.resize(grey, (columns, rows), interpolation=cv2.INTER_AREA), np.uint8)
