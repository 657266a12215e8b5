"""A stand-in for pyobjc's CoreMedia."""


def CMTimeMake(value, timescale):
    return value / timescale


def CMSampleBufferGetImageBuffer(sbuf):
    return sbuf


def CMSampleBufferGetDataBuffer(sbuf):
    return sbuf.sound


def CMSampleBufferGetFormatDescription(sbuf):
    return sbuf


def CMAudioFormatDescriptionGetStreamBasicDescription(desc):
    return (48000.0, 0x6C70636D, desc.flags, 4, 1, 4, 2, 32, 0)


def CMBlockBufferGetDataLength(theBuffer):
    return len(theBuffer)


def CMBlockBufferCopyDataBytes(theSourceBuffer, offsetToData, dataLength, destination):
    assert destination is None
    return 0, theSourceBuffer[offsetToData : offsetToData + dataLength]
