"""The house as a worker sees it: what it may ask of the launcher, for those who show or change how things
stand, like the control panel. Every call may wait for the launcher, so none is made on an event loop.
"""

from typing import Any, Protocol

Answer = dict[str, Any]


class Refused(Exception):
    """The launcher would not, or could not; the message says why. Nothing has changed."""


class House(Protocol):
    """All answers are data that JSON can carry. Every method raises Refused."""

    def figures(self) -> Answer:
        """As `launcher.py top --json` prints them: launcher, workers, rings, machine."""
