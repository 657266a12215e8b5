"""How large a picture may be that somebody sends: a few hundred bytes can say that they are gigabytes."""

import os

MOST_PIXELS = 120_000_000
LONGEST_SIDE = 65500  # pixels; the answer may be a JPEG, which has no more
WHAT = (
    f"the picture is too large: at most {MOST_PIXELS // 10**6} megapixels, and {LONGEST_SIDE} pixels a side"
)


def refuse_larger() -> None:
    """From now on, in this process: OpenCV itself, which alone knows what a file will be to it, looks at the
    size before it makes room. It reads this once, so it may not be there yet."""
    os.environ["OPENCV_IO_MAX_IMAGE_PIXELS"] = str(MOST_PIXELS)
