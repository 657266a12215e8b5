"""What a worker of sound beside pictures publishes, and when claps are in it."""

import time
from typing import Any

import av
import numpy as np

from shm.layout import RingSpec
from shm.lease import OpenSlot
from workers.audio._packets import AAC, LARGEST, OPUS, RATE, AudioCodec, unpacked
from workers.audio.live import Live


def packets(worker: Live, seconds: float) -> list[tuple[int, AudioCodec, bytes]]:
    """Those that it publishes in so many seconds, with their times."""
    found, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end:
        slot = OpenSlot(RingSpec("audio", 2, LARGEST, ()), 0, memoryview(bytearray(LARGEST)))
        at = worker.process(slot)
        if at is None:
            time.sleep(max(0.0, min(0.02, worker.due() - time.perf_counter())))
            continue
        found.append((at, *unpacked(slot.view(slot.shape))))
    return found


def claps(found: list[tuple[int, AudioCodec, bytes]], codec: AudioCodec) -> list[float]:
    """When each is heard by who decodes it, in seconds of our clock."""
    mine = [(at, data) for at, which, data in found if which is codec]
    decoder: Any = av.CodecContext.create("opus" if codec is OPUS else "aac", "r")
    if codec is AAC:
        decoder.extradata = bytes([0x11, 0x90])  # AAC-LC, 48 kHz, stereo
    decoder.sample_rate, decoder.layout = RATE, "stereo"
    heard = [
        np.abs(frame.to_ndarray()).max(axis=0)[: codec.frame]
        for _, data in mine
        for frame in decoder.decode(av.Packet(data))
    ]
    loud = np.concatenate(heard) > 0.1
    ends = np.flatnonzero(np.diff(loud.astype(int)) == 1)
    starts = [at for number, at in enumerate(ends) if number == 0 or at - ends[number - 1] > RATE / 4]
    return [mine[at // codec.frame][0] / 1e9 + at % codec.frame / RATE for at in starts]
