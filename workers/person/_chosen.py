"""The background that the settings name, and what stays when they name one that cannot be had."""

import logging
from typing import Any

from workers.person._behind import background_of
from workers.person._film import Film
from workers.person._scenery import CannotShow, Pixels, Scenery


class Chosen:
    """`chosen(frame, mask, settings)` is what is behind; the settings may change while it runs."""

    def __init__(self, background: Any, log: logging.Logger) -> None:
        """Raises CannotShow."""
        self._log, self._choice = log, _choice(background)
        self._behind = background_of(background)

    def __call__(self, frame: Pixels, mask: Pixels, background: Any) -> Scenery:
        if _choice(background) != self._choice:
            self._choice = _choice(background)
            try:
                behind = background_of(background)
                self.close()
                self._behind = behind
            except CannotShow as error:
                self._log.error("%s; the background stays as it is", error)
        return self._behind(frame, mask)

    def close(self) -> None:
        if isinstance(self._behind, Film):
            self._behind.close()


def _choice(background: Any) -> tuple[object, ...]:
    """What of the settings decides what is behind."""
    b = background
    return b.kind, b.image, b.video, b.colour, b.blur_percent
