"""From frames to their masks: the network's look, what is done to its answer, and calm over time."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from workers.person._box import put, size_of
from workers.person._calm import Calm
from workers.person._closer import Closer
from workers.person._networks import Network

Pixels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.float32]
Mend = Callable[[Mask, Pixels, float], Mask]
"""A mask, what the network saw, and how many of its pixels are one of the frame's mask → a better one."""
CALM = 0.92
"""The usual share of the old mask that stays where nothing moves."""


class Masks:
    """Of frames that follow each other, uint8[h, w], 255 = person; a first one is as good as any."""

    def __init__(self, network: Network) -> None:
        self.network, self._closer, self._calm = network, Closer(network), Calm()

    def __call__(
        self,
        frame: Pixels,
        calm: float = CALM,
        mended: Mend | None = None,
        out: Pixels | None = None,
    ) -> Pixels:
        """`mended` changes what the network answers. In `out` where it is given."""
        found, box, seen = self._closer(frame), self._closer.box, self.network.seen
        if mended is not None:
            found = mended(found, seen, found.shape[1] / box.size[1])
        if calm:
            found = self._calm(found, box, seen, calm)
        whole = np.empty(size_of(frame), np.uint8) if out is None else out
        put(found, box, whole)
        return whole
