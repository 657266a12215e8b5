"""A stand-in for pyobjc's ScreenCaptureKit: a display on which a bar moves. It answers on threads of its own.

STAND_IN_TROUBLE: `lost`, `declined` (the user does not allow it), `still`, `window` (one of ours is open),
`by_turns` (the channels of a sound).
"""

import os
import threading
import time
from types import SimpleNamespace

import numpy as np
from Foundation import NSObject
from trouble import trouble

SCStreamOutputTypeScreen, SCStreamOutputTypeAudio = 0, 1
NON_INTERLEAVED = 32
SCStreamErrorUserDeclined = -3801
PADDING = 64  # bytes at the end of each row
configurations: list[dict[str, object]] = []
hidden: list[list[int]] = []
"""The windows that each filter leaves out."""
stopped: list["SCStream"] = []


class NSError:
    def __init__(self, code, text):
        self._code, self._text = code, text

    def code(self):
        return self._code

    def localizedDescription(self):
        return self._text


def later(call, *arguments):
    threading.Thread(target=call, args=arguments, daemon=True).start()


def window(number, process):
    application = SimpleNamespace(processID=lambda: process)
    return SimpleNamespace(windowID=lambda: number, owningApplication=lambda: application)


class SCShareableContent(NSObject):
    @classmethod
    def getShareableContentExcludingDesktopWindows_onScreenWindowsOnly_completionHandler_(
        self, excludeDesktopWindows, onScreenWindowsOnly, completionHandler
    ):
        if "declined" in trouble():
            later(completionHandler, None, NSError(SCStreamErrorUserDeclined, "declined"))
        else:
            later(completionHandler, self.alloc().init(), None)

    def displays(self):
        frame = SimpleNamespace(origin=SimpleNamespace(x=0.0, y=0.0))
        return [SimpleNamespace(frame=lambda: frame, displayID=lambda: 1)]

    def windows(self):
        desktop = SimpleNamespace(windowID=lambda: 1, owningApplication=lambda: None)
        ours = [window(3, os.getppid())] if "window" in trouble() else []
        return [desktop, window(2, 1), *ours]


class SCContentFilter(NSObject):
    def initWithDisplay_excludingWindows_(self, display, excluded):
        hidden.append([window.windowID() for window in excluded])
        return self


class SCStreamConfiguration(NSObject):
    def init(self):
        self.set = {}
        return self

    def setWidth_(self, width):
        self.set["width"] = width

    def setHeight_(self, height):
        self.set["height"] = height

    def setPixelFormat_(self, pixelFormat):
        self.set["format"] = pixelFormat

    def setShowsCursor_(self, showsCursor):
        self.set["cursor"] = showsCursor

    def setMinimumFrameInterval_(self, minimumFrameInterval):
        self.set["interval"] = minimumFrameInterval

    def setQueueDepth_(self, queueDepth):
        self.set["queue"] = queueDepth

    def setCapturesAudio_(self, capturesAudio):
        self.set["audio"] = capturesAudio

    def setSampleRate_(self, sampleRate):
        self.set["rate"] = sampleRate

    def setChannelCount_(self, channelCount):
        self.set["channels"] = channelCount


class SCStream(NSObject):
    def initWithFilter_configuration_delegate_(self, contentFilter, streamConfig, delegate):
        configurations.append(streamConfig.set)
        self._size = streamConfig.set["height"], streamConfig.set["width"]
        self._delegate, self._stopped = delegate, False
        return self

    def addStreamOutput_type_sampleHandlerQueue_error_(self, output, type, sampleHandlerQueue, error):
        assert output.protocols == ["SCStreamOutput", "SCStreamDelegate"]
        self._output, self._type = output, type
        return True, None

    def startCaptureWithCompletionHandler_(self, completionHandler):
        if "lost" in trouble():
            later(completionHandler, NSError(-3815, "no capture source"))
            return
        later(completionHandler, None)
        later(self._run if self._type == SCStreamOutputTypeScreen else self._play)

    def stopCaptureWithCompletionHandler_(self, completionHandler):
        self._stopped = True
        stopped.append(self)
        later(completionHandler, None)

    def updateContentFilter_completionHandler_(self, contentFilter, completionHandler):
        later(completionHandler, None)

    def _run(self):
        first = True
        while not self._stopped:
            if "lost" in trouble():
                self._delegate.stream_didStopWithError_(self, NSError(-3821, "stopped by the system"))
                return
            changed = first or "still" not in trouble()
            first = False
            buffer = self._picture() if changed else None
            self._output.stream_didOutputSampleBuffer_ofType_(self, buffer, SCStreamOutputTypeScreen)
            if buffer is not None:
                assert buffer.locked == 0
                buffer.rows[:] = 0
            time.sleep(0.01)

    def _play(self):
        """A tone of 1000 Hz on the left, half as loud on the right, in real time."""
        done, begin = 0, time.perf_counter()
        while not self._stopped:
            if "lost" in trouble():
                self._delegate.stream_didStopWithError_(self, NSError(-3821, "stopped by the system"))
                return
            tone = np.sin(2 * np.pi * 1000 * np.arange(done, done + 960) / 48000).astype(np.float32)
            both = np.stack([tone, tone / 2])
            by_turns = "by_turns" in trouble()
            sound = (both.T if by_turns else both).tobytes()
            sample = SimpleNamespace(sound=sound, flags=9 | (0 if by_turns else NON_INTERLEAVED))
            self._output.stream_didOutputSampleBuffer_ofType_(self, sample, SCStreamOutputTypeAudio)
            done += 960
            time.sleep(max(0.0, begin + done / 48000 - time.perf_counter()))

    def _picture(self):
        """Rows with padding: green with a white bar."""
        height, width = self._size
        rows = np.zeros((height, width * 4 + PADDING), np.uint8)
        pixels = rows[:, : width * 4].reshape(height, width, 4)
        pixels[:] = (40, 180, 60, 255)
        at = time.perf_counter_ns() // 10_000_000 % (width - 20)
        pixels[:, at : at + 20] = 250
        rows[:, : width * 4] = pixels.reshape(height, -1)
        return SimpleNamespace(rows=rows, width=width, locked=0)
