"""Pictures that say they are larger than anybody has."""

import struct

import cv2
import numpy as np


def bitmap(width: int, height: int) -> bytes:
    """So it says; there are hardly any pixels in it."""
    head = struct.pack("<III", 54 + 4096, 0, 54)
    return b"BM" + head + struct.pack("<IiiHH6I", 40, width, height, 1, 24, *[0] * 6) + bytes(4096)


def jpeg(width: int, height: int) -> bytes:
    """So it says; it has 64 x 64 pixels of them."""
    made = bytearray(cv2.imencode(".jpg", np.zeros((64, 64, 3), np.uint8))[1].tobytes())
    struct.pack_into(">HH", made, made.index(b"\xff\xc0") + 5, height, width)
    return bytes(made)
