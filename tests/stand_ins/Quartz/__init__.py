"""A stand-in for pyobjc's Quartz: pixel buffers (arrays uint8[rows, bytes of a row] with the picture's width)
that must be locked while they are read, and a display with two pixels for each point."""

kCVPixelFormatType_32BGRA = 1111970369
kCVPixelBufferLock_ReadOnly = 1


class Memory:
    """pyobjc's objc.varlist."""

    def __init__(self, buffer):
        self._buffer = buffer

    def as_buffer(self, count):
        return memoryview(self._buffer.rows).cast("B")[:count]


def CGDisplayCopyDisplayMode(display):
    return display


def CGDisplayModeGetPixelWidth(mode):
    return 1280


def CGDisplayModeGetPixelHeight(mode):
    return 720


def CVPixelBufferLockBaseAddress(pixelBuffer, lockFlags):
    pixelBuffer.locked += 1


def CVPixelBufferUnlockBaseAddress(pixelBuffer, unlockFlags):
    pixelBuffer.locked -= 1


def CVPixelBufferGetWidth(pixelBuffer):
    return pixelBuffer.width


def CVPixelBufferGetHeight(pixelBuffer):
    return pixelBuffer.rows.shape[0]


def CVPixelBufferGetBytesPerRow(pixelBuffer):
    return pixelBuffer.rows.shape[1]


def CVPixelBufferGetBaseAddress(pixelBuffer):
    assert pixelBuffer.locked
    return Memory(pixelBuffer)
