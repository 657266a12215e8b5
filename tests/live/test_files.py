"""A video file and a picture file in 3D, through the real network, seen in a browser and by clients."""

import urllib.request
from pathlib import Path

import cv2
import pytest

from tests.live.browser import Browser, decoded
from tests.live.client import Client
from tests.live.needs import needs
from tests.live.picture import (
    FRAMES,
    HEIGHT,
    WIDTH,
    Painter,
    assert_in_stereo,
    eyes_of,
    film,
    frame_number,
    is_in_stereo,
    number_in,
    save,
)
from tests.live.program import free_port, on_the_web, program

pytestmark = needs("model")
STILL = 37  # the number of the frame in the picture file


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return film(tmp_path_factory.mktemp("video") / "moving balls.mp4")


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "still balls.png"
    save(Painter().paint(STILL), path)
    return path


@needs("chromium")
def test_a_video_file_is_seen_in_3d_in_a_browser(
    video: Path, browser: Browser, tmp_path: Path, shots: Path
) -> None:
    port = free_port()
    with program(tmp_path, "capture.source=video", f"video.path={video}", *on_the_web(port)) as launcher:
        launcher.until_running("capture", "depth", "steady", "stereo", "web")
        with browser.page(port) as page:
            page.until_new(10)
            first, shot = page.until_in_stereo(page.canvas), page.until_in_stereo(page.screenshot)
            save(shot, shots / "video_in_chromium.png")
            page.until_new(5)
            second = page.until_in_stereo(page.canvas)
    for seen in (first, shot, second):
        assert_in_stereo(seen)
    assert len({frame_number(first), frame_number(second)} & set(range(FRAMES))) == 2


def test_a_video_begins_again_at_its_end(tmp_path: Path, video: Path) -> None:
    port = free_port()
    with (
        program(tmp_path, "capture.source=video", f"video.path={video}", *on_the_web(port)),
        Client.watching(port) as client,
    ):
        numbers = [frame_number(client.last.picture)]

        def begins_again() -> bool:
            number = frame_number(client.last.picture)
            numbers.extend([number] if 0 <= number != numbers[-1] else [])
            return numbers[-1] < numbers[-2] if len(numbers) > 1 else False

        client.until(begins_again, "the video begins again")
    assert numbers[:-1] == sorted(numbers[:-1])


def test_a_still_picture_is_there_for_whoever_comes_late(picture: Path, tmp_path: Path, shots: Path) -> None:
    port = free_port()
    settings = "capture.source=image", f"image.path={picture}", *on_the_web(port)
    with program(tmp_path, *settings) as launcher:
        launcher.until_running("capture", "depth", "steady", "stereo", "web")
        for _ in range(2):  # the second comes when there has been a picture for long
            with Client.watching(port) as client:
                seen = client.last
                assert not seen.stale
                assert is_in_stereo(seen.picture)
                assert frame_number(seen.picture) == STILL
            launcher.until(lambda: launcher.log.count("nobody looks") > 0, "everything sleeps")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/snapshot.jpg", timeout=30) as answer:
            assert answer.headers["Content-Type"] == "image/jpeg"
            snapshot = decoded(answer.read())
    save(snapshot, shots / "image_snapshot.png")
    assert is_in_stereo(snapshot)
    assert frame_number(snapshot) == STILL


@pytest.mark.parametrize("layout", ["half-sbs", "full-sbs", "half-tab", "full-tab"])
def test_both_eyes_are_there_in_every_layout(layout: str, picture: Path, tmp_path: Path, shots: Path) -> None:
    port = free_port()
    settings = "capture.source=image", f"image.path={picture}", f"stereo.layout={layout}", *on_the_web(port)
    with program(tmp_path, *settings), Client.watching(port) as client:
        seen = client.last.picture
    save(seen, shots / f"image_{layout}.png")
    wide, high = layout == "full-sbs", layout == "full-tab"
    assert seen.shape == (HEIGHT * (1 + high), WIDTH * (1 + wide), 3)
    assert is_in_stereo(seen, layout)
    assert {number_in(view) for view in eyes_of(seen, layout)} == {STILL}


def test_a_picture_of_another_shape_gets_bars(tmp_path: Path, picture: Path) -> None:
    pixels = cv2.imread(str(picture))
    narrow = tmp_path / "narrow.png"
    cv2.imwrite(str(narrow), pixels[:, 80:560])  # 4:3
    port = free_port()
    settings = "capture.source=image", f"image.path={narrow}", *on_the_web(port)
    with program(tmp_path, *settings), Client.watching(port) as client:
        left, right = eyes_of(client.last.picture)
    for view in (left, right):
        assert view.shape == (360, 320, 3)
        assert view[:, :36].max() < 40
        assert view[:, -36:].max() < 40
        assert view[100, 44:-44].max(axis=1).min() > 40  # the sky between them
