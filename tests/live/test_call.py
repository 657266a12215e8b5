"""Speech live: through rings of one machine, and a call between two with a bad line."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.live.two_machines import ADDRESSES, IN, OUT, inside, machines, needs_namespaces
from tests.pipeline.running import Launcher, launched
from tests.workers.voices import clip, needs_voice
from workers.sound._reading import read_whole

pytestmark = [needs_voice(), pytest.mark.timeout(120)]
RATE = 16000
TEXT = """
job: {{kind: voice}}
sinks: [{sinks}]
sound: {{source: sound_file}}
sound_file: {{path: {clip}}}
voice: {{kbps: {kbps}, key: {key}}}
receive: {{port: {port}, host: {host}}}
call: {{to: "{to}"}}
wav: {{path: {wav}}}
"""
DEFAULTS = {"sinks": "wav", "kbps": 6, "key": '""', "port": 0, "host": "127.0.0.1", "to": "", "wav": '""'}


def settings(file: Path, clip: Path, **values: object) -> Path:
    file.write_text(TEXT.format(clip=clip, **{**DEFAULTS, **values}))
    return file


def likeness(heard: Path, said: Path, seconds: float = 2.0) -> float:
    """How well the last seconds that were heard are found in what is said over and over: 1 is all of it."""
    after = envelope(read_whole(str(heard), RATE))[-round(seconds * 100) :]
    before = np.tile(envelope(read_whole(str(said), RATE)), 2)
    windows = np.lib.stride_tricks.sliding_window_view(before, len(after))
    return float(max(np.corrcoef(after, window)[0, 1] for window in windows))


def until_alike(launcher: Launcher, heard: Path, said: Path, least: float, seconds: float = 2.0) -> None:
    """It may take a while: other tests take processors, so packets come late, and what is late is lost."""
    launcher.until(
        lambda: likeness(heard, said, seconds) > least, f"{seconds} s are heard as they were said, to {least}"
    )


def envelope(pcm: npt.NDArray[np.int16]) -> npt.NDArray[np.float64]:
    """How loud it is in each 10 ms."""
    whole = pcm[: len(pcm) // 160 * 160].reshape(-1, 160).astype(float)
    return np.log10(np.sqrt((whole**2).mean(axis=1)) + 30)


class Room:
    """A program that hears itself, its settings file and what it writes."""

    def __init__(self, launcher: Launcher, folder: Path) -> None:
        self.launcher, self.folder, self.wav = launcher, folder, folder / "heard.wav"


def until_heard(launcher: Launcher, seconds: float) -> None:
    more = launcher.ring("sound")["seq"] + round(seconds * 50)
    launcher.until(lambda: launcher.ring("sound")["seq"] >= more, f"{seconds} s more are heard")


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    folder = tmp_path_factory.mktemp("voice")
    file = settings(folder / "mine.yaml", clip(), wav=folder / "heard.wav")
    with launched(folder, file=file, ready=False) as launcher:
        launcher.until_running("listen", "coder", "decoder", "wav")
        yield Room(launcher, folder)


def test_what_is_said_is_heard(room: Room) -> None:
    until_heard(room.launcher, 3.5)
    until_alike(room.launcher, room.wav, clip(), 0.95)
    assert room.launcher.ring("coded")["shape"] == [1 + 15], "6 kbit/s"
    assert all(
        reader["dropped"] == 0 for ring in room.launcher.figures()["rings"] for reader in ring["readers"]
    )


def test_the_rate_changes_in_mid_stream_without_a_restart(room: Room) -> None:
    before = room.launcher.restarts()
    settings(room.folder / "mine.yaml", clip(), wav=room.wav, kbps=3.2)
    room.launcher.until_logged("voice.kbps is now 3.2")
    room.launcher.until(lambda: room.launcher.ring("coded")["shape"] == [1 + 8], "packets are smaller")
    until_heard(room.launcher, 2.1)
    until_alike(room.launcher, room.wav, clip(), 0.9)
    assert room.launcher.restarts() == before


def test_workers_that_are_killed_are_back_and_so_is_the_sound(room: Room) -> None:
    before = room.launcher.restarts()
    for name in ("coder", "decoder", "wav"):
        os.kill(room.launcher.pids()[name], signal.SIGKILL)
    for name in ("coder", "decoder", "wav"):
        room.launcher.until_restarted(name, before)
    until_heard(room.launcher, 2.6)  # half a second waited for who writes it
    until_alike(room.launcher, room.wav, clip(), 0.9)


# Two machines -------------------------------------------------------------------------------------------


@needs_namespaces()
def test_a_call_over_a_bad_line_both_ways(tmp_path: Path) -> None:
    """5 % of packets lost, all 30 ms late or more, a tenth after later ones; somebody sends rubbish."""
    clips = {"a": clip(), "b": clip("voice/espeak_en_22k.wav")}
    other = {"a": "b", "b": "a"}
    with machines() as spaces, ExitStack() as held:
        ends: dict[str, Launcher] = {}
        (tmp_path / "words.txt").write_text("blue horse\n")
        for name, space in spaces.items():
            folder = tmp_path / name
            folder.mkdir()
            file = settings(
                folder / "mine.yaml",
                clips[name],
                sinks="call, wav",
                key=tmp_path / "words.txt",
                port=OUT,
                host=ADDRESSES[name],
                to=f"{ADDRESSES[other[name]]}:{IN}",
                wav=folder / "heard.wav",
            )
            program = launched(folder, file=file, ready=False, before=inside(space))
            ends[name] = held.enter_context(program)
        for name, end in ends.items():
            end.until_logged("somebody speaks")
            shout(spaces[name], ADDRESSES[other[name]])
        for end in ends.values():
            until_heard(end, 3.0)
        for name, end in ends.items():
            until_alike(end, tmp_path / name / "heard.wav", clips[other[name]], 0.85, seconds=2.5)
            assert set(end.restarts().values()) == {0}
            assert np.abs(read_whole(str(tmp_path / name / "heard.wav"), RATE)).max() < 32767


def shout(space: str, host: str) -> None:
    """Rubbish, also such that begins like RTP, and a packet without the key."""
    code = (
        "import os, socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); "
        f"[s.sendto(head + os.urandom(size), ('{host}', {IN})) for _ in range(20) "
        "for head in (b'', b'\\x80\\x60') for size in (0, 1, 10, 25, 1400, 9000)]"
    )
    subprocess.run([*inside(space), sys.executable, "-c", code], check=True, timeout=20)
