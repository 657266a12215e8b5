"""A window with a title that is the active one, as a window manager would say: `python -m tests.live.titled
TITLE …`; every line on its standard input makes the next title active."""

import sys

from Xlib import X, Xatom, display  # type: ignore[import-untyped]


def main() -> None:
    screen = display.Display()
    root = screen.screen().root
    name, text = screen.get_atom("_NET_WM_NAME"), screen.get_atom("UTF8_STRING")
    for title in sys.argv[1:]:
        window = root.create_window(0, 0, 64, 64, 0, X.CopyFromParent)
        window.change_property(name, text, 8, title.encode())
        window.map()
        root.change_property(screen.get_atom("_NET_ACTIVE_WINDOW"), Xatom.WINDOW, 32, [window.id])
        screen.sync()
        print(title, flush=True)
        sys.stdin.readline()


if __name__ == "__main__":
    main()
