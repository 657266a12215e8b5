"""Finds the people in each frame."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Annotated, Any, Literal, get_args

from annotated_types import Ge, Le

from shm.lease import Lease, OpenSlot
from workers.models import ModelError
from workers.person._box import LONGEST, size_of
from workers.person._manifest import MODELS
from workers.person._masks import CALM, Mask, Masks, Pixels
from workers.person._networks import Network
from workers.worker import Worker

Name = Literal[
    "selfie-landscape",
    "selfie-general",
    "mlkit-selfie",
    "meet-full",
    "meet-lite",
    "pphumanseg-v2",
    "bodypix",
]
LOADING = 60.0  # seconds
assert set(get_args(Name)) == MODELS.keys()


@dataclass(frozen=True)
class Settings:
    """Which network, and what is done to its masks."""

    model: Annotated[Name, "live"] = "selfie-landscape"
    calm: Annotated[float, Ge(0), Le(0.95), "live"] = CALM
    remove_blobs: Annotated[bool, "live"] = False
    follow_edges: Annotated[bool, "live"] = False


class Segment(Worker):
    """frame uint8[H, W, 3] → mask uint8[h, w] of the same frame, 255 = person."""

    reads = "frame"
    writes = {"mask": "PERSON"}

    @classmethod
    def sizes(cls, settings: SimpleNamespace, rings: Mapping[str, int]) -> dict[str, int]:
        return {"mask": LONGEST * LONGEST}

    def open(self) -> None:
        self._wanted = self.settings.segment.model
        self._filters: Any = None
        self._use(Network(self._wanted, self.host.threads))

    def process(self, frame: Lease, mask: OpenSlot) -> None:
        segment = self.settings.segment
        if segment.model != self._wanted:
            self._switch(segment.model)
        mended = self._mended if segment.remove_blobs or segment.follow_edges else None
        self._masks(frame.frame, segment.calm, mended, mask.view(size_of(frame.frame)))

    def _mended(self, found: Mask, seen: Pixels, scale: float) -> Mask:
        segment = self.settings.segment
        if self._filters is None:
            with self.host.busy("compiling the filters (only the first time)", limit=120):
                from workers.person import _mask

                self._filters = _mask
        if segment.remove_blobs:
            found = self._filters.without_blobs(found, scale)
        return self._filters.along_edges(found, seen) if segment.follow_edges else found

    def _switch(self, name: str) -> None:
        """While everybody waits, and nobody is cut off. What cannot be had changes nothing."""
        self._wanted = name
        with self.host.busy(f"loading {name}", limit=LOADING):
            try:
                self._use(Network(name, self.host.threads))
            except ModelError as error:
                self.log.error("%s; %s goes on", error, self._masks.network.model.name)

    def _use(self, network: Network) -> None:
        self._masks = Masks(network)
        model = network.model
        self.log.info("%s, licence: %s", model.name, model.licence)
