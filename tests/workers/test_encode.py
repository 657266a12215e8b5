"""Pictures become packets of video, one each, that a decoder can begin at when it is asked for."""

import os
import time
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest
from av.codec.context import Flags
from av.video.reformatter import Colorspace

from shm.errors import FrameTooLarge
from tests.workers.one_process import host, open_slot
from workers.convert import Settings as Convert
from workers.convert._encoders import options_of as file_options_of
from workers.encode import COLOURS, Codec, Settings
from workers.encode import _encoders as module
from workers.encode._encoders import ENCODERS, Encoder, Wanted
from workers.encode._options import options_of, pixel_format
from workers.encode._svt_av1 import NAME, PAUSE, let_clear_up, pause_of
from workers.encode.packets import Packets
from workers.sinks._h264 import starts_anew
from workers.sinks._video_codecs import BY_COLOUR
from workers.stereo import LayoutName
from workers.stereo import Settings as Stereo
from workers.worker import CannotWork

ROOM = 1_000_000
SOFTWARE: dict[Codec, str] = {"h264": "libx264", "hevc": "libx265", "av1": "libsvtav1"}
DECODERS: dict[Codec, str] = {"h264": "h264", "hevc": "hevc", "av1": "libdav1d"}


def picture(number: int, rows: int = 90, columns: int = 160) -> npt.NDArray[np.uint8]:
    """Soft colours that move, uint8[rows, columns, 3]."""
    down, along = np.mgrid[0:rows, 0:columns]
    waves = [np.sin(along / 20 + number / 5), np.cos(down / 15), np.sin((along + down) / 30 - number / 7)]
    return np.uint8(np.stack(waves, axis=2) * 100 + 128)


class Encoding:
    """A worker that encodes, and a decoder behind it."""

    def __init__(self, codec: Codec = "h264", layout: LayoutName = "depth", **encode: Any) -> None:
        self.settings = SimpleNamespace(
            encode=Settings(**{"encoder": SOFTWARE[codec], **encode}, codec=codec),
            stereo=Stereo(layout=layout),
        )
        self.worker: Any = Packets(self.settings, host())
        self.worker.open()
        self.decoder: Any = av.CodecContext.create(DECODERS[codec], "r")

    def packet(self, pixels: npt.NDArray[np.uint8], room: int = ROOM) -> bytes:
        lease: Any = SimpleNamespace(frame=pixels, info=SimpleNamespace(shape=pixels.shape))
        slot = open_slot(room)
        assert self.worker.process(lease, slot)
        return slot.view(slot.shape).tobytes()

    def shown(self, packet: bytes) -> npt.NDArray[np.uint8]:
        """The picture that the decoder gives for this packet, at once."""
        (frame,) = self.decoder.decode(av.Packet(packet))
        return frame.to_ndarray(format="rgb24", src_colorspace=Colorspace.ITU601)


def difference(one: npt.NDArray[np.uint8], other: npt.NDArray[np.uint8]) -> float:
    return float(np.abs(one.astype(int) - other).mean())


def test_contract_each_picture_is_shown_from_its_own_packet() -> None:
    encoding = Encoding()
    encoding.decoder.flags |= 1 << 19  # low delay
    for number in range(10):
        packet = encoding.packet(picture(number))
        assert starts_anew(packet) == (number == 0)
        assert difference(encoding.shown(packet), picture(number)) < 4
        assert difference(picture(number), picture(number + 1)) > 6


def test_contract_a_decoder_can_begin_where_it_was_asked_for() -> None:
    encoding = Encoding()
    for number in range(5):
        encoding.packet(picture(number))
    encoding.worker.again()
    packet = encoding.packet(picture(5))
    assert starts_anew(packet)
    assert difference(encoding.shown(packet), picture(5)) < 4
    assert not starts_anew(encoding.packet(picture(6)))


def test_contract_after_a_sleep_a_decoder_can_begin() -> None:
    encoding = Encoding()
    encoding.packet(picture(0))
    encoding.worker.wake()
    assert starts_anew(encoding.packet(picture(30)))


@pytest.mark.parametrize("shape", [(120, 200), (93, 163), (2, 2), (480, 1280)])
def test_contract_an_odd_row_is_left_out(shape: tuple[int, int]) -> None:
    encoding = Encoding()
    packet = encoding.packet(picture(1, *shape))
    assert starts_anew(packet)
    assert encoding.shown(packet).shape == (shape[0] & ~1, shape[1] & ~1, 3)


