"""Streams from one machine to another: who knows the token sees them, also after the line was down."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from scripts.stream_paths.joining import PICTURE
from scripts.stream_paths.nginx import nginx
from tests.live.nginx import KEY, needs_nginx
from tests.live.program import program
from tests.live.two_machines import ADDRESSES, LINE, inside, joined_machines, line_down, needs_namespaces
from tests.pipeline.running import REPO, Launcher, until
from workers.sinks._stream.digest import USER

pytestmark = [needs_nginx(), needs_namespaces()]
HERE, THERE = ADDRESSES["a"], ADDRESSES["b"]
RTSP, RTMP = 8554, 1935
CUT, RETURN = "it goes on when it can", "has the picture"  # as the log has them, of who is pushed to
PUSHED = f"rtmp://{THERE}:{RTMP}/live/{KEY}"
SETTINGS = (
    "capture.source=scene",
    "depth.model=true",
    "sinks=[stream]",
    "stream.lan=true",
    f"stream.rtsp_port={RTSP}",
    f'stream.push=["{PUSHED}"]',
)


class Neighbours(NamedTuple):
    """The program on one machine, and the other: `there` stands before each of its commands."""

    launcher: Launcher
    space: str

    @property
    def there(self) -> tuple[str, ...]:
        return inside(self.space)

    @property
    def link(self) -> str:
        """As the user reads it."""
        found = re.search(rf"play (rtsp://{USER}:\S+@{HERE}:{RTSP}/live)", self.launcher.log)
        assert found, self.launcher.log
        return found[1]

    def join(self, way: str, url: str) -> subprocess.Popen[str]:
        """Leaves at its first picture, if its input has ended by then."""
        player = (sys.executable, "-m", "scripts.stream_paths.joining", way, url)
        pipe = subprocess.PIPE
        return subprocess.Popen(
            [*self.there, *player], cwd=REPO, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT, text=True
        )

    def told_by(self, way: str, url: str) -> str:
        said, _ = self.join(way, url).communicate(timeout=50)
        return said


@pytest.fixture(scope="module")
def neighbours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neighbours]:
    folder = tmp_path_factory.mktemp("streams")
    with (
        joined_machines() as spaces,
        nginx(folder, RTMP, THERE, inside(spaces["b"])),
        program(folder, *SETTINGS, before=inside(spaces["a"])) as launcher,
    ):
        launcher.until_running("capture", "steady", "stereo", "encode", "stream")
        launcher.until_logged(RETURN)
        yield Neighbours(launcher, spaces["b"])


@contextmanager
def wiretap(neighbours: Neighbours, file: Path) -> Iterator[Callable[[], bytes]]:
    """What has come over the line, but for what is pushed."""
    tap = (sys.executable, str(Path(__file__).with_name("wiretap.py")), LINE, str(RTSP), str(file))
    with subprocess.Popen([*neighbours.there, *tap], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"listening\n"
            yield file.read_bytes
        finally:
            process.kill()


def test_without_the_token_no_word_of_the_video_is_on_the_wire(
    neighbours: Neighbours, tmp_path: Path
) -> None:
    with wiretap(neighbours, tmp_path / "heard") as heard:
        for name in ("", f"{USER}:guess@"):
            assert "401 Unauthorized" in neighbours.told_by("rtsp-tcp", f"rtsp://{name}{HERE}:{RTSP}/live")
        until(lambda: heard().count(b" 401 ") >= 2, "both refusals have come")
        assert heard().isascii()
        assert b"video" not in heard()
        assert b"sprop" not in heard()
        assert neighbours.told_by("rtsp-udp", neighbours.link).split() == [PICTURE]
        until(lambda: b"m=video" in heard() and not heard().isascii(), "the pictures have come")


def test_after_the_line_was_down_players_and_servers_see_pictures_again(neighbours: Neighbours) -> None:
    launcher, player = neighbours.launcher, neighbours.join("rtsp-tcp", neighbours.link)
    assert player.stdout is not None
    assert player.stdout.readline().strip() == PICTURE
    cuts, returns = (launcher.log.count(said) for said in (CUT, RETURN))
    with line_down(neighbours.space):
        player.kill()  # of which nobody hears
        player.communicate()
        launcher.until_logged(CUT, cuts + 1)
    assert neighbours.told_by("rtsp-tcp", neighbours.link).split() == [PICTURE]
    launcher.until_logged(RETURN, returns + 1)
    assert neighbours.told_by("rtmp", PUSHED).split() == [PICTURE]
    assert set(launcher.restarts().values()) == {0}
    assert KEY not in launcher.log
