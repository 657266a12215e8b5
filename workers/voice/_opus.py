"""Opus, to compare with: FFmpeg's libopus through PyAV, as people who talk set it."""

from fractions import Fraction
from typing import Any, Literal

import av
import numpy as np
import numpy.typing as npt

OWN_RATE = 48000  # what an Opus decoder gives
DELAY = 312  # samples at that rate, which the encoder looks ahead
Pcm = npt.NDArray[np.int16]


def through_opus(pcm: Pcm, rate: int, kbps: float) -> Pcm:
    """As it is heard."""
    encoder = _context("w", rate)
    encoder.bit_rate = round(kbps * 1000)
    encoder.options = {"application": "voip", "vbr": "on", "frame_duration": "20"}
    encoder.open()
    frame = av.AudioFrame.from_ndarray(pcm[None], format="s16", layout="mono")
    frame.rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
    packets = [*encoder.encode(frame), *encoder.encode(None)]
    decoder, resampler = _context("r", OWN_RATE), av.AudioResampler("s16", "mono", rate)
    heard = []
    for packet in packets:
        for part in decoder.decode(packet):
            heard += resampler.resample(part)
    heard += resampler.resample(None)
    whole = np.concatenate([part.to_ndarray()[0] for part in heard]).astype(np.int16)
    return whole[round(DELAY * rate / OWN_RATE) :][: len(pcm)]


def _context(mode: Literal["r", "w"], rate: int) -> Any:
    context: Any = av.CodecContext.create("libopus", mode)
    context.sample_rate, context.layout = rate, "mono"
    if mode == "w":
        context.format, context.time_base = "s16", Fraction(1, rate)
    return context
