"""People before another background, put together in the window's shader."""

from typing import Any

from shm.lease import Lease
from workers.person._chosen import Chosen
from workers.person._composite import feathered, tables
from workers.person._eyes import layout_for, shifts
from workers.person._scenery import CannotShow
from workers.sinks._window.screen import Screen
from workers.worker import CannotWork


class People:
    """As person.background does it on the processor, and with the same settings."""

    def __init__(self, background: Any, log: Any) -> None:
        try:
            self._chosen = Chosen(background, log)
        except CannotShow as error:
            raise CannotWork(str(error)) from error

    def show(self, screen: Screen, mask: Lease, frame: Lease, background: Any, stereo: Any) -> None:
        soft = feathered(mask.frame, background.feather_percent)
        scenery = self._chosen(frame.frame, soft, background)
        edge = tables(background.cover_from, background.cover_to, background.light_wrap)
        dodge = background.light == "linear-dodge"
        layout = layout_for(background, stereo, *frame.info.shape[:2])
        seen = (0.0,) if layout is None else shifts(background, stereo)
        screen.show_before(frame.frame, soft, scenery, edge, dodge, seen, layout)
