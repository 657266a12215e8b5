"""How somebody stands, live: the program, its networks, and somebody who watches."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.live.client import Client
from tests.live.program import free_port
from tests.pipeline.running import Launcher, launched
from tests.workers.people import folder, needs_people

pytestmark = [needs_people(), pytest.mark.timeout(120)]
RED = (255, 40, 40)
SETTINGS = """
job: {{kind: pose}}
sinks: [web]
web: {{port: {port}, quality: 100}}
capture: {{source: image}}
image: {{path: {picture}}}
pose: {{model: {model}}}
"""


class Room:
    """A running program, its settings file, and its port."""

    def __init__(self, launcher: Launcher, file: Path, port: int) -> None:
        self.launcher, self.file, self.port = launcher, file, port


def text(port: int, model: str = "pose-full") -> str:
    return SETTINGS.format(port=port, picture=folder() / "astronaut.png", model=model)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    place, port = tmp_path_factory.mktemp("pose"), free_port()
    file = place / "mine.yaml"
    file.write_text(text(port))
    with launched(place, file=file, ready=False) as launcher:
        launcher.until_running("capture", "pose", "compose", "web")
        yield Room(launcher, file, port)


def joints(picture: np.ndarray) -> int:  # type: ignore[type-arg]
    """Pixels in the colour of joints, in the face, where nothing else is red."""
    face = picture[80:160, 180:270].astype(int)
    return int((np.abs(face - RED).max(axis=2) < 60).sum())


def test_joints_are_drawn_where_the_face_is(room: Room) -> None:
    with Client.watching(room.port) as client:
        client.until(lambda: joints(client.last.picture) > 50, "there are joints in the face")


def test_the_network_changes_and_dies_while_somebody_watches_and_nobody_is_cut_off(room: Room) -> None:
    with Client.watching(room.port) as client:
        client.until(lambda: joints(client.last.picture) > 50, "there are joints")
        room.file.write_text(text(room.port, "pose-lite"))
        room.launcher.until_logged("pose.model is now pose-lite")
        before = room.launcher.restarts()
        os.kill(room.launcher.pids()["pose"], signal.SIGKILL)
        room.launcher.until_restarted("pose", before)
        room.launcher.until_logged("pose-lite and pose-detection, licence")
        assert client.connections == 1
    with Client.watching(room.port) as client:
        client.until(lambda: joints(client.last.picture) > 50, "there are joints again")
