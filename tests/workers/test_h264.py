"""Pictures become packets of video, one each, that a decoder can begin at when it is asked for."""

from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest
from av.video.reformatter import Colorspace

from shm.errors import FrameTooLarge
from tests.workers.one_process import host, open_slot
from workers.encode import Settings
from workers.encode.h264 import H264
from workers.sinks._h264 import starts_anew
from workers.worker import CannotWork

ROOM = 1_000_000


def picture(number: int, rows: int = 90, columns: int = 160) -> npt.NDArray[np.uint8]:
    """Soft colours that move, uint8[rows, columns, 3]."""
    down, along = np.mgrid[0:rows, 0:columns]
    waves = [np.sin(along / 20 + number / 5), np.cos(down / 15), np.sin((along + down) / 30 - number / 7)]
    return np.uint8(np.stack(waves, axis=2) * 100 + 128)


class Encoding:
    """A worker that encodes, and a decoder behind it."""

    def __init__(self, **encode: Any) -> None:
        self.settings = SimpleNamespace(encode=Settings(encoder="libx264", **encode))
        self.worker: Any = H264(self.settings, host())
        self.worker.open()
        self.decoder: Any = av.CodecContext.create("h264", "r")

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
def test_contract_a_new_size_is_a_new_beginning_and_an_odd_row_is_left_out(shape: tuple[int, int]) -> None:
    encoding = Encoding()
    encoding.packet(picture(0))
    packet = encoding.packet(picture(1, *shape))
    assert starts_anew(packet)
    assert encoding.shown(packet).shape == (shape[0] & ~1, shape[1] & ~1, 3)


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
    worker: Any = H264(SimpleNamespace(encode=Settings(encoder="h264_mf")), host())
    worker.open()
    pixels = picture(0)
    lease: Any = SimpleNamespace(frame=pixels, info=SimpleNamespace(shape=pixels.shape))
    with pytest.raises(CannotWork, match=r"encode\.encoder.*160 x 90.*h264_mf: is not for this system"):
        worker.process(lease, open_slot(ROOM))


def test_the_first_encoder_that_works_is_taken_and_said(caplog: pytest.LogCaptureFixture) -> None:
    worker: Any = H264(SimpleNamespace(encode=Settings()), host())
    worker.open()
    pixels = picture(0)
    lease: Any = SimpleNamespace(frame=pixels, info=SimpleNamespace(shape=pixels.shape))
    with caplog.at_level("INFO"):
        assert worker.process(lease, open_slot(ROOM))
    assert "H.264 by " in caplog.text


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
