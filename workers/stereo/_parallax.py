"""From nearness to parallax: one formula for the CPU, the GPU and the shader.

Per eye, in pixels: width · 0.0025 · strength · (ipd / 0.064) · (nearness − convergence), clipped to the
comfort budget. It is added for the left eye and subtracted for the right, so what is nearer than the
convergence appears in front of the screen. Eyes that are swapped, for cross-eyed viewing, have it the other
way round.
"""

from typing import NamedTuple

from workers.stereo import Settings


class Parallax(NamedTuple):
    """Pixels per eye = clip(scale · (nearness − convergence), ±budget)."""

    scale: float
    convergence: float
    budget: float


def parallax_for(settings: Settings, width: int) -> Parallax:
    """For a view of this many pixels across; none at all where both eyes are to see the same."""
    if settings.view == "2d":
        return Parallax(0.0, settings.convergence, 0.0)
    scale = width * 0.0025 * settings.strength * (settings.ipd / 0.064)
    if settings.swap_eyes:
        scale = -scale
    return Parallax(scale, settings.convergence, width * settings.comfort_percent / 100)