@pytest.mark.parametrize(("layout", "views"), [("half-sbs", (1, 2)), ("half-tab", (2, 1)), ("depth", (1, 1))])
def test_contract_the_size_stays_with_bars_around_each_view(
    layout: LayoutName, views: tuple[int, int]
) -> None:
    encoding = Encoding(layout=layout)
    encoding.shown(encoding.packet(picture(0, 96, 160)))
    white = np.full((96, 320, 3), 255, np.uint8)  # twice as wide
    packet = encoding.packet(white)
    assert not starts_anew(packet), "the stream goes on"
    shown = encoding.shown(packet)
    assert shown.shape == (96, 160, 3)
    down, across = views
    for view in (part for rows in np.split(shown, down) for part in np.split(rows, across, axis=1)):
        rows, columns = view.shape[:2]
        assert view[:, columns // 2, 0].mean() == pytest.approx(127, abs=15), "half of it is bars"
        assert view[rows // 2].min() > 200
        assert view[1].max() < 60
        assert view[-2].max() < 60


def test_contract_another_layout_may_bring_another_size() -> None:
    encoding = Encoding(layout="half-sbs")
    encoding.packet(picture(0, 96, 160))
    encoding.settings.stereo = Stereo(layout="full-sbs")
    packet = encoding.packet(picture(0, 96, 320))
    assert starts_anew(packet)
    assert encoding.shown(packet).shape == (96, 320, 3)


def test_contract_the_size_of_the_settings_is_kept() -> None:
    encoding = Encoding(width=320, height=180)
    for shape in ((96, 160), (300, 200)):
        assert encoding.shown(encoding.packet(picture(0, *shape))).shape == (180, 320, 3)
    with pytest.raises(ValueError, match="both"):
        Settings(width=320)


@pytest.mark.parametrize("codec", ["h264", "hevc", "av1"])
def test_contract_each_codec_answers_at_once_and_begins_anew_when_asked(codec: Codec) -> None:
    encoding, anew = Encoding(codec), BY_COLOUR[COLOURS[codec]].starts_anew
    found = []
    for number in range(6):
        if number == 4:
            encoding.worker.again()
        found.append(encoding.packet(picture(number, 96, 160)))
    encoding.worker.close()
    assert [anew(packet) for packet in found] == [True, False, False, False, True, False]
    assert Packets.wiring(encoding.settings).writes == {"packets": COLOURS[codec]}


@pytest.mark.parametrize(
    ("layout", "swapped", "said"),
    [("half-sbs", False, 3), ("full-tab", False, 4), ("half-sbs", True, None), ("depth", False, None)],
)
def test_contract_h264_says_how_the_views_lie(layout: LayoutName, swapped: bool, said: int | None) -> None:
    """The message's payload type is 45; it begins with an id of 0 and "not cancelled", one bit each."""
    encoding = Encoding(layout=layout)
    encoding.settings.stereo = Stereo(layout=layout, swap_eyes=swapped)
    packet = encoding.packet(picture(0, 96, 160))
    messages = [packet[at + 4 :] for at in range(len(packet)) if packet[at : at + 5] == b"\0\0\1\x06\x2d"]
    types = [(message[2] & 63) << 1 | message[3] >> 7 for message in messages]
    assert types == ([] if said is None else [said])


def test_an_encoder_of_another_codec_is_refused_with_those_that_there_are() -> None:
    encoding = Encoding("hevc", encoder="libx264")
    with pytest.raises(
        CannotWork, match=r"no HEVC of 160 x 90: libx264 makes no hevc; hevc_nvenc, .*libx265 do"
    ):
        encoding.packet(picture(0))


def test_contract_what_did_not_fit_is_followed_by_a_new_beginning() -> None:
    encoding = Encoding()
    with pytest.raises(FrameTooLarge):
        encoding.packet(picture(0), room=50)
    assert starts_anew(encoding.packet(picture(1)))
    with pytest.raises(FrameTooLarge):
        encoding.packet(np.random.default_rng(1).integers(0, 255, (90, 160, 3), np.uint8), room=500)
    assert starts_anew(encoding.packet(picture(2)))


def test_contract_quality_changes_live() -> None:
    encoding = Encoding(quality=12)
    fine = encoding.packet(picture(0))
    encoding.settings.encode = Settings(encoder="libx264", quality=38)
    coarse = encoding.packet(picture(0))
    assert starts_anew(coarse)
    assert len(coarse) < len(fine) / 2


def test_an_encoder_that_this_machine_lacks_is_said_with_the_reason() -> None:
    worker: Any = Packets(SimpleNamespace(encode=Settings(encoder="h264_mf"), stereo=Stereo()), host())
    worker.open()
    pixels = picture(0)
    lease: Any = SimpleNamespace(frame=pixels, info=SimpleNamespace(shape=pixels.shape))
    with pytest.raises(CannotWork, match=r"encode\.encoder.*160 x 90.*h264_mf: is not for this system"):
        worker.process(lease, open_slot(ROOM))


def test_the_first_encoder_that_works_is_taken_and_said(caplog: pytest.LogCaptureFixture) -> None:
    worker: Any = Packets(SimpleNamespace(encode=Settings(), stereo=Stereo()), host())
    worker.open()
    pixels = picture(0)
    lease: Any = SimpleNamespace(frame=pixels, info=SimpleNamespace(shape=pixels.shape))
    with caplog.at_level("INFO"):
        assert worker.process(lease, open_slot(ROOM))
    assert "H.264 by libx264 (" in caplog.text


@pytest.mark.parametrize(
    ("packet", "anew"),
    [
        (b"\0\0\0\1\x67rest", True),
        (b"\0\0\1\x67rest", True),
        (b"\0\0\0\1\x09\x10\0\0\0\1\x06se\0\0\1\x67\0\0\1\x65", True),
        (b"\0\0\0\1\x41rest", False),
        (b"\0\0\0\1\x65without parameter sets", False),
        (b"\0\0\0\1", False),
        (b"", False),
        (b"rubbish", False),
    ],
)
def test_contract_where_a_decoder_can_begin(packet: bytes, anew: bool) -> None:
    assert starts_anew(packet) == anew


@pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="no real-time threads on this system")
def test_no_encoder_takes_the_machine_for_itself() -> None:
    """SVT-AV1 would, as root."""
    encoder = Encoder("libsvtav1", Wanted(64, 128, 20, None, 1))
    threads = [int(thread) for thread in os.listdir("/proc/self/task")]
    assert {os.sched_getscheduler(thread) for thread in threads} == {os.SCHED_OTHER}
    encoder.close()


def test_contract_svt_av1_is_left_alone_after_each_packet() -> None:
    """Else it stands still for ever, once in some thousand pictures: far too seldom to be waited for here."""
    begin = time.monotonic()
    let_clear_up(NAME, begin)
    assert time.monotonic() - begin >= PAUSE
    assert pause_of(NAME, 0.0) == PAUSE
    assert pause_of(NAME, 1.0) == pause_of("libx264", 0.0) == 0


@pytest.mark.parametrize("name", sorted({name for names in ENCODERS.values() for name in names}))
def test_each_encoder_is_given_pixels_as_it_takes_them(name: str) -> None:
    """Intel's take none in three planes."""
    if name not in av.codecs_available:
        pytest.skip(f"{name} is not for this system")
    assert pixel_format(name) in [one.name for one in av.Codec(name, "w").video_formats or ()]


def test_quality_reaches_encoders_that_take_it_as_videotoolbox_does() -> None:
    """libwebp reads it where VideoToolbox does, on the same scale, and has an option of its own for it."""
    for quality in (10, 25, 40):
        convert = Convert(encoder="hevc_videotoolbox", quality=quality)
        own = webp({"quality": str(100 - 2 * quality)})
        assert webp(options_of("h264_videotoolbox", quality, None)) == own
        assert webp(file_options_of(convert, "half-sbs", swapped=False)) == own


def webp(options: dict[str, str]) -> bytes:
    encoder: Any = av.CodecContext.create("libwebp", "w")
    encoder.width, encoder.height, encoder.pix_fmt = 160, 90, "yuv420p"
    encoder.time_base, encoder.options = Fraction(1, 60), options
    frame = av.VideoFrame.from_ndarray(picture(0), format="rgb24").reformat(format="yuv420p")
    return b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)])


