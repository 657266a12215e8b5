"""Finds how somebody in each frame stands."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Annotated, Any, Literal

import numpy as np
from annotated_types import Ge, Le

from shm.lease import Lease, OpenSlot
from workers.models import ModelError
from workers.person._pose_models import DETECTOR, POSE_MODELS
from workers.person._pose_payload import LENGTH, pack
from workers.worker import Worker

LOADING = 60.0  # seconds


@dataclass(frozen=True)
class Settings:
    """Which network, and how many people it follows at most."""

    model: Annotated[Literal["pose-full", "pose-lite"], "live"] = "pose-full"
    people: Annotated[int, Ge(1), Le(8)] = 1


class PoseWorker(Worker):
    """frame uint8[H, W, 3] → pose float32[people, 265]: 33 points of x, y, z (pixels), visibility and
    presence, 33 of x, y, z in metres, and the score; all zeros where there is nobody."""

    reads = "frame"
    writes = {"pose": "POSE"}

    @classmethod
    def sizes(cls, settings: SimpleNamespace, rings: Mapping[str, int]) -> dict[str, int]:
        return {"pose": 4 * LENGTH * settings.pose.people}

    def open(self) -> None:
        self._wanted = self.settings.pose.model
        self._tracker: Any = self._made(self._wanted)

    def process(self, frame: Lease, pose: OpenSlot) -> None:
        if self.settings.pose.model != self._wanted:
            self._switch(self.settings.pose.model)
        found = self._tracker(frame.frame, frame.info.t_capture / 1e9)
        pack(found, pose.view((self.settings.pose.people, LENGTH), np.float32))

    def _switch(self, name: str) -> None:
        """What cannot be had changes nothing."""
        before, self._wanted = self._wanted, name
        try:
            self._tracker = self._made(name)
        except ModelError as error:
            self.log.error("%s; %s goes on", error, before)

    def _made(self, name: str) -> Any:
        """Raises ModelError."""
        from workers.person._pose_networks import Detector, Landmarks
        from workers.person._tracker import Tracker

        with self.host.busy(f"loading {name}", limit=LOADING):
            tracker = Tracker(
                Detector(self.host.threads), Landmarks(name, self.host.threads), self.settings.pose.people
            )
        self.log.info("%s and %s, licence: %s", name, DETECTOR, POSE_MODELS[name].licence)
        return tracker
