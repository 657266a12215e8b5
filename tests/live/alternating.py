"""Shows frames in a window in which the eyes take turns: `python -m tests.live.alternating`. Prints what each
refresh of the monitor showed, l or r: how far right what is near lies."""

import ctypes
from types import SimpleNamespace
from typing import Any

import numpy as np
from pyglet import gl

from workers.sinks._window.first_monitor import Corner
from workers.sinks._window.screen import Screen
from workers.stereo import Settings
from workers.stereo._layout import lay_out
from workers.stereo._parallax import parallax_for

ROWS, COLUMNS = 360, 640


def main() -> None:
    look = SimpleNamespace(fullscreen=False, vsync=False, figures=False, keep_aspect=True)
    screen: Any = Screen(look, Corner(0, 0), {})
    frame = np.zeros((ROWS, COLUMNS, 3), np.uint8)
    frame[:, COLUMNS // 2 :] = 255
    layout = lay_out("frame-sequential", ROWS, COLUMNS, False)
    seen: list[str] = []
    flip = screen.window.flip

    def noted() -> None:
        seen.append("l" if _white(screen.window) < 0.5 else "r")
        flip()

    screen.window.flip = noted
    for refreshes in (1, 0, 0, 2, 3, 0, 1):  # between two frames
        screen.show_warped(
            frame, np.ones((9, 16), np.float32), parallax_for(Settings(strength=8), COLUMNS), layout
        )
        for _ in range(refreshes):
            screen.handle_events()
    print("".join(seen))
    screen.close()


def _white(window: Any) -> float:
    """Which share of the row in the middle."""
    columns, rows = window.get_framebuffer_size()
    row = np.empty((columns, 3), np.uint8)
    gl.glPixelStorei(gl.GL_PACK_ALIGNMENT, 1)
    at = ctypes.c_void_p(row.ctypes.data)
    gl.glReadPixels(0, rows // 2, columns, 1, gl.GL_RGB, gl.GL_UNSIGNED_BYTE, at)
    return float((row > 128).mean())


if __name__ == "__main__":
    main()
