"""A window of an X server that paints something new so many times a second; for bench_window.py.

python -m scripts.live_paths.painted_window FPS [covered]
"""

import sys
import time

from Xlib import X, display  # type: ignore[import-untyped]

WIDTH, HEIGHT, TITLE = 1280, 720, "painted for the benchmark"
BARS = 20
PLAIN, BRIGHT, COVER = 0x203040, 0xF0D020, 0xC00000


def main(fps: float, covered: bool) -> None:
    """Until the X server or whoever started us ends it. Says "there" once it is."""
    screen = display.Display()
    root = screen.screen().root
    window = root.create_window(0, 0, WIDTH, HEIGHT, 0, X.CopyFromParent, background_pixel=PLAIN)
    window.set_wm_name(TITLE)
    window.map()
    if covered:
        larger = WIDTH + 200, HEIGHT + 200
        root.create_window(0, 0, *larger, 0, X.CopyFromParent, background_pixel=COVER).map()
    screen.sync()
    print("there", flush=True)
    plain, bright = window.create_gc(foreground=PLAIN), window.create_gc(foreground=BRIGHT)
    begin, number = time.monotonic(), 0
    while True:
        paint(window, plain, bright, number)
        screen.sync()
        number += 1
        time.sleep(max(0.0, begin + number / fps - time.monotonic()))


def paint(window: object, plain: object, bright: object, number: int) -> None:
    """The number in bars, and a square that goes to and fro, so that no two are alike."""
    wide = WIDTH // BARS
    for bit in range(BARS):
        gc = bright if number >> bit & 1 else plain
        window.fill_rectangle(gc, bit * wide, 0, wide, 40)  # type: ignore[attr-defined]
    window.fill_rectangle(plain, 0, 300, WIDTH, 200)  # type: ignore[attr-defined]
    window.fill_rectangle(bright, 7 * number % (WIDTH - 200), 300, 200, 200)  # type: ignore[attr-defined]


if __name__ == "__main__":
    main(float(sys.argv[1]), "covered" in sys.argv[2:])
