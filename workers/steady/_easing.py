"""How much a new opinion counts against what was held so far: an exponential average over time."""

import math


class Easing:
    """Of values that come at any times; `reset` has the next one count alone."""

    def __init__(self) -> None:
        self._moved_at: int | None = None

    def reset(self) -> None:
        self._moved_at = None

    def weight(self, now: int, seconds: float) -> float:
        """0…1, the share of the value that comes now (ns), if opinions are to last for `seconds`."""
        before, self._moved_at = self._moved_at, now
        return 1.0 if before is None else share_of_new((now - before) / 1e9, seconds)


def share_of_new(passed: float, lasting: float) -> float:
    """0…1, after so many seconds, of an opinion that lasts for `lasting` seconds."""
    return 1 - math.exp(-passed / lasting) if lasting > 0 else 1.0
