"""What a Mac plays, through ScreenCaptureKit and pyobjc: all of it, of any speaker.

It answers on threads of its own, so nothing here waits: what comes next is said in the call before it.
"""

import functools
import logging
import time
from collections import deque
from typing import Any

import CoreMedia
import dispatch
import numpy as np
import objc
import ScreenCaptureKit as Kit
from Foundation import NSObject

from workers.audio._ear import MOST, UNHEARD, Piece
from workers.audio._packets import CHANNELS, RATE
from workers.sound._soundcard import TRY_AGAIN

PLANAR = 32  # kAudioFormatFlagIsNonInterleaved
FLAGS = 2  # where the flags are in an AudioStreamBasicDescription


class MacEar:
    """As Ear, for what macOS calls back with."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._pieces = deque[Piece](maxlen=MOST)
        self._stream: Any = None
        self._asked, self._try_at, self._said = 0.0, 0.0, ""
        self._anew, self._closed = True, False

    def take(self) -> list[Piece]:
        now = self._asked = time.monotonic()
        if self._stream is None and now >= self._try_at:
            self._try_at = now + TRY_AGAIN
            Kit.SCShareableContent.getShareableContentExcludingDesktopWindows_onScreenWindowsOnly_completionHandler_(
                False, True, self._found
            )
        return [self._pieces.popleft() for _ in range(len(self._pieces))]

    def close(self) -> None:
        self._closed = True
        self._stop()

    def put(self, sound: Any) -> None:
        """float32[n, 2], just heard."""
        self._said = ""
        self._pieces.append(Piece(sound, time.perf_counter_ns(), self._anew))
        self._anew = False
        if self._closed or time.monotonic() - self._asked > UNHEARD:
            self._stop()

    def fail_on(self, error: Any) -> None:
        """A completion handler: macOS calls it without an error where all is well."""
        if error is None:
            return
        self._stream = None
        what = f"{why(error)}; until then there is silence"
        if what != self._said:
            self._said = what
            self._log.error("%s", what)

    def _found(self, content: Any, error: Any) -> None:
        self.fail_on(error)
        if error is not None or self._closed or self._stream is not None:
            return
        output = _output_class().alloc().init()
        output.ear = self
        display = content.displays()[0]  # sound is of none, but a filter wants one
        only = Kit.SCContentFilter.alloc().initWithDisplay_excludingWindows_(display, [])
        stream = Kit.SCStream.alloc().initWithFilter_configuration_delegate_(only, _configuration(), output)
        queue = dispatch.dispatch_queue_create(b"stereoring.sound", None)
        added, error = stream.addStreamOutput_type_sampleHandlerQueue_error_(
            output, Kit.SCStreamOutputTypeAudio, queue, None
        )
        if not added:
            self.fail_on(error)
            return
        self._stream, self._anew = stream, True
        self._log.info("what this Mac plays")
        stream.startCaptureWithCompletionHandler_(self.fail_on)

    def _stop(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.stopCaptureWithCompletionHandler_(
                lambda error: self._log.debug("stopped: %s", error or "well")
            )


def why(error: Any) -> str:
    """What macOS' NSError means, and what to do."""
    if error.code() == Kit.SCStreamErrorUserDeclined:
        return (
            "macOS does not let this program hear what is played; allow it in System Settings, "
            "Privacy & Security, Screen Recording, and start again"
        )
    return f"what this Mac plays cannot be heard ({error.localizedDescription()}); trying again every second"


def _configuration() -> Any:
    """The picture is not asked for, and as small and seldom as can be."""
    configuration = Kit.SCStreamConfiguration.alloc().init()
    configuration.setWidth_(2)
    configuration.setHeight_(2)
    configuration.setMinimumFrameInterval_(CoreMedia.CMTimeMake(1, 1))
    configuration.setCapturesAudio_(True)
    configuration.setSampleRate_(RATE)
    configuration.setChannelCount_(CHANNELS)
    return configuration


@functools.cache
def _output_class() -> Any:
    """Made once: the names of Objective-C's classes are those of the whole process."""
    protocols = [objc.protocolNamed("SCStreamOutput"), objc.protocolNamed("SCStreamDelegate")]

    class StereoringSound(NSObject, protocols=protocols):  # type: ignore[misc, call-arg]
        ear: MacEar

        def stream_didOutputSampleBuffer_ofType_(self, stream: Any, sample: Any, kind: int) -> None:
            if kind == Kit.SCStreamOutputTypeAudio:
                self.ear.put(_samples(sample))

        def stream_didStopWithError_(self, stream: Any, error: Any) -> None:
            self.ear.fail_on(error)

    return StereoringSound


def _samples(sample: Any) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """float32[n, 2]; macOS has the channels one after the other, or by turns."""
    block = CoreMedia.CMSampleBufferGetDataBuffer(sample)
    length = CoreMedia.CMBlockBufferGetDataLength(block)
    _, data = CoreMedia.CMBlockBufferCopyDataBytes(block, 0, length, None)
    described = CoreMedia.CMSampleBufferGetFormatDescription(sample)
    flags = CoreMedia.CMAudioFormatDescriptionGetStreamBasicDescription(described)[FLAGS]
    sound = np.frombuffer(data, np.float32)
    return sound.reshape(CHANNELS, -1).T if flags & PLANAR else sound.reshape(-1, CHANNELS)
