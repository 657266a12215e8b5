"""Finds how people in each frame stand."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Annotated, Any, BinaryIO, Literal

import numpy as np
from annotated_types import Ge, Le

from shm.lease import Lease, OpenSlot
from workers.models import ModelError
from workers.person._largest import refuse_larger
from workers.person._pose_models import DETECTOR, POSE_MODELS
from workers.person._pose_payload import LENGTH, pack
from workers.person._pose_words import words_of
from workers.worker import CannotWork, Worker

LOADING = 60.0  # seconds


@dataclass(frozen=True)
class Settings:
    """Which network, how many people it follows at most, and where their poses are written."""

    model: Annotated[Literal["pose-full", "pose-lite"], "live"] = "pose-full"
    people: Annotated[int, Ge(1), Le(8)] = 1
    json: Annotated[str, "path"] = ""


class PoseWorker(Worker):
    """frame uint8[H, W, 3] → pose float32[people, 265]: 33 points of x, y, z (pixels), visibility and
    presence, 33 of x, y, z in metres, and the score; all zeros where there is nobody."""

    reads = "frame"
    writes = {"pose": "POSE"}

    @classmethod
    def sizes(cls, settings: SimpleNamespace, rings: Mapping[str, int]) -> dict[str, int]:
        return {"pose": 4 * LENGTH * settings.pose.people}

    def open(self) -> None:
        refuse_larger()
        from workers.person._pose_desk import PoseDesk

        self._wanted = self.settings.pose.model
        self._file = self._opened()
        self._tracker: Any = self._made(self._wanted)
        self._desk: Any = None
        if self.host.house is not None:
            self._desk = PoseDesk(self.host.house.meeting_place("pose"), self._networks)

    def close(self) -> None:
        if self._desk is not None:
            self._desk.close()
        if self._file is not None:
            self._file.close()

    def process(self, frame: Lease, pose: OpenSlot) -> None:
        if self.settings.pose.model != self._wanted:
            self._switch(self.settings.pose.model)
        found = self._tracker(frame.frame, frame.info.t_capture / 1e9)
        pack(found, pose.view((self.settings.pose.people, LENGTH), np.float32))
        height, width = frame.frame.shape[:2]
        seconds = round(frame.info.t_capture / 1e9, 6)
        facts = {"frame": frame.info.seq, "seconds": seconds, "width": width, "height": height}
        if self._desk is not None:
            self._desk.show(found, facts)
        if self._file is not None:
            self._write(words_of(found, **facts))

    def _write(self, words: bytes) -> None:
        assert self._file is not None
        try:
            self._file.write(words + b"\n")
            self._file.flush()
        except OSError as error:
            self.log.error(
                "pose.json: %s: %s; what is there stays, nothing more is written",
                self.settings.pose.json,
                error.strerror,
            )
            self._file = None

    def _opened(self) -> BinaryIO | None:
        name = self.settings.pose.json
        if not name:
            return None
        try:
            return os.fdopen(os.dup(sys.stdout.fileno()), "wb") if name == "-" else open(name, "ab")
        except OSError as error:
            raise CannotWork(
                f"pose.json: cannot write {name} ({error.strerror}); name another file, - or nothing"
            ) from error

    def _switch(self, name: str) -> None:
        """What cannot be had changes nothing."""
        before, self._wanted = self._wanted, name
        try:
            self._tracker = self._made(name)
            if self._desk is not None:
                self._desk.take(self._networks)
        except ModelError as error:
            self.log.error("%s; %s goes on", error, before)

    def _made(self, name: str) -> Any:
        """Raises ModelError."""
        from workers.person._tracker import Tracker

        with self.host.busy(f"loading {name}", limit=LOADING):
            detector, landmarks = self._networks()
            tracker = Tracker(detector, landmarks, self.settings.pose.people)
        self.log.info("%s and %s, licence: %s", name, DETECTOR, POSE_MODELS[name].licence)
        return tracker

    def _networks(self) -> Any:
        """Raises ModelError."""
        from workers.person._pose_networks import Detector, Landmarks

        return Detector(self.host.threads), Landmarks(self._wanted, self.host.threads)
