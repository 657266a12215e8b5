"""Pictures of places through the network that comes with the program, by the real processes, as a browser
gets their depth. No model file is needed."""

import os
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from scripts.training.scenes import UNSEEN, make_scene
from tests.live.client import Client
from tests.live.picture import save
from tests.live.program import free_port, on_the_web, program

GAME = Path(os.environ.get("STEREORING_DATA", "")) / "screens" / "game_fps.jpg"
ROWS, COLUMNS = 360, 640

Picture = npt.NDArray[np.uint8]


def depth_shown(folder: Path, picture: Path) -> npt.NDArray[np.float32]:
    """Nearness as the program shows it, 0…255, of a picture file."""
    port = free_port()
    settings = (
        "capture.source=image",
        f"image.path={picture}",
        "depth.model=built-in",
        "stereo.layout=depth",
        *on_the_web(port),
    )
    with program(folder, *settings) as launcher:
        launcher.until_running("capture", "depth", "steady", "stereo", "web")
        with Client.watching(port) as client:
            return client.last.picture.mean(axis=2).astype(np.float32)


@pytest.mark.parametrize("kind", ["corridor", "shelves"])
def test_a_place_of_a_kind_that_was_never_trained_on_gets_depth(
    kind: str, tmp_path: Path, shots: Path
) -> None:
    picture, inverse = make_scene(UNSEEN[kind], np.random.default_rng(4), [], ROWS, COLUMNS)
    save(picture, tmp_path / "place.png")
    found = depth_shown(tmp_path, tmp_path / "place.png")
    save(np.repeat(found.astype(np.uint8)[..., None], 3, axis=2), shots / f"depth_of_a_{kind}.png")
    assert ordered_alike(cv2.resize(found, (COLUMNS, ROWS)), inverse) > 0.6


@pytest.mark.skipif(not GAME.is_file(), reason="STEREORING_DATA names no folder with screens/game_fps.jpg")
def test_in_a_game_the_ground_before_the_feet_is_nearer_than_what_is_above(
    tmp_path: Path, shots: Path
) -> None:
    found = depth_shown(tmp_path, GAME)
    save(np.repeat(found.astype(np.uint8)[..., None], 3, axis=2), shots / "depth_of_a_game.png")
    rows = found.shape[0]
    assert found[-rows // 4 :].mean() > found[: rows // 2].mean() + 30
    assert found.std() > 20, "it is not flat"


def ordered_alike(found: npt.NDArray[np.float32], true: npt.NDArray[np.float32]) -> float:
    """The share of pairs of pixels whose order is right, of those that clearly differ; by chance 0.5."""
    one, other = np.random.default_rng(0).integers(0, true.size, (2, 20_000))
    a, b = true.ravel()[one], true.ravel()[other]
    differ = np.maximum(a, b) > 1.1 * np.minimum(a, b)
    return float(np.mean((found.ravel()[one] > found.ravel()[other])[differ] == (a > b)[differ]))
