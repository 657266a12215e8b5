"""People before another background, live: the program, its networks, and somebody who watches."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.live.client import Client
from tests.live.program import free_port
from tests.pipeline.running import Launcher, launched
from tests.workers.people import folder, needs_people

pytestmark = [needs_people(), pytest.mark.timeout(120)]
LONG = 10.0  # seconds without a new picture that count as frozen: a worker starts again within one or two
GREEN = (0, 0xB1, 0x40)
SETTINGS = """
job: {{kind: background}}
sinks: [web]
web: {{port: {port}}}
capture: {{source: video, crop_black_bars: false}}
video: {{path: {clip}}}
segment: {{model: {model}, remove_blobs: {refined}, follow_edges: {refined}}}
background: {{kind: {kind}, image: "{image}", behind_percent: {behind}}}
"""
NETWORKS = ["selfie-general", "meet-full", "pphumanseg-v2", "selfie-landscape"]


class Room:
    """A running program, its settings file, and its port."""

    def __init__(self, launcher: Launcher, file: Path, port: int) -> None:
        self.launcher, self.file, self.port = launcher, file, port

    def change(self, **wanted: str) -> None:
        self.file.write_text(text(self.port, **wanted))


def text(port: int, **wanted: str) -> str:
    usual = {"model": "selfie-landscape", "kind": "colour", "image": "", "refined": "false", "behind": "0"}
    return SETTINGS.format(port=port, clip=folder() / "speaker_clip.mp4", **{**usual, **wanted})


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    """One for all tests: each leaves it running whole."""
    place, port = tmp_path_factory.mktemp("background"), free_port()
    file = place / "mine.yaml"
    file.write_text(text(port))
    with launched(place, file=file, ready=False) as launcher:
        launcher.until_running("capture", "segment", "compose", "web")
        yield Room(launcher, file, port)


def greenness(picture: np.ndarray) -> float:  # type: ignore[type-arg]
    """The share of the picture that is the colour of the background."""
    return float((np.abs(picture.astype(int) - GREEN).max(axis=2) < 12).mean())


def test_the_speaker_stands_before_the_colour(room: Room) -> None:
    with Client.watching(room.port) as client:
        client.until(lambda: 0.2 < greenness(client.last.picture) < 0.9, "there is green, and somebody")
        assert greenness(client.last.picture[:60, :60]) > 0.95, "the corner is background"


def test_networks_and_backgrounds_change_while_somebody_watches_and_nobody_is_cut_off(
    room: Room, tmp_path: Path
) -> None:
    blue = tmp_path / "blue.png"
    cv2.imwrite(str(blue), np.full((30, 30, 3), (200, 40, 10), np.uint8))
    before = room.launcher.restarts()
    with Client.watching(room.port) as client:
        for name in NETWORKS:
            said = room.launcher.log.count(f"{name}, licence")
            room.change(model=name)
            room.launcher.until_logged(f"{name}, licence", said + 1)
            client.until_new()
        room.change(kind="image", image=str(blue))
        client.until(lambda: client.last.picture[:60, :60].mean(axis=(0, 1))[2] > 180, "it is blue")
        room.change(kind="blur")
        client.until(lambda: client.last.picture[:60, :60].mean(axis=(0, 1))[2] < 180, "it is not")
        room.change()
        client.until_new()
        assert client.connections == 1
    assert room.launcher.restarts() == before


def test_a_background_that_cannot_be_had_is_said_and_changes_nothing(room: Room) -> None:
    with Client.watching(room.port) as client:
        client.until(lambda: greenness(client.last.picture) > 0.2, "there is green")
        room.change(kind="image", image="/nowhere/beach.jpg")
        room.launcher.until_logged("background.image: /nowhere/beach.jpg: No such file or directory")
        client.until_new()
        assert greenness(client.last.picture) > 0.2
        room.change()
        assert client.connections == 1


def test_all_that_can_be_done_to_a_mask_is_switched_on_while_somebody_watches(room: Room) -> None:
    before = room.launcher.restarts()
    with Client.watching(room.port) as client:
        client.until_new()
        room.change(refined="true")
        room.launcher.until_logged("segment.follow_edges is now True")
        client.until_new()
        client.until(lambda: 0.2 < greenness(client.last.picture) < 0.95, "there is green, and somebody")
        room.change()
        assert client.connections == 1
    assert room.launcher.restarts() == before


def test_the_background_goes_behind_the_screen_while_somebody_watches(room: Room) -> None:
    """Half side by side: the same person twice."""
    with Client.watching(room.port) as client:
        client.until_new()
        assert apart(client.last.picture) > 10, "one picture"
        room.change(behind="1.5")
        client.until(lambda: apart(client.last.picture) < 3, "both eyes see nearly the same")
        assert greenness(client.last.picture) > 0.2
        room.change()
        client.until(lambda: apart(client.last.picture) > 10, "it is one picture again")
        assert client.connections == 1


def apart(picture: np.ndarray) -> float:  # type: ignore[type-arg]
    """How far its left half differs from its right one."""
    half = picture.shape[1] // 2
    return float(np.abs(picture[:, :half].astype(int) - picture[:, half : 2 * half]).mean())


@pytest.mark.parametrize("name", ["segment", "compose"])
def test_a_killed_worker_is_back_while_somebody_watches(name: str, room: Room) -> None:
    with Client.watching(room.port) as client:
        client.until_new()
        before, start = room.launcher.restarts(), time.monotonic()
        os.kill(room.launcher.pids()[name], signal.SIGKILL)
        room.launcher.until_restarted(name, before)
        client.until_new()
        assert client.longest_gap(start) < LONG
        assert client.connections == 1


def test_every_picture_is_of_one_frame_and_its_own_mask(room: Room) -> None:
    """None is lost on the way because its frame had gone."""
    with Client.watching(room.port) as client:
        client.until_new(30)
    assert room.launcher.worker("compose")["lost"] == 0
