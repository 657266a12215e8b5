"""A stand-in for pyobjc's CoreMedia."""


def CMTimeMake(value, timescale):
    return value / timescale


def CMSampleBufferGetImageBuffer(sbuf):
    return sbuf
