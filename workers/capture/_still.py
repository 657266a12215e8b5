"""A picture out of the bytes of a file."""

import struct
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Picture = np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]
Opacity = npt.NDArray[np.uint8]
ALPHA = 0x10  # the same bit in both kinds of WebP that may have it
ORIENTATION = 0x112  # in EXIF


def decoded(data: bytes) -> Picture | None:
    """uint8[H, W, 3], BGR, the way up that the camera says; what can be seen through is before black. None:
    OpenCV does not read it, or it is larger than OpenCV takes."""
    found = decoded_with_opacity(data)
    if found is None:
        return None
    colours, opaque = found
    if opaque is None:
        return colours
    return np.asarray(cv2.multiply(colours, cv2.merge([opaque] * 3), scale=1 / 255), np.uint8)


def decoded_with_opacity(data: bytes) -> tuple[Picture, Opacity | None] | None:
    """The same, but what can be seen through has its own colour, which may be any; and how opaque each pixel
    is, uint8[H, W]. None: all of it is."""
    if not data:
        return None
    try:
        seen: Any = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        if seen is None:
            return None
        return np.asarray(seen, np.uint8), _opacity(data) if _has_alpha(data) else None
    except cv2.error:
        return None


def _has_alpha(data: bytes) -> bool:
    """Of PNG and WebP: libtiff puts it before black itself, and what a bitmap has there means nothing."""
    if data.startswith(b"\x89PNG"):
        return data[25] in (4, 6) or b"tRNS" in data[: data.find(b"IDAT")]
    lossless, extended = data[12:16] == b"VP8L", data[12:16] == b"VP8X"
    return data.startswith(b"RIFF") and ((lossless and data[24]) or (extended and data[20])) & ALPHA != 0


def _opacity(data: bytes) -> Opacity | None:
    whole: Any = None
    whole, kinds, about = cv2.imdecodeWithMetadata(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if whole.ndim != 3 or whole.shape[2] != 4:
        return None
    alpha = (whole[..., 3] >> 8 if whole.dtype == np.uint16 else whole[..., 3]).astype(np.uint8)
    found = dict(zip(kinds, about, strict=True)).get(cv2.IMAGE_METADATA_EXIF)
    alpha = _turned(alpha, _orientation(found.tobytes()) if found is not None else 1)
    return None if alpha.min() == 255 else np.ascontiguousarray(alpha)


def _turned(pixels: Opacity, orientation: int) -> Opacity:
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
