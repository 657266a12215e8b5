"""A sink that holds each picture for a while and looks at it before and after."""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.soaking.pattern import fault_of
from shm.lease import Lease
from workers.worker import Worker


@dataclass(frozen=True)
class Settings:
    """`notes`: a file that gets a line of JSON for each fault, and one at the end."""

    seconds: float
    notes: Path


class Holding(Worker):
    """Notes what is wrong with the pictures, and how many of which sizes it has seen."""

    reads = "picture"

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._seen: dict[str, int] = {}
        self._latest = 0

    def process(self, picture: Lease) -> None:
        fault = fault_of(picture.frame)
        time.sleep(self.settings.holding.seconds)
        fault = fault or fault_of(picture.frame)
        if picture.info.t_capture <= self._latest:
            fault = fault or f"frame {picture.info.seq} was captured before the one before it"
        self._latest = picture.info.t_capture
        if fault:
            self._note({"fault": fault})
        height, width, _ = picture.info.shape
        size = f"{width // 2}x{height}"
        self._seen[size] = self._seen.get(size, 0) + 1

    def close(self) -> None:
        self._note({"seen": self._seen})

    def _note(self, line: dict[str, Any]) -> None:
        with self.settings.holding.notes.open("a") as file:
            file.write(json.dumps(line) + "\n")


def read_notes(file: Path) -> list[dict[str, Any]]:
    """No file: a sink that was killed before it had anything to say."""
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
