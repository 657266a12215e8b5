"""Finds the people in each frame."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Annotated, Any, Literal, get_args

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Le

from shm.lease import Lease, OpenSlot
from workers.models import ModelError
from workers.person._calm import Calm
from workers.person._manifest import MODELS
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
LARGEST = max(rows * columns for rows, columns in (model.size for model in MODELS.values()))
LOADING = 60.0  # seconds
assert set(get_args(Name)) == MODELS.keys()


@dataclass(frozen=True)
class Settings:
    """Which network, and what is done to its masks."""

    model: Annotated[Name, "live"] = "selfie-landscape"
    both_ways: Annotated[bool, "live"] = False
    calm: Annotated[float, Ge(0), Le(0.95), "live"] = 0.9
    remove_blobs: Annotated[bool, "live"] = False
    follow_edges: Annotated[bool, "live"] = False


class Segment(Worker):
    """frame uint8[H, W, 3] → mask uint8[h, w] of the same frame, 255 = person, at the network's size."""

    reads = "frame"
    writes = {"mask": "PERSON"}

    @classmethod
    def sizes(cls, settings: SimpleNamespace, rings: Mapping[str, int]) -> dict[str, int]:
        return {"mask": LARGEST}

    def open(self) -> None:
        self._wanted = self.settings.segment.model
        self._filters: Any = None
        self._use(Network(self._wanted, self.host.threads))

    def process(self, frame: Lease, mask: OpenSlot) -> None:
        segment = self.settings.segment
        if segment.model != self._wanted:
            self._switch(segment.model)
        look = self._network.both_ways if segment.both_ways else self._network
        found = look(frame.frame)
        seen = self._network.seen
        if segment.remove_blobs or segment.follow_edges:
            found = self._mended(found)
        if segment.calm:
            found = self._calm(found, seen, segment.calm)
        np.multiply(found, np.float32(255), out=mask.view(found.shape), casting="unsafe")

    def _mended(self, found: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        segment = self.settings.segment
        if self._filters is None:
            with self.host.busy("compiling the filters (only the first time)", limit=120):
                from workers.person import _mask

                self._filters = _mask
        if segment.remove_blobs:
            found = self._filters.without_blobs(found)
        return self._filters.along_edges(found, self._network.seen) if segment.follow_edges else found

    def _switch(self, name: str) -> None:
        """While everybody waits, and nobody is cut off. What cannot be had changes nothing."""
        self._wanted = name
        with self.host.busy(f"loading {name}", limit=LOADING):
            try:
                self._use(Network(name, self.host.threads))
            except ModelError as error:
                self.log.error("%s; %s goes on", error, self._network.model.name)

    def _use(self, network: Network) -> None:
        self._network, self._calm = network, Calm()
        model = network.model
        self.log.info("%s, licence: %s", model.name, model.licence)
