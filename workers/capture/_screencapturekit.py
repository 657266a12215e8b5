"""ScreenCaptureKit, as far as a display's picture is concerned, through pyobjc.

It answers on threads of its own, so nothing here waits: what comes next is said in the call before it.
"""

import functools
import logging
from collections.abc import Callable, Collection
from typing import Any, NamedTuple

import CoreMedia
import dispatch
import numpy as np
import objc
import Quartz
import ScreenCaptureKit as Kit
from Foundation import NSObject

from workers.capture._pushed import Newest, Pixels

BYTES = 4  # of a pixel: blue, green, red, nothing
QUEUE_DEPTH = 3  # pictures that macOS may prepare; the least that it takes
log = logging.getLogger(__name__)


class Wish(NamedTuple):
    """Which display, by its place on the desktop (points), and how."""

    left: int
    top: int
    fps: int
    cursor: bool


class Stream:
    """Puts a display's pictures into `newest`, without the windows of the processes `ours()`."""

    def __init__(self, wish: Wish, ours: Callable[[], Collection[int]], newest: Newest) -> None:
        self._wish, self._ours, self._newest = wish, ours, newest
        self._stream: Any = None
        self._hidden: set[int] = set()
        self._look(self._begin)

    def refresh(self) -> None:
        """Hides our windows that have opened since."""
        if self._stream is not None:
            self._look(self._hide_new)

    def stop(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.stopCaptureWithCompletionHandler_(lambda error: log.debug("stopped: %s", error or "well"))

    def _look(self, then: Callable[[Any], None]) -> None:
        """What there is to capture goes to `then`."""

        def found(content: Any, error: Any) -> None:
            self._fail_on(error)
            if error is None and not self._newest.closed:
                then(content)

        Kit.SCShareableContent.getShareableContentExcludingDesktopWindows_onScreenWindowsOnly_completionHandler_(
            False, True, found
        )

    def _begin(self, content: Any) -> None:
        display = self._display(content)
        if display is None:
            return
        output = _output_class().alloc().init()
        output.newest, output.stop = self._newest, self.stop
        stream = Kit.SCStream.alloc().initWithFilter_configuration_delegate_(
            self._filter(display, content), _configuration(display.displayID(), self._wish), output
        )
        queue = dispatch.dispatch_queue_create(b"stereoring", None)
        added, error = stream.addStreamOutput_type_sampleHandlerQueue_error_(
            output, Kit.SCStreamOutputTypeScreen, queue, None
        )
        if not added:
            self._fail_on(error)
            return
        stream.startCaptureWithCompletionHandler_(self._fail_on)
        self._stream = stream
        if self._newest.closed:  # meanwhile, by the worker's own thread
            self.stop()

    def _hide_new(self, content: Any) -> None:
        display, stream = self._display(content), self._stream
        if stream is not None and display is not None and self._own(content).keys() != self._hidden:
            stream.updateContentFilter_completionHandler_(self._filter(display, content), self._fail_on)

    def _display(self, content: Any) -> Any:
        for display in content.displays():
            origin = display.frame().origin
            if (int(origin.x), int(origin.y)) == (self._wish.left, self._wish.top):
                return display
        self._newest.fail(f"macOS has no display at {self._wish.left}, {self._wish.top}; looking for it")
        return None

    def _own(self, content: Any) -> dict[int, Any]:
        ours = self._ours()
        return {
            window.windowID(): window
            for window in content.windows()
            if window.owningApplication() is not None and window.owningApplication().processID() in ours
        }

    def _filter(self, display: Any, content: Any) -> Any:
        own = self._own(content)
        self._hidden = set(own)
        return Kit.SCContentFilter.alloc().initWithDisplay_excludingWindows_(display, list(own.values()))

    def _fail_on(self, error: Any) -> None:
        """A completion handler: macOS calls it without an error where all is well."""
        if error is not None:
            self._newest.fail(why(error))


def why(error: Any) -> str:
    """What macOS' NSError means, and what to do."""
    if error.code() == Kit.SCStreamErrorUserDeclined:
        return (
            "macOS does not let this program see the screen; allow it in System Settings, "
            "Privacy & Security, Screen Recording, and start again"
        )
    return f"the screen is lost ({error.localizedDescription()}); trying again every second"


def _configuration(display: int, wish: Wish) -> Any:
    """In the display's own pixels: a Retina display has four for each of macOS' points."""
    mode = Quartz.CGDisplayCopyDisplayMode(display)
    configuration = Kit.SCStreamConfiguration.alloc().init()
    configuration.setWidth_(Quartz.CGDisplayModeGetPixelWidth(mode))
    configuration.setHeight_(Quartz.CGDisplayModeGetPixelHeight(mode))
    configuration.setPixelFormat_(Quartz.kCVPixelFormatType_32BGRA)
    configuration.setShowsCursor_(wish.cursor)
    configuration.setMinimumFrameInterval_(CoreMedia.CMTimeMake(1, wish.fps))
    configuration.setQueueDepth_(QUEUE_DEPTH)
    return configuration


@functools.cache
def _output_class() -> Any:
    """Made once: the names of Objective-C's classes are those of the whole process."""
    protocols = [objc.protocolNamed("SCStreamOutput"), objc.protocolNamed("SCStreamDelegate")]

    class StereoringOutput(NSObject, protocols=protocols):  # type: ignore[misc, call-arg]
        newest: Newest
        stop: Callable[[], None]

        def stream_didOutputSampleBuffer_ofType_(self, stream: Any, sample: Any, kind: int) -> None:
            buffer = CoreMedia.CMSampleBufferGetImageBuffer(sample)
            if not self.newest.wanted():
                self.stop()
            elif buffer is not None:  # else nothing has changed
                _copy(buffer, self.newest)

        def stream_didStopWithError_(self, stream: Any, error: Any) -> None:
            self.newest.fail(why(error))

    return StereoringOutput


def _copy(buffer: Any, newest: Newest) -> None:
    """macOS wants its memory back."""
    Quartz.CVPixelBufferLockBaseAddress(buffer, Quartz.kCVPixelBufferLock_ReadOnly)
    try:
        newest.put_copy(_pixels(buffer), "BGRA")
    finally:
        Quartz.CVPixelBufferUnlockBaseAddress(buffer, Quartz.kCVPixelBufferLock_ReadOnly)


def _pixels(buffer: Any) -> Pixels:
    """uint8[H, W, 4] where macOS has put it; its rows are longer than the picture is wide."""
    width, height = Quartz.CVPixelBufferGetWidth(buffer), Quartz.CVPixelBufferGetHeight(buffer)
    pitch = Quartz.CVPixelBufferGetBytesPerRow(buffer)
    memory = Quartz.CVPixelBufferGetBaseAddress(buffer).as_buffer(pitch * height)
    rows = np.frombuffer(memory, np.uint8).reshape(height, pitch)
    return rows[:, : width * BYTES].reshape(height, width, BYTES)
