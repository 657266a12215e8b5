"""How both eyes' views lie in a picture, as each message of the stream says it: half a byte."""

from typing import Protocol

PLACES = {"half-sbs": 1, "full-sbs": 2, "half-tab": 3, "full-tab": 4}
"""In the other layouts both eyes look at the whole picture: 0."""
SWAPPED = 8


class Stereo(Protocol):
    """What of the settings it needs."""

    layout: str
    swap_eyes: bool


def eyes_of(stereo: Stereo) -> int:
    place = PLACES.get(stereo.layout, 0)
    return place | SWAPPED * (stereo.swap_eyes and place > 0)
