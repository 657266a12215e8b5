"""Puts the person before another background."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Le

from shm.lease import Lease, OpenSlot
from workers.stereo._layout import clear_bars
from workers.worker import CannotWork, Worker

if TYPE_CHECKING:
    from workers.person._scenery import Scenery

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Settings:
    """What is behind the person, and how the edge looks. (Changes are told in this order: a kind comes after
    what it needs.)"""

    image: Annotated[str, "path", "live"] = ""
    video: Annotated[str, "path", "live"] = ""
    colour: Annotated[str, "colour", "live"] = "#00b140"
    where: Literal["auto", "own", "sink"] = "auto"
    kind: Annotated[Literal["blur", "image", "video", "colour"], "live"] = "blur"
    blur_percent: Annotated[float, Ge(0.2), Le(10), "live"] = 2.0
    cover_from: Annotated[float, Ge(0), Le(1), "live"] = 0.4
    cover_to: Annotated[float, Ge(0), Le(1), "live"] = 0.7
    feather_percent: Annotated[float, Ge(0), Le(5), "live"] = 0.0
    behind_percent: Annotated[float, Ge(0), Le(3), "live"] = 0.0
    light_wrap: Annotated[float, Ge(0), Le(1), "live"] = 0.25
    light: Annotated[Literal["screen", "linear-dodge"], "live"] = "screen"

    def __post_init__(self) -> None:
        if self.cover_from >= self.cover_to:
            raise ValueError("cover_from must be less than cover_to")


class Background(Worker):
    """mask uint8[h, w] + frame uint8[H, W, 3] → picture uint8[H, W, 3], or both views of it in the layout."""

    reads, joins = "mask", "frame"
    writes = {"picture": "RGB"}
    shares = ("stereo",)

    @classmethod
    def sizes(cls, settings: SimpleNamespace, rings: Mapping[str, int]) -> dict[str, int]:
        return {"picture": rings["frame"]}

    def open(self) -> None:
        with self.host.busy("compiling the blend (only the first time)", limit=300):
            from workers.person import _composite, _eyes
            from workers.person._chosen import Chosen
            from workers.person._scenery import CannotShow

        self._composite, self._eyes, self._phase = _composite, _eyes, 0
        try:
            self._chosen = Chosen(self.settings.background, self.log)
        except CannotShow as error:
            raise CannotWork(str(error)) from error

    def close(self) -> None:
        self._chosen.close()

    def process(self, mask: Lease, frame: Lease, picture: OpenSlot) -> None:
        background, stereo = self.settings.background, self.settings.stereo
        pixels = frame.frame
        layout = self._eyes.layout_for(background, stereo, *pixels.shape[:2])
        if layout is None:
            out = picture.view(pixels.shape)
            self._composite.composite(pixels, mask.frame, self._behind, background, out)
            return
        pixels = np.ascontiguousarray(pixels[: pixels.shape[0] & ~1, : pixels.shape[1] & ~1])
        seen = self._eyes.shifts(background, stereo)
        views = self._composite.composite_for_both_eyes(pixels, mask.frame, self._behind, background, seen)
        self._phase ^= layout.name == "frame-sequential"  # the other eye's turn
        target = picture.view((layout.rows, layout.columns, 3))
        clear_bars(target, layout)
        self._eyes.lay(views, layout, self._phase, target)

    def _behind(self, frame: Pixels, mask: Pixels) -> "Scenery":
        return self._chosen(frame, mask, self.settings.background)