def test_contract_windows_encoders_are_given_pixels_in_two_planes() -> None:
    """FFmpeg's names three as well, which the GPU's behind it seldom take."""
    assert {pixel_format(name) for name in ("h264_mf", "hevc_mf")} == {"nv12"}


def test_av1_s_quality_is_told_in_each_encoder_s_own_measure() -> None:
    assert options_of("av1_nvenc", 20, None)["qp"] == options_of("av1_amf", 20, None)["qp_i"] == "100"
    assert options_of("av1_qsv", 20, None)["global_quality"] == "20", "51 is the worst"


@pytest.mark.skipif("h264_amf" not in av.codecs_available, reason="h264_amf is not for this system")
def test_amd_s_encoders_are_asked_for_their_packet_with_the_same_picture() -> None:
    """By FFmpeg, which looks for it with the next one unless it is told this."""
    wanted = Wanted(90, 160, 20, None, 1)
    assert Encoder("h264_amf", wanted)._context.flags & Flags.low_delay
    assert not Encoder("libx264", wanted)._context.flags & Flags.low_delay


def test_pixels_in_two_planes_are_the_same_picture_with_key_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    """x264 takes both, so it can be seen here."""
    seen = {}
    for form in ("yuv420p", "nv12"):
        monkeypatch.setattr(module, "pixel_format", lambda name, form=form: form)
        encoder, decoder = (
            Encoder("libx264", Wanted(90, 160, 20, None, 1)),
            av.CodecContext.create("h264", "r"),
        )
        packets = [b"".join(encoder.encode(picture(number), key=number == 2)) for number in range(4)]
        encoder.close()
        assert [starts_anew(packet) for packet in packets] == [True, False, True, False]
        seen[form] = [
            frame.to_ndarray(format="rgb24")
            for packet in packets
            for frame in decoder.decode(av.Packet(packet))
        ]
    assert all(map(np.array_equal, seen["yuv420p"], seen["nv12"]))
    assert len(seen["nv12"]) >= 3
