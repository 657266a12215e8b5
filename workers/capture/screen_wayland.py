"""A Wayland desktop, through its portal and PipeWire. Experimental: see the README's table."""

import asyncio
import importlib.util
import os
import sys
import threading
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from workers.capture._area import cropped
from workers.capture._frames import Grab
from workers.capture._permission import forget, remember, remembered
from workers.capture._pushed import Newest, Pixels, PushedSource

if TYPE_CHECKING:
    from workers.capture._portal import Portal

GUESS = (1080, 1920)  # rows and columns: what will be chosen is not known yet; more gets larger slots
LONGEST = 60.0  # seconds between attempts: each may open a dialog
FIRST_PICTURE = 5.0  # seconds; a desktop sends one at the beginning, also when nothing moves
PACKAGES = ("dbus_fast", "pipewire_capture")


class ScreenWayland(PushedSource):
    """The user chooses a monitor or a window in the desktop's own dialog, once: their answer is kept. All of
    that happens on a thread of its own, where the permission stays open while nobody looks."""

    shares = ("depth", "screen_mss")
    what = "what you chose"

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._asking = asyncio.Lock()
        self._portal: Portal | None = None
        self._refused = ""
        self._failures = 0  # in a row

    @classmethod
    def largest(cls, settings: SimpleNamespace) -> tuple[int, int]:
        why_not = unavailable()
        if why_not is not None:
            raise ValueError(f"capture.source: not screen_wayland, because {why_not}")
        return GUESS

    def start(self, newest: Newest) -> None:
        if self._refused:
            raise OSError(self._refused)  # and do not ask again
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            threading.Thread(target=self._loop.run_forever, name="portal", daemon=True).start()
        asyncio.run_coroutine_threadsafe(self._film(newest), self._loop)

    def part_of(self, pixels: Pixels) -> Pixels:
        return cropped(pixels, self.settings.screen_mss)

    async def _film(self, newest: Newest) -> None:
        """Until nobody wants pictures any more, or there are none."""
        from workers.capture._portal import Refused

        try:
            portal = await self._allowed()
            self._failures = 0
            await self._copy_all(portal, newest)
        except Refused:
            self._refused = "you did not allow the screen to be captured; start again to be asked again"
            newest.fail(self._refused)
        except OSError as error:
            self._fail(newest, str(error))
        except Exception as error:  # nobody waits for this thread's errors
            self.log.exception("the Wayland desktop cannot be captured")
            self._fail(newest, f"the Wayland desktop cannot be captured: {error!r}")

    def _fail(self, newest: Newest, why: str) -> None:
        self._failures += 1
        self.try_again = min(LONGEST, type(self).try_again * 2 ** min(self._failures, 9))
        newest.fail(f"{why}; trying again, ever less often")

    async def _allowed(self) -> "Portal":
        """The permission, asked for if there is none. Raises Refused and OSError."""
        from workers.capture._portal import Portal

        async with self._asking:  # one dialog at a time
            if self._portal is None:
                token = remembered()
                if not token and not self._failures:
                    self.log.info("choose a screen or a window in the dialog of your desktop")
                portal = Portal()
                try:
                    await portal.ask(self.settings.screen_mss.cursor, token)
                except BaseException:
                    await portal.close()
                    raise
                self._portal = portal
                self._keep(portal.token)
            return self._portal

    def _keep(self, token: str) -> None:
        try:
            remember(token)
        except OSError as error:
            self.log.warning("next time you will be asked again: the permission cannot be kept: %s", error)

    async def _copy_all(self, portal: "Portal", newest: Newest) -> None:
        """Raises OSError when the stream or the permission is lost; then both are begun anew."""
        from pipewire_capture import CaptureStream

        try:
            fd = await portal.remote()
            stream = CaptureStream(fd, portal.node, *reversed(GUESS), capture_interval=0.0)
            try:
                stream.start()
                await self._copy_changes(portal, stream, newest)
            finally:
                stream.stop()
                os.close(fd)
        except OSError:
            self._portal = None
            await portal.close()
            raise

    async def _copy_changes(self, portal: "Portal", stream: Any, newest: Newest) -> None:
        """The stream has no bell, and gives its last picture until there is another."""
        before: Pixels | None = None
        begin, due = time.perf_counter(), 0.0
        while newest.wanted():
            self._check(portal, stream)
            if before is None and time.perf_counter() - begin > FIRST_PICTURE:
                raise OSError(
                    "the desktop's PipeWire stream gives no picture that can be read here: only those in "
                    "memory can, up to 4096 x 4096 pixels"
                )
            pixels = stream.get_frame()
            if pixels is not None and (before is None or not np.array_equal(before, pixels)):
                newest.put(Grab(pixels, "BGRA", time.perf_counter_ns()))
                before = pixels
            due = max(due + 1 / self.settings.capture.fps, time.perf_counter())
            await asyncio.sleep(max(0.0, due - time.perf_counter()))

    def _check(self, portal: "Portal", stream: Any) -> None:
        """Raises OSError."""
        if portal.ended:
            forget()  # whoever has ended it is asked again
            raise OSError("the desktop has ended the capture")
        if not portal.connected:
            raise OSError("the session's D-Bus is lost")
        if stream.window_invalid:
            raise OSError(f"the desktop's PipeWire stream is lost ({stream.error or 'it was closed'})")


def unavailable() -> str | None:
    """Why it cannot be used here, if so."""
    if sys.platform != "linux":
        return "it is for Linux"
    if not os.environ.get("WAYLAND_DISPLAY"):
        return "this is no Wayland session (WAYLAND_DISPLAY is not set)"
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        return f"{' and '.join(missing)} is not installed (pipewire_capture is for x86-64 only)"
    return _portal_missing()


def _portal_missing() -> str | None:
    from workers.capture._portal import Portal

    async def ask() -> None:
        portal = Portal()
        try:
            await portal.version()
        finally:
            await portal.close()

    try:
        asyncio.run(ask())
    except OSError as error:
        return f"{error}; it takes xdg-desktop-portal with the part for your desktop, and PipeWire"
    return None
