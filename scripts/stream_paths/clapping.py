"""Claps and flashes at one time, as the players of each way get them."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from scripts.bench_live import free_port
from scripts.soaking.clap_offsets import offsets
from scripts.stream_paths.nginx import nginx
from workers.sinks._web.tokens import view_token

REPO = Path(__file__).resolve().parents[2]


class Ways(NamedTuple):
    """Way → its address, and the settings of a program that has them all."""

    addresses: dict[str, str]
    settings: tuple[str, ...]


@contextmanager
def ways(folder: Path) -> Iterator[Ways]:
    """With nginx for RTMP in between."""
    web, rtsp, rtmp = free_port(), free_port(), free_port()
    pushed = f"rtmp://127.0.0.1:{rtmp}/live/claps"
    addresses = {
        "rtsp": f"rtsp://127.0.0.1:{rtsp}/live",
        "rtmp": pushed,
        "hls": f"http://127.0.0.1:{web}/hls/{view_token()}/live.m3u8",
        "mse": f"ws://127.0.0.1:{web}/mse?sound=1",
    }
    settings = (f"web.port={web}", f"stream.rtsp_port={rtsp}", f'stream.push=["{pushed}"]')
    with nginx(folder, rtmp):
        yield Ways(addresses, ("stereo.layout=half-sbs", *settings))


class Recording:
    """All ways at a time, each into a file, for so many seconds."""

    def __init__(self, addresses: dict[str, str], folder: Path, seconds: float) -> None:
        self._files = {way: folder / f"heard-{way}" for way in addresses}
        self._recorders = {
            way: subprocess.Popen(
                [sys.executable, "-m", "scripts.stream_paths.recorder", url, self._files[way], str(seconds)],
                cwd=REPO,
            )
            for way, url in addresses.items()
        }

    @property
    def ended(self) -> bool:
        return all(recorder.poll() is not None for recorder in self._recorders.values())

    def offsets(self) -> dict[str, list[float]]:
        """Waits for its end. For each way ms by which the picture is later than the sound. Raises
        FFmpegError or OSError for a way that gave nothing, RuntimeError for one that could not be recorded to
        the end."""
        if broken := [way for way, recorder in self._recorders.items() if recorder.wait()]:
            raise RuntimeError(f"{', '.join(broken)}: cannot be recorded to the end")
        return {way: offsets(file) for way, file in self._files.items()}
