"""A picture out of the bytes of a file."""

import struct
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Picture = np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]
ALPHA = 0x10  # the same bit in both kinds of WebP that may have it
ORIENTATION = 0x112  # in EXIF


def decoded(data: bytes) -> Picture | None:
    """uint8[H, W, 3], BGR, the way up that the camera says; what can be seen through is before black. None:
    OpenCV does not read it, or it is larger than OpenCV takes."""
    if not data:
        return None
    try:
        seen: Any = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        if seen is not None and _has_alpha(data):
            seen = _before_black(seen, data)
    except cv2.error:
        return None
    return None if seen is None else np.asarray(seen, np.uint8)


def _has_alpha(data: bytes) -> bool:
    """Of PNG and WebP: libtiff puts it before black itself, and what a bitmap has there means nothing."""
    if data.startswith(b"\x89PNG"):
        return data[25] in (4, 6) or b"tRNS" in data[: data.find(b"IDAT")]
    lossless, extended = data[12:16] == b"VP8L", data[12:16] == b"VP8X"
    return data.startswith(b"RIFF") and ((lossless and data[24]) or (extended and data[20])) & ALPHA != 0


def _before_black(seen: Any, data: bytes) -> Any:
    """What nobody is to see has any colour in the file."""
    packed = np.frombuffer(data, np.uint8)
    whole: Any = None
    whole, kinds, about = cv2.imdecodeWithMetadata(packed, cv2.IMREAD_UNCHANGED)
    if whole.ndim != 3 or whole.shape[2] != 4:
        return seen
    alpha = whole[..., 3] >> 8 if whole.dtype == np.uint16 else whole[..., 3]
    found = dict(zip(kinds, about, strict=True)).get(cv2.IMAGE_METADATA_EXIF)
    alpha = _turned(alpha, _orientation(found.tobytes()) if found is not None else 1)
    return cv2.multiply(seen, cv2.merge([alpha.astype(np.uint8)] * 3), scale=1 / 255)


def _turned(pixels: npt.NDArray[np.uint8], orientation: int) -> npt.NDArray[np.uint8]:
    """As OpenCV itself turns colours, but not what it leaves unchanged."""
    if orientation > 4:
        pixels = pixels.T
    down, across = -1 if orientation in (3, 4, 7, 8) else 1, -1 if orientation in (2, 3, 6, 7) else 1
    return pixels[::down, ::across]


def _orientation(exif: bytes) -> int:
    """1 to 8; 1 where it does not say."""
    order = "<" if exif.startswith(b"II") else ">"
    try:
        (first,) = struct.unpack_from(f"{order}I", exif, 4)
        (entries,) = struct.unpack_from(f"{order}H", exif, first)
        for number in range(entries):
            tag, _, _, value = struct.unpack_from(f"{order}HHIH", exif, first + 2 + 12 * number)
            if tag == ORIENTATION:
                return value if 1 <= value <= 8 else 1
    except struct.error:
        pass  # it breaks off, and says nothing
    return 1
