"""How often a monitor shows a new picture; to ask the screen more often finds nothing new."""

import math

import pyglet


def refresh_rate(left: int, top: int) -> float:
    """Hz of the monitor whose upper left corner lies there on the desktop; infinite where nobody knows."""
    screens = pyglet.display.get_display().get_screens()
    rates = [screen.get_mode().rate for screen in screens if (screen.x, screen.y) == (left, top)]
    return float(rates[0]) if rates and rates[0] else math.inf
