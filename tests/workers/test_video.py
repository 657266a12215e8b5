"""A video file as the source: its frames in order, at the times that it gives them."""

import time
import wave
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest

from tests.workers.made_films import as_a_phone_films, played_after_each_other, recorded, spoilt
from tests.workers.one_process import host, open_slot
from workers.capture import Settings as CaptureSettings
from workers.capture import video
from workers.capture.video import Settings, Video
from workers.depth import Settings as DepthSettings
from workers.person._behind import Film as FilmBehind

pytestmark = pytest.mark.timeout(60)
FRAMES, RATE, SIZE = 10, 25, (48, 64)
PATIENCE = 2.0  # seconds
LEVELS = [20 * (number + 1) for number in range(FRAMES)]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Grey frames that become lighter, 0.4 s of them."""
    path = tmp_path_factory.mktemp("video") / "film.mp4"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("mpeg4", rate=RATE)
        stream.height, stream.width, stream.pix_fmt = *SIZE, "yuv420p"
        for level in LEVELS:
            picture = np.full((*SIZE, 3), level, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode())
    return path


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine a test is late, too; only who waits for so long leaves out frames."""
    monkeypatch.setattr(video, "LATE", PATIENCE)


def made(path: object, loop: bool = True) -> SimpleNamespace:
    capture = CaptureSettings(crop_black_bars=False)
    return SimpleNamespace(video=Settings(str(path), loop), capture=capture, depth=DepthSettings())


def opened(path: Path, loop: bool = True) -> Video:
    worker = Video(made(path, loop), host())
    worker.open()
    return worker


def played(worker: Video, count: int) -> list[int]:
    """The levels of so many frames, each taken when it is due; frames that came too late are left out."""
    slot, seen = open_slot(SIZE[0] * SIZE[1] * 3), []
    for _ in range(count):
        time.sleep(max(0.0, min(worker.due(), time.perf_counter() + 1) - time.perf_counter()))
        if worker.process(slot, None) is not None:
            seen.append(int(np.median(slot.view((*SIZE, 3)))))
    return seen


def nearest(levels: list[int]) -> list[int]:
    """Which frames these are; a codec is not exact."""
    return [int(np.argmin(np.abs(np.array(LEVELS) - level))) for level in levels]


def test_contract_frames_come_in_order(film: Path) -> None:
    assert nearest(played(opened(film), FRAMES)) == list(range(FRAMES))


def test_contract_each_is_due_at_the_time_that_the_file_gives_it(film: Path) -> None:
    worker, due = opened(film), []
    for _ in range(FRAMES):
        due.append(worker.due())
        played(worker, 1)
    assert np.diff(due) == pytest.approx([1 / RATE] * (FRAMES - 1))


def test_contract_it_begins_again_at_its_end_without_a_pause(film: Path) -> None:
    worker, due = opened(film), []
    for _ in range(2 * FRAMES):
        due.append(worker.due())
        played(worker, 1)
    assert due[FRAMES] - due[FRAMES - 1] == pytest.approx(1 / RATE, abs=0.005)
    worker.close()


@pytest.mark.parametrize("begins", [(10, 50_000), (50_000, 10)])
def test_recordings_that_were_joined_are_played_on_without_a_pause(
    begins: tuple[float, float], tmp_path: Path
) -> None:
    parts = [recorded(tmp_path / f"{number}.ts", begin, 5) for number, begin in enumerate(begins)]
    source = played_after_each_other(tmp_path, parts)
    worker, due = Video(made(source, loop=False), host()), []
    worker.open()
    while worker.due() < float("inf"):
        due.append(worker.due())
        worker.grab()
    assert len(due) == 10
    assert np.diff(due).min() > 0.03
    assert due[-1] - due[0] < 3


def test_contract_without_loop_it_ends_with_its_last_frame(film: Path) -> None:
    worker = opened(film, loop=False)
    played(worker, FRAMES)
    assert worker.due() == float("inf")
    worker.wake()
    assert worker.due() == float("inf")


def test_contract_its_last_frame_is_there_again_for_whoever_needs_one_after_the_end(film: Path) -> None:
    """A setting has changed, or somebody looks who did not before."""
    worker = opened(film, loop=False)
    played(worker, FRAMES)
    for _ in range(2):
        worker.again()
        assert worker.due() <= time.perf_counter()
        assert nearest(played(worker, 1)) == [FRAMES - 1]
        assert worker.due() == float("inf")
    worker.close()


def test_contract_while_it_plays_nothing_comes_again(film: Path) -> None:
    worker = opened(film, loop=False)
    played(worker, 3)
    due = worker.due()
    worker.again()
    assert worker.due() == due
    worker.close()


