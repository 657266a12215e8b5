"""A file has its name only when all of it is on the disk: pulling the machine's plug cannot leave a name with
nothing behind it."""

import os
from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from pipeline.convert_folder import put_in_place
from pipeline.convert_join import join
from tests.workers.made_films import add_film, add_frames, picture
from workers.convert import Settings
from workers.convert._conversion import Conversion, End
from workers.convert._picture_files import PictureFiles
from workers.convert._record import Recorder
from workers.convert._segments import Segments, segments_in
from workers.convert._whole import write_whole

SIZE = (64, 96)


class Disk:
    """What the system is told, in order: nothing stands between it and us."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.on_disk: dict[int, int] = {}  # inode → bytes that it had when it was synced
        self.too_early: list[str] = []
        self.named: list[str] = []
        fsync, replace = os.fsync, os.replace

        def sync(handle: int) -> None:
            fsync(handle)
            about = os.fstat(handle)
            self.on_disk[about.st_ino] = about.st_size

        def rename(source: str | Path, target: str | Path) -> None:
            about = os.stat(source)
            if Path(source).is_file() and self.on_disk.get(about.st_ino) != about.st_size:
                self.too_early.append(str(target))
            self.named.append(Path(target).name)
            replace(source, target)

        patch.setattr(os, "fsync", sync)
        patch.setattr(os, "replace", rename)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    disk = Disk(monkeypatch)
    yield disk
    assert disk.named
    assert disk.too_early == []


def test_the_parts_of_a_video_and_the_video(disk: Disk, tmp_path: Path) -> None:
    source, done, out = tmp_path / "film.mp4", tmp_path / "done", tmp_path / "out.mp4"
    done.mkdir()
    with av.open(str(source), "w") as container:
        add_frames(container, add_film(container, SIZE), [0, 40, 80])
    segments = Segments(done, source, Settings(preset="fast"), "half-sbs", False, 1)
    for number in range(3):
        segments.add(number, number * 40_000, picture(number, 0, SIZE))
    segments.finish()
    made = tmp_path / "made.mp4"
    join(source, [path for _, _, path in segments_in(done)], made, "left_right", End(3))
    put_in_place(made, out, False)
    assert disk.named == ["000000000-000000002.nut", "out.mp4"]
    assert os.stat(tmp_path).st_ino in disk.on_disk


def test_pictures(disk: Disk, tmp_path: Path) -> None:
    folder, source = tmp_path / "done", tmp_path / "a.jpg"
    folder.mkdir()
    cv2.imwrite(str(source), np.zeros((4, 4, 3), np.uint8))
    PictureFiles(folder, source, ".png").add(0, 0, np.zeros((4, 4, 3), np.uint8))
    assert disk.named == ["a.png"]
    put_in_place(folder, tmp_path / "out", False)
    assert os.stat(tmp_path).st_ino in disk.on_disk


def test_what_a_conversion_remembers(disk: Disk, tmp_path: Path) -> None:
    conversion = Conversion(tmp_path / "film.mp4", tmp_path)
    End(7).write(conversion)
    recorder = Recorder(conversion.survey, conversion.maps, (2, 2), 0)
    recorder.add(0, np.eye(2, dtype=np.float32), 0, 1, False)
    recorder.keep()
    recorder.close()
    for path in (conversion.survey, conversion.maps):
        assert disk.on_disk[path.stat().st_ino] == path.stat().st_size
    write_whole(conversion.scenes, [])
    assert disk.named == ["end.json", "scenes.json"]
