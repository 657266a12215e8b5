"""What keeps a 3D picture easy on the eyes: where the screen lies in the scene, how deep it is, its borders.

All of it is said in the nearness map: what has the nearness `stereo.convergence` lies on the screen. So the
stereo worker and the window's shader, which know the parallax, need know nothing of this.
"""

import numpy as np
import numpy.typing as npt

from workers.steady import Settings
from workers.steady._easing import Easing

Map = npt.NDArray[np.float32]
MIDDLE = 0.2  # of the picture's size on each side is not where one looks
SUBJECT = 85.0  # percentile of the nearness in the middle: the near side of what one looks at
FULL_CONTRAST = 0.6  # a scene whose far is so much farther than its near gets all the strength
LEAST_STRENGTH = 0.2


class Comfort:
    """Eases from one opinion to the next; a cut ends the easing."""

    def __init__(self) -> None:
        self._subject = self._strength = 0.0
        self._easing = Easing()

    def reset(self) -> None:
        self._easing.reset()

    def follow(self, nearness: Map, contrast: float, settings: Settings, now: int) -> None:
        """A new map float32[h, w] 0…1 of a scene of this contrast (0…1); `now` in ns."""
        subject = float(np.percentile(_middle(nearness)[::2, ::2], SUBJECT))
        strength = max(LEAST_STRENGTH, min(1.0, contrast / FULL_CONTRAST))
        weight = self._easing.weight(now, settings.ease_seconds)
        self._subject += weight * (subject - self._subject)
        self._strength += weight * (strength - self._strength)

    def applied(self, nearness: Map, convergence: float, settings: Settings) -> Map:
        """A map float32[h, w] in which `convergence` is the screen: the subject lies there if
        `auto_convergence`, depth is scaled about it if `auto_strength`, and nothing that is cut by the left
        or right border hangs before it."""
        screen = self._subject if settings.auto_convergence else convergence
        strength = np.float32(self._strength if settings.auto_strength else 1.0)
        comfortable = (nearness - np.float32(screen)) * strength + np.float32(convergence)
        if settings.border_percent > 0:
            _push_back_at_borders(comfortable, convergence, settings.border_percent)
        return np.asarray(comfortable, np.float32)


def _middle(nearness: Map) -> Map:
    rows, columns = nearness.shape
    y, x = int(rows * MIDDLE), int(columns * MIDDLE)
    return nearness[y : rows - y, x : columns - x]


def _push_back_at_borders(nearness: Map, convergence: float, percent: float) -> None:
    """In place. What is before the screen and cut off by its left or right border would be seen by one eye
    only, as if the frame hung before it: towards the border it goes back to the screen. (Floating windows do
    the same by moving the border; Mendiburu, 3D Movie Making, 2009.)"""
    width = max(1, round(nearness.shape[1] * percent / 100))
    ramp = (np.arange(width, dtype=np.float32) + 0.5) / width
    ramp = ramp * ramp * (3 - 2 * ramp)
    for side, share in ((nearness[:, :width], ramp), (nearness[:, -width:], ramp[::-1])):
        front = np.maximum(side - np.float32(convergence), 0)
        side -= front * (1 - share)
