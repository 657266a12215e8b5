"""A video behind the person: at its own pace, and nobody waits for it."""

import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import av
import numpy as np
import pytest

from tests.workers.made_films import as_a_phone_films
from workers.person import _film
from workers.person._chosen import Chosen
from workers.person._film import Film
from workers.person.background import Settings

pytestmark = pytest.mark.timeout(60)
FRAME, MASK = np.zeros((64, 96, 3), np.uint8), np.zeros((9, 16), np.uint8)
LENGTH = 0.2  # seconds of a frame


def three_colours(path: Path, seconds: float = 3 * LENGTH) -> Path:
    """Red, green and blue in turn."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=round(1 / LENGTH), options={"crf": "10", "g": "3"})
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for k in range(round(seconds / LENGTH)):
            pixels = np.zeros((64, 96, 3), np.uint8)
            pixels[..., k % 3] = 255
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
    return path


@contextmanager
def shown(path: Path) -> Iterator[Film]:
    film = Film(str(path))
    try:
        yield film
    finally:
        film.close()


def colour(film: Film) -> int:
    return int(np.argmax(film(FRAME, MASK).behind[32, 48]))


def colours(film: Film, many: int) -> list[int]:
    """As they follow each other."""
    seen = [colour(film)]
    while len(seen) < many:
        if (now := colour(film)) != seen[-1]:
            seen.append(now)
        time.sleep(0.002)
    return seen


def test_contract_a_video_begins_with_its_first_frame_and_is_shown_at_its_own_pace_again_and_again(
    tmp_path: Path,
) -> None:
    with shown(three_colours(tmp_path / "colours.mp4")) as film:
        time.sleep(4 * LENGTH)  # nobody has asked for it yet
        begin = time.perf_counter()
        seen = colours(film, 7)  # on a busy machine one may be missed
        assert (seen[0], set(seen)) == (0, {0, 1, 2})
        assert time.perf_counter() - begin > 5.5 * LENGTH


def test_contract_a_video_that_nobody_looks_at_stands_still(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_film, "PAUSE", 2 * LENGTH)
    with shown(three_colours(tmp_path / "colours.mp4")) as film:
        before = colours(film, 3)[-1]
        time.sleep(8 * LENGTH)
        there = film._now
        time.sleep(4 * LENGTH)
        assert film._now is there
        assert colours(film, 4)[-2:] != [before, before]


def test_contract_a_film_that_lies_on_its_side_is_shown_as_a_player_does(tmp_path: Path) -> None:
    right_way_up = np.full((320, 1440, 3), (20, 200, 60), np.uint8)
    right_way_up[:60] = (200, 40, 40)
    as_a_phone_films(tmp_path / "phone.mp4", right_way_up)
    with shown(tmp_path / "phone.mp4") as film:
        behind = film(np.zeros_like(right_way_up), MASK).behind
        assert np.abs(behind.astype(int) - right_way_up).mean() < 5


def test_contract_nobody_waits_for_a_video_that_comes_slower_than_it_is_shown(tmp_path: Path) -> None:
    """As from a disk that sleeps, or of a size that this machine decodes too slowly."""
    head, size = b"YUV4MPEG2 W96 H64 F50:1 C420jpeg\n", 96 * 64
    pipe, go_on = tmp_path / "film.y4m", threading.Event()
    os.mkfifo(pipe)

    def give() -> None:
        with suppress(BrokenPipeError), pipe.open("wb", buffering=0) as there:
            there.write(head)
            for grey in range(200):
                if grey == 100:
                    go_on.wait(50)
                there.write(b"FRAME\n" + bytes([grey]) * size + bytes([128]) * (size // 2))

    giving = threading.Thread(target=give)
    giving.start()
    with shown(pipe) as film:
        while film(FRAME, MASK).behind.max() < 90:  # a step of grey for each frame; FFmpeg reads ahead
            time.sleep(0.01)
        for _ in range(150):
            assert film(FRAME, MASK).behind.max() < 130
            time.sleep(0.01)
        go_on.set()
        while film(FRAME, MASK).behind.max() < 150:
            time.sleep(0.01)
    giving.join()


def test_contract_of_a_video_that_vanishes_the_last_frame_stays_and_it_goes_on_when_it_is_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_film, "AGAIN", LENGTH)
    path = three_colours(tmp_path / "colours.mp4")
    with shown(path) as film, caplog.at_level(logging.ERROR):
        path.rename(tmp_path / "away.mp4")
        while not caplog.messages:
            colour(film)
            time.sleep(0.002)
        assert "cannot be read" in caplog.text
        time.sleep(3 * LENGTH)
        assert colour(film) == 2
        assert len(caplog.messages) == 1, "it is said once"
        (tmp_path / "away.mp4").rename(path)
        seen = colours(film, 8)  # on a busy machine one may be missed
        assert (seen[0], set(seen)) == (2, {0, 1, 2})


def test_contract_the_thread_of_a_video_ends_with_the_choice(tmp_path: Path) -> None:
    settings = Settings(kind="video", video=str(three_colours(tmp_path / "colours.mp4")))
    before = threading.enumerate()
    chosen = Chosen(settings, logging.getLogger())
    chosen(FRAME, MASK, settings)
    there = [thread for thread in threading.enumerate() if thread not in before]
    assert [thread.name for thread in there] == ["film"]
    chosen(FRAME, MASK, Settings(kind="colour"))
    for thread in there:
        thread.join(30)
        assert not thread.is_alive()
