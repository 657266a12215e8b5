"""The program's streams as others see them: with picture and sound, by every way."""

import json
import os
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import av
import numpy as np
import pytest

from scripts.stream_paths.nginx import nginx
from tests.live.browser import Browser
from tests.live.needs import needs
from tests.live.nginx import KEY, needs_nginx
from tests.live.program import free_port, program
from tests.pipeline.running import Launcher
from workers.sinks._web.hls import NOBODY
from workers.sinks._web.tokens import view_token

pytestmark = [needs("chromium", "ffprobe"), needs_nginx()]
WEB, RTSP, RTMP = free_port(), free_port(), free_port()
SETTINGS = (
    "capture.source=scene",
    "depth.model=true",
    "capture.fps=20",
    "sinks=[stream, web]",
    f"web.port={WEB}",
    f"stream.rtsp_port={RTSP}",
    f'stream.push=["rtmp://127.0.0.1:{RTMP}/live/{KEY}"]',
    "audio.source=sound_file",
)
LISTEN = """
    const context = new AudioContext(), meter = context.createAnalyser(), stream = video.captureStream();
    context.createMediaStreamSource(stream).connect(meter);
    window.loudest = () => {
      const samples = new Float32Array(2048);
      meter.getFloatTimeDomainData(samples);
      return samples.reduce((most, one) => Math.max(most, Math.abs(one)), 0);
    };
"""


@pytest.fixture(scope="module")
def launcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launcher]:
    folder = tmp_path_factory.mktemp("streams")
    tone = np.int16(8000 * np.sin(np.arange(48_000 * 4) * 2 * np.pi * 440 / 48_000))
    with av.open(str(folder / "tone.wav"), "w") as file:
        stream = file.add_stream("pcm_s16le", rate=48_000, layout="stereo")
        frame = av.AudioFrame.from_ndarray(tone.repeat(2).reshape(1, -1), format="s16", layout="stereo")
        frame.sample_rate = 48_000
        file.mux(stream.encode(frame))
    with (
        nginx(folder, RTMP),
        program(folder, *SETTINGS, f"sound_file.path={folder / 'tone.wav'}") as launcher,
    ):
        launcher.until_running("capture", "steady", "stereo", "encode", "audio", "stream", "web")
        launcher.until_logged("has the picture")
        yield launcher


def url(way: str) -> str:
    return {
        "rtsp": f"rtsp://127.0.0.1:{RTSP}/live",
        "rtmp": f"rtmp://127.0.0.1:{RTMP}/live/{KEY}",
        "hls": f"http://127.0.0.1:{WEB}/hls/{view_token()}/live.m3u8",
    }[way]


def streams(url: str) -> dict[str, Any]:
    """Kind → what ffprobe says of it."""
    asked = ["ffprobe", "-v", "error", "-show_streams", "-of", "json", "-analyzeduration", "2000000", url]
    told = subprocess.run(asked, capture_output=True, text=True, timeout=45, check=False)
    assert told.returncode == 0, told.stderr
    return {one["codec_type"]: one for one in json.loads(told.stdout)["streams"]}


@pytest.mark.parametrize("way", ["rtsp", "rtmp", "hls"])
def test_every_stream_has_picture_and_sound(way: str, launcher: Launcher) -> None:
    found = streams(url(way))
    assert found["video"]["codec_name"] == "h264"
    assert (found["video"]["width"], found["video"]["height"]) == (640, 360)
    assert (found["audio"]["codec_name"], found["audio"]["sample_rate"]) == ("aac", "48000")


@pytest.mark.parametrize("way", ["mse", "webrtc"])
def test_the_page_is_heard_after_a_click(way: str, launcher: Launcher, browser: Browser) -> None:
    with browser.page(WEB, f"#{way}") as page:
        page.until("video.currentTime > 0.2 && !sound.hidden")
        assert page.tab.evaluate("video.muted")
        page.tab.press("#sound", "Space")  # the bar may hide from a mouse meanwhile
        page.until("video.currentTime > 0.2 && video.captureStream().getAudioTracks().length")
        page.tab.evaluate(LISTEN)
        page.until("loudest() > 0.05")
        assert not page.tab.evaluate("video.muted")
        assert page.problems == []


def test_a_player_goes_on_after_the_encoder_was_killed(launcher: Launcher) -> None:
    with av.open(url("rtsp"), options={"rtsp_transport": "tcp"}, timeout=30) as stream:
        frames = stream.decode(video=0)
        next(frames)
        before = launcher.restarts()
        os.kill(launcher.pids()["encode"], signal.SIGKILL)
        launcher.until_restarted("encode", before)
        times = [float(next(frames).time or 0) for _ in range(60)]
    assert times == sorted(times)
    assert launcher.restarts()["stream"] == before["stream"]


def hls(name: str) -> bytes:
    with urllib.request.urlopen(url("hls").replace("live.m3u8", name), timeout=20) as answer:
        return bytes(answer.read())


def test_a_player_of_hls_can_have_each_part_as_soon_as_it_is_whole(launcher: Launcher) -> None:
    listed = hls("live.m3u8").decode()
    (number, part) = re.findall(r'PRELOAD-HINT:TYPE=PART,URI="part(\d+)\.(\d+)\.mp4"', listed)[0]
    waited = hls(f"part{number}.{part}.mp4")
    assert waited[4:8] == b"moof"
    assert f"part{number}.{part}.mp4" in hls(f"live.m3u8?_HLS_msn={number}&_HLS_part={part}").decode()
    with pytest.raises(urllib.error.HTTPError) as refused:
        hls("live.m3u8?_HLS_msn=99999999")
    assert refused.value.code == 400


def test_who_comes_after_a_pause_sees_nothing_of_before_it(launcher: Launcher) -> None:
    last = re.findall(r"segment(\d+)", hls("live.m3u8").decode())[-1]
    time.sleep(NOBODY + 1.0)
    first = re.findall(r"segment(\d+)", hls("live.m3u8").decode())[0]
    assert int(first) > int(last)


@pytest.mark.parametrize("name", ["live.m3u8", "init0.mp4", "segment0.mp4"])
def test_without_the_token_there_is_no_hls(name: str, launcher: Launcher) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"http://127.0.0.1:{WEB}/hls/guess/{name}", timeout=20)
    assert refused.value.code == 404


def test_the_key_of_a_stream_is_in_no_log(launcher: Launcher) -> None:
    assert "has the picture" in launcher.log
    assert KEY not in launcher.log
