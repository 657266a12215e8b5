"""Draws the moving picture on the X screen at `left top` until it is ended: somebody else's program."""

import sys
import time

import pyglet

from tests.live.picture import HEIGHT, WIDTH, Painter

FPS = 12


def main(left: int, top: int) -> None:
    pyglet.options.shadow_window = False
    window = pyglet.window.Window(WIDTH, HEIGHT, "something moving", style="borderless", vsync=False)
    window.set_location(left, top)
    painter, number = Painter(), 0
    while not window.has_exit:
        picture = painter.paint(number)
        window.switch_to()
        window.dispatch_events()
        pyglet.image.ImageData(WIDTH, HEIGHT, "RGB", picture.tobytes(), pitch=-3 * WIDTH).blit(0, 0)
        window.flip()
        if number == 2:
            print("drawn", flush=True)
        number += 1
        time.sleep(1 / FPS)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
