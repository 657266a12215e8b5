"""Sound at another rate."""

from fractions import Fraction

import av
import numpy as np
import numpy.typing as npt

Pcm = npt.NDArray[np.int16]


def resampled(pcm: Pcm, rate: int, wanted: int) -> Pcm:
    """One channel; both in samples a second. In time with what it was."""
    resampler = av.AudioResampler("s16", "mono", wanted)
    frame = av.AudioFrame.from_ndarray(pcm[None], format="s16", layout="mono")
    frame.rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
    parts = [*resampler.resample(frame), *resampler.resample(None)]
    return np.concatenate([part.to_ndarray()[0] for part in parts]).astype(np.int16)
