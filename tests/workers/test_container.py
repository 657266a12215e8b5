"""Packets become files and streams that others read: what comes out is opened by FFmpeg, the library and,
where it is there, the program."""

import subprocess
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.live.needs import needs
from tests.workers.made_packets import BEGIN, pictures, sound
from workers.audio._packets import AAC, OPUS, RATE, AudioCodec, packed, unpacked
from workers.sinks._container import Container
from workers.sinks._part import FRAGMENTS
from workers.sinks._stereo_mode import stereo_mode
from workers.sinks._video_codecs import AV1, BY_COLOUR, H264, HEVC, VideoCodec
from workers.stereo import LAYOUTS, Settings

FORMS = [
    ("mp4", H264, AAC),
    ("mp4", HEVC, AAC),
    ("mp4", AV1, OPUS),
    ("matroska", H264, OPUS),
    ("matroska", HEVC, AAC),
    ("webm", AV1, OPUS),
    ("mpegts", H264, AAC),
    ("flv", H264, AAC),
]


def written(path: Path, form: str, video: VideoCodec, audio: AudioCodec | None, **more: Any) -> None:
    shown = pictures(video)
    container = Container(str(path), form, video, shown[0][1], sound=audio, **more)
    heard = sound(audio) if audio else []
    events = [(time, True, data) for time, data in shown] + [(time, False, data) for time, data in heard]
    for time, is_picture, data in sorted(events, key=lambda event: event[0]):
        if is_picture:
            container.picture(data, time, video.starts_anew(data))
        else:
            container.hear(data, time)
    container.close()


@pytest.mark.parametrize(("form", "video", "audio"), FORMS)
@pytest.mark.parametrize("stereo", ["left_right", "mono"])
def test_contract_what_comes_out_has_all_pictures_and_the_sound_at_its_time(
    form: str, video: VideoCodec, audio: AudioCodec, stereo: str, tmp_path: Path
) -> None:
    path = tmp_path / f"out.{form}"
    options = FRAGMENTS if form == "mp4" else {}
    written(path, form, video, audio, stereo=stereo, options=options)
    with av.open(str(path)) as file:
        shown = [frame.time for frame in file.decode(video=0)]
        assert len(shown) == 20
        assert np.diff(shown) == pytest.approx(0.05, abs=0.002)
        first = file.streams.video[0].start_time
        assert first is not None
    with av.open(str(path)) as file:
        heard = [frame for frame in file.decode(audio=0)]
        assert heard[0].rate == RATE
        assert sum(frame.samples for frame in heard) == pytest.approx(RATE, abs=2 * audio.frame)
        assert abs(heard[0].time - shown[0]) < 0.025, "what is before the first picture is left out"


@needs("ffmpeg", "ffprobe")
@pytest.mark.parametrize(("form", "video", "audio"), FORMS)
def test_contract_ffmpeg_has_nothing_to_complain_of(
    form: str, video: VideoCodec, audio: AudioCodec, tmp_path: Path
) -> None:
    path = tmp_path / f"out.{form}"
    written(path, form, video, audio, stereo="left_right", options=FRAGMENTS if form == "mp4" else {})
    read = ["ffmpeg", "-v", "warning", "-i", str(path), "-f", "null", "-"]
    assert subprocess.run(read, capture_output=True, text=True, timeout=20).stderr == ""
    look = ["ffprobe", "-v", "warning", "-show_streams", str(path)]
    found = subprocess.run(look, capture_output=True, text=True, timeout=20).stdout
    assert ("side by side" in found) == (form not in ("mpegts", "flv")), "these two have no place to say it"


def test_contract_a_file_that_is_cut_off_plays_to_its_last_half_second(tmp_path: Path) -> None:
    path, cut = tmp_path / "out.mp4", tmp_path / "cut.mp4"
    written(path, "mp4", H264, AAC, options=FRAGMENTS)
    whole = path.read_bytes()
    cut.write_bytes(whole[: whole.rindex(b"moof")])
    with av.open(str(cut)) as file:
        assert len([*file.decode(video=0)]) >= 10


def test_contract_a_file_whose_sound_never_comes_plays_all_the_same(tmp_path: Path) -> None:
    path, shown = tmp_path / "out.mp4", pictures(H264)
    container = Container(str(path), "mp4", H264, shown[0][1], sound=AAC, options=FRAGMENTS)
    for number, (_, data) in enumerate(shown * 3):
        container.picture(data, BEGIN + 50_000_000 * number, H264.starts_anew(data))
    copy = tmp_path / "copy.mp4"
    copy.write_bytes(path.read_bytes())  # as if it was killed now
    container.close()
    with av.open(str(copy)) as file:
        assert len([*file.decode(video=0)]) >= 30


def test_contract_pictures_of_one_time_stay_in_order(tmp_path: Path) -> None:
    """A still picture is coded again with the time that it has."""
    path, shown = tmp_path / "out.mkv", pictures(H264)
    container = Container(str(path), "matroska", H264, shown[0][1])
    for _, data in shown:
        container.picture(data, BEGIN, H264.starts_anew(data))
    container.close()
    with av.open(str(path)) as file:
        assert len({frame.pts for frame in file.decode(video=0)}) == 20


@pytest.mark.parametrize("codec", [H264, HEVC, AV1])
def test_contract_where_a_decoder_can_begin_is_found_in_each_codec(codec: VideoCodec) -> None:
    anew = [number for number, (_, data) in enumerate(pictures(codec)) if codec.starts_anew(data)]
    assert anew == [0, 10]
    assert BY_COLOUR[codec.colour] is codec
    assert not codec.starts_anew(b"")


@pytest.mark.parametrize("codec", [AAC, OPUS])
def test_contract_a_packet_of_sound_says_its_codec(codec: AudioCodec) -> None:
    assert unpacked(packed(codec, b"data")) == (codec, b"data")


def test_a_format_that_cannot_carry_a_codec_says_so(tmp_path: Path) -> None:
    _, first = pictures(H264)[0]
    with pytest.raises(ValueError, match="'webm' format does not support 'h264'"):
        Container(str(tmp_path / "out.webm"), "webm", H264, first)


def test_every_layout_has_a_word_for_where_its_views_are() -> None:
    modes = {layout: stereo_mode(Settings(layout=layout)) for layout in LAYOUTS}
    assert modes["half-sbs"] == modes["full-sbs"] == "left_right"
    assert modes["half-tab"] == "top_bottom"
    assert modes["anaglyph-dubois"] == modes["depth"] == "mono"
    assert stereo_mode(Settings(layout="full-tab", swap_eyes=True)) == "bottom_top"
