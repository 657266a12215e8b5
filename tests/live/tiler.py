"""A small tiling window manager on a real X server: `python -m tests.live.tiler LEFT TOP WIDTH HEIGHT`.

Each window gets that place and no other; a line for each request to change it goes to the standard output.
"""

import sys
from typing import Any

from Xlib import X, display  # type: ignore[import-untyped]
from Xlib.protocol import event  # type: ignore[import-untyped]


def main() -> None:
    left, top, width, height = map(int, sys.argv[1:])
    place = {"x": left, "y": top, "width": width, "height": height}
    screen = display.Display()
    root = screen.screen().root
    root.change_attributes(event_mask=X.SubstructureRedirectMask)
    screen.sync()
    print("here", flush=True)
    while True:
        asked: Any = screen.next_event()
        if asked.type == X.MapRequest:
            asked.window.configure(**place)
            asked.window.map()
        elif asked.type == X.ConfigureRequest:
            print(f"{asked.width} x {asked.height}", flush=True)
            asked.window.configure(**place)
            _tell(asked.window, place)
        screen.sync()


def _tell(window: Any, place: dict[str, int]) -> None:
    """Where it is, though nothing has changed, as ICCCM 4.1.5 wants it."""
    told = event.ConfigureNotify(
        event=window, window=window, above_sibling=X.NONE, border_width=0, override=False, **place
    )
    window.send_event(told, event_mask=X.StructureNotifyMask)


if __name__ == "__main__":
    main()
