"""What is sent to POST /pose: pictures are read, and nothing else is done with what is none."""

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import psutil
import pytest

from workers.person._pose_desk import decoded

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
JPEG_XL = bytes.fromhex("ff0afa1f0191080601004c00")
SDP = (
    b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    b"m=video 50550 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
)


@pytest.mark.parametrize("ending", [".png", ".jpg", ".tif", ".webp", ".bmp"])
def test_contract_pictures_are_read(ending: str) -> None:
    picture = np.full((24, 32, 3), (10, 100, 200), np.uint8)
    found = decoded(cv2.imencode(ending, picture)[1].tobytes())
    assert np.abs(found.astype(int) - picture[..., ::-1]).max() < 8


@pytest.mark.parametrize("file", [SVG, JPEG_XL], ids=["SVG", "JPEG XL"])
def test_contract_what_ffmpeg_knows_and_cannot_decode_is_no_picture(file: bytes) -> None:
    assert decoded(file) is None


def test_contract_a_file_that_names_addresses_opens_no_socket() -> None:
    program = psutil.Process()
    before = program.net_connections("udp")
    with ThreadPoolExecutor(1) as one:
        found = one.submit(decoded, SDP)
        while not found.done():
            assert program.net_connections("udp") == before
    assert found.result() is None
