"""Looks at where somebody was, not at the whole frame, so that the network's few pixels are for them."""

import cv2
import numpy as np
import numpy.typing as npt

from workers.person._box import Box, size_of
from workers.person._networks import Network

Pixels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.float32]
SURE, TWO = 0.5, 2  # a line of the mask has somebody in it if so many places are so sure
MARGIN, LEAST, MOST = 0.1, 0.02, 0.3  # of the person's longer side: looked at around; kept between the two
NEARLY_ALL = 0.8  # of the frame: then it may as well be all
OTHERS_EVERY = 30  # frames; as often it is looked whether somebody else has come in
CUT = 30.0  # steps of grey in the mean by which a picture is another one
THINNED = 8  # every so many pixels, each way, are compared for that


class Closer:
    """`closer(frame)` is the mask of `closer.box` of it, float32[h, w].

    The first frame takes two looks: at the whole of it, to find out where somebody is, and there. Later ones
    take one; a look at the whole frame comes besides, in the same turn, when the person leaves the box, after
    a cut, and now and then for others who may have come in.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self.box = self._whole = self._next = Box(0, 0, 0, 0)
        self._until_others = 0
        self._before = np.empty((0, 0, 3), np.int16)

    def __call__(self, frame: Pixels) -> Mask:
        whole = Box(0, 0, *size_of(frame))
        if whole != self._whole:
            self._whole = self._next = whole
            self._until_others = 0
        mask = None
        if self._until_others == 0:
            self._until_others = OTHERS_EVERY
            mask = self._look(frame, whole)
        self._until_others -= 1
        if mask is None or self._next != whole:
            mask = self._look(frame, self._next)
        if self.box != whole and (self._is_cut() or self._next == whole):
            mask = self._look(frame, whole)
        return mask

    def _look(self, frame: Pixels, box: Box) -> Mask:
        """And aim for the next one."""
        self.box = box
        mask = self.network(box.of(frame))
        found = _person(mask, box)
        self._next = self._whole if found is None or self._is_left(found) else self._aimed(found)
        return mask

    def _is_left(self, found: Box) -> bool:
        """The person reaches a border of the box that is none of the frame."""
        sides = zip(found, self.box, self._whole, strict=True)
        return any(end == border != last for end, border, last in sides)

    def _aimed(self, found: Box) -> Box:
        """The box of the last frame as long as it fits: a picture that keeps its place is calmer."""
        least, most = (found.wider(share).within(self._whole) for share in (LEAST, MOST))
        if self._next.holds(least) and most.holds(self._next):
            return self._next
        box = found.wider(MARGIN).within(self._whole)
        return self._whole if box.area > NEARLY_ALL * self._whole.area else box

    def _is_cut(self) -> bool:
        before, self._before = self._before, self.network.seen[::THINNED, ::THINNED].astype(np.int16)
        return before.shape == self._before.shape and float(np.abs(self._before - before).mean()) > CUT


def _person(mask: Mask, box: Box) -> Box | None:
    """What is around all people in it; None: there is nobody."""
    sure = (mask > SURE).view(np.uint8)
    counts = (cv2.reduce(sure, axis, cv2.REDUCE_SUM, dtype=cv2.CV_32S) for axis in (1, 0))
    rows, columns = (np.flatnonzero(count >= TWO) for count in counts)
    if not len(rows) or not len(columns):
        return None
    high, wide = (size / places for size, places in zip(box.size, mask.shape, strict=True))
    return Box(
        box.top + int(rows[0] * high),
        box.left + int(columns[0] * wide),
        box.top + round((rows[-1] + 1) * high),
        box.left + round((columns[-1] + 1) * wide),
    )