def test_contract_a_film_that_has_ended_begins_again_where_that_is_set_now(film: Path) -> None:
    worker = opened(film, loop=False)
    played(worker, FRAMES)
    worker.settings.video = Settings(str(film), loop=True)
    worker.again()
    assert nearest(played(worker, FRAMES))[:1] == [0]
    assert worker.due() < float("inf")
    worker.close()


def test_contract_what_comes_too_late_is_dropped_and_counted(
    film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video, "LATE", 0.05)
    worker, slot = opened(film), open_slot(SIZE[0] * SIZE[1] * 3)
    time.sleep(0.25)
    assert [worker.process(slot, None) for _ in range(3)] == [None] * 3
    assert worker.dropped == 3


def test_contract_of_a_video_that_is_slow_to_open_no_frame_is_left_out(
    film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(path: str) -> Any:
        time.sleep(1.2 * PATIENCE)
        return at_once(path)

    at_once = video.open_video
    monkeypatch.setattr(video, "open_video", slow)
    worker = opened(film)
    assert nearest(played(worker, 1)) == [0]
    assert worker.dropped == 0


def test_contract_after_a_sleep_it_goes_on_where_it_was(film: Path) -> None:
    worker = opened(film)
    first = nearest(played(worker, 3))
    time.sleep(1.2 * PATIENCE)
    worker.wake()
    later = nearest(played(worker, 3))
    assert worker.dropped == 0
    assert first + later == list(range(6))


def test_contract_woken_before_a_frame_is_due_it_is_not_shown_early(film: Path) -> None:
    worker = opened(film)
    played(worker, 1)
    due = worker.due()
    worker.wake()
    played(worker, 1)
    assert worker.due() - due > 0.99 / RATE


def test_contract_slots_have_the_video_s_size(film: Path) -> None:
    assert Video.sizes(made(film), {})["frame"] == SIZE[0] * SIZE[1] * 3


def test_contract_a_film_that_lies_on_its_side_comes_as_a_player_shows_it(tmp_path: Path) -> None:
    right_way_up = np.full((320, 1440, 3), (20, 200, 60), np.uint8)
    right_way_up[:60] = (200, 40, 40)
    path = tmp_path / "phone.mp4"
    as_a_phone_films(path, right_way_up)
    nbytes = Video.sizes(made(path), {})["frame"]
    assert nbytes == right_way_up.nbytes
    slot = open_slot(nbytes)
    assert opened(path).process(slot, None) is not None
    shown = slot.view(right_way_up.shape)
    assert np.abs(shown.astype(int) - right_way_up).mean() < 5


def test_contract_a_film_without_a_frame_is_named(film: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    data = film.read_bytes()
    begin = data.index(b"mdat") + 4
    broken.write_bytes(data[:begin] + bytes(data.index(b"moov") - begin) + data[data.index(b"moov") :])
    with pytest.raises(ValueError, match=r"video\.path: .*broken\.mp4 (cannot be read|has no picture that)"):
        Video.sizes(made(broken), {})


def test_contract_what_is_no_video_is_named_with_what_is_wrong(tmp_path: Path) -> None:
    text, sound = tmp_path / "notes.mp4", tmp_path / "song.wav"
    text.write_text("this is no video")
    with wave.open(str(sound), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(b"\0\0" * 800)
    for path, what in (
        ("", "video.path is not set: which video?"),
        ("/nowhere/film.mp4", r"video\.path: /nowhere/film\.mp4 cannot be read: .*No such file"),
        (text, r"video\.path: .*notes\.mp4 cannot be read: "),
        (sound, r"video\.path: .*song\.wav has no picture"),
    ):
        with pytest.raises(ValueError, match=what):
            Video.sizes(made(path), {})


@pytest.mark.parametrize("which", [1, 6])
def test_a_packet_that_cannot_be_decoded_costs_what_is_in_it_and_is_said_once(
    which: int, film: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = spoilt(film, tmp_path / "damaged.mp4", which, "video")
    with av.open(str(path)) as source, pytest.raises(av.InvalidDataError):
        [*source.decode(video=0)]
    assert Video.largest(made(path)) == SIZE
    worker = opened(path)
    seen = nearest(played(worker, 2 * (FRAMES - 1)))
    assert len(set(seen)) > FRAMES // 2
    assert caplog.text.count("is damaged; what cannot be read of it is left out") == 1


def test_a_background_film_that_is_damaged_goes_on_behind_it(film: Path, tmp_path: Path) -> None:
    behind = FilmBehind(str(spoilt(film, tmp_path / "damaged.mp4", 6, "video")))
    frame, mask, seen = np.zeros((*SIZE, 3), np.uint8), np.zeros(SIZE, np.uint8), set[int]()
    while max(seen, default=0) < FRAMES - 1:
        seen |= set(nearest([int(np.median(behind(frame, mask).behind))]))
        time.sleep(0.5 / RATE)
    behind.close()
