"""How wide a network draws a step in depth: from 20 to 80 % of its height, in pixels of its own map.

Only steps with an even surface on both sides count, found in the exact depth; each is looked at along the row
or column that crosses it. Where a network sees no step there is no width, so how many it sees is told too.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

REACH = 12  # px to both sides
PLATEAU = 4  # px at either end of the reach: the levels that the step leads from and to
STEEP, EVEN = (
    0.12,
    0.15,
)  # least height as a share of the map's range; most change on a side, as one of the step
SEEN = 0.05  # a network sees a step that is so high, as a share of its own range
LOW, HIGH = 0.2, 0.8
MOST = 300  # steps of a picture, each way

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Step:
    """Between (row, column) and the next column, of the transposed map where `turned`; `up` when that one
    is nearer."""

    row: int
    column: int
    turned: bool
    up: bool


def steps_in(inverse: Floats) -> list[Step]:
    """Steps in an exact map of inverse depth float32[h, w]."""
    found = []
    for turned in (False, True):
        exact = inverse.T if turned else inverse
        low, high = np.quantile(exact, (0.01, 0.99))
        rows, columns = np.nonzero(np.abs(np.diff(exact, axis=1)) > STEEP * max(high - low, 1e-9))
        inside = (columns >= REACH) & (columns < exact.shape[1] - REACH - 1)
        places = [(r, c) for r, c in zip(rows[inside], columns[inside], strict=True) if is_even(exact[r], c)]
        for pick in np.random.default_rng(3).permutation(len(places))[:MOST]:
            r, c = places[pick]
            found.append(Step(int(r), int(c), turned, bool(exact[r, c + 1] > exact[r, c])))
    return found


def is_even(line: Floats, column: int) -> bool:
    left, right = line[column - REACH + 1 : column + 1], line[column + 1 : column + 1 + REACH]
    height = abs(float(line[column + 1] - line[column]))
    return max(np.ptp(left), np.ptp(right)) < EVEN * height


def widths(found: Floats, steps: Sequence[Step]) -> list[float | None]:
    """Width of each step in a network's map float32[h, w] in px, None where it sees none."""
    low, high = np.quantile(found, (0.01, 0.99))
    least = SEEN * max(float(high - low), 1e-9)
    return [width_of(profile(found, step), least) for step in steps]


def profile(found: Floats, step: Step) -> Floats:
    """The map across a step, from far to near, float32[2 * REACH]."""
    line = (found.T if step.turned else found)[step.row]
    across = line[step.column - REACH + 1 : step.column + 1 + REACH]
    return across if step.up else across[::-1]


def width_of(across: Floats, least: float) -> float | None:
    far, near = float(across[:PLATEAU].mean()), float(across[-PLATEAU:].mean())
    if near - far < least:
        return None
    share = (across - far) / (near - far)
    above = np.flatnonzero((share[1:] >= 0.5) & (share[:-1] < 0.5))
    middle = int(above[np.argmin(np.abs(above + 1 - REACH))])  # the crossing that is nearest to the true step
    begin = middle
    while begin > 0 and share[begin] > LOW:
        begin -= 1
    end = middle + 1
    while end < len(share) - 1 and share[end] < HIGH:
        end += 1
    return crossing(share, end - 1, HIGH) - crossing(share, begin, LOW)


def crossing(share: Floats, before: int, level: float) -> float:
    """Where a line between two neighbours has this level."""
    a, b = float(share[before]), float(share[before + 1])
    return before + (float(np.clip((level - a) / (b - a), 0, 1)) if b != a else 0.0)
