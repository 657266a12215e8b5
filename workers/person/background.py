"""Puts the person before another background."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Annotated, Literal

from annotated_types import Ge, Le

from shm.lease import Lease, OpenSlot
from workers.worker import CannotWork, Worker

COLOUR = re.compile("#[0-9a-fA-F]{6}")


@dataclass(frozen=True)
class Settings:
    """What is behind the person, and how the edge looks. (Changes are told in this order: a kind comes after
    what it needs.)"""

    image: Annotated[str, "path", "live"] = ""
    video: Annotated[str, "path", "live"] = ""
    colour: Annotated[str, "live"] = "#00b140"
    kind: Annotated[Literal["blur", "image", "video", "colour"], "live"] = "blur"
    blur_percent: Annotated[float, Ge(0.2), Le(10), "live"] = 2.0
    cover_from: Annotated[float, Ge(0), Le(1), "live"] = 0.4
    cover_to: Annotated[float, Ge(0), Le(1), "live"] = 0.7
    feather_percent: Annotated[float, Ge(0), Le(5), "live"] = 0.0
    light_wrap: Annotated[float, Ge(0), Le(1), "live"] = 0.25
    light: Annotated[Literal["screen", "linear-dodge"], "live"] = "screen"

    def __post_init__(self) -> None:
        if not COLOUR.fullmatch(self.colour):
            raise ValueError(f"background.colour: {self.colour!r} is no colour; write it like #00b140")
        if self.cover_from >= self.cover_to:
            raise ValueError("background.cover_from must be less than background.cover_to")


class Background(Worker):
    """mask uint8[h, w] + frame uint8[H, W, 3] → picture uint8[H, W, 3]."""

    reads, joins = "mask", "frame"
    writes = {"picture": "RGB"}

    @classmethod
    def sizes(cls, settings: SimpleNamespace, rings: Mapping[str, int]) -> dict[str, int]:
        return {"picture": rings["frame"]}

    def open(self) -> None:
        with self.host.busy("compiling the blend (only the first time)", limit=300):
            from workers.person import _behind, _composite

        self._making, self._composite = _behind, _composite.composite
        self._chosen = _choice(self.settings.background)
        try:
            self._behind = _behind.background_of(self.settings.background)
        except _behind.CannotShow as error:
            raise CannotWork(str(error)) from error

    def process(self, mask: Lease, frame: Lease, picture: OpenSlot) -> None:
        background = self.settings.background
        if _choice(background) != self._chosen:
            self._change()
        self._composite(frame.frame, mask.frame, self._behind, background, picture.view(frame.info.shape))

    def _change(self) -> None:
        """What cannot be had changes nothing."""
        self._chosen = _choice(self.settings.background)
        try:
            self._behind = self._making.background_of(self.settings.background)
        except self._making.CannotShow as error:
            self.log.error("%s; the background stays as it is", error)


def _choice(background: Settings) -> tuple[object, ...]:
    """What of the settings decides what is behind."""
    b = background
    return b.kind, b.image, b.video, b.colour, b.blur_percent
