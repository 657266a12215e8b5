"""People before another background, as the two workers do it, in one process."""

from typing import Any

import numpy as np
import numpy.typing as npt

from workers.person._behind import Background, Plain, colour_of
from workers.person._blurred import Blurred
from workers.person._composite import composite
from workers.person._masks import Masks
from workers.person._networks import Network
from workers.person.background import Settings as Edge

Pixels = npt.NDArray[np.uint8]


class Ours:
    """The settings of the house."""

    def __init__(self, model: str, kind: str) -> None:
        self._masks = Masks(Network(model, 1))
        edge = Edge()
        self._edge: Any = edge
        blurred = kind == "blur"
        self._behind: Background = Blurred(edge.blur_percent) if blurred else Plain(colour_of(edge.colour))
        self._out = np.empty((0, 0, 3), np.uint8)

    def __call__(self, frame: Pixels) -> Pixels:
        if self._out.shape != frame.shape:
            self._out = np.empty_like(frame)
        composite(frame, self._masks(frame), self._behind, self._edge, self._out)
        return self._out
