"""From the networks' samples to those of the rings and files."""

import numpy as np
import numpy.typing as npt

SCALE, LEAST, MOST = 32768, -32768, 32767


def pcm_of(sound: npt.NDArray[np.floating]) -> npt.NDArray[np.int16]:
    """Samples in -1…1 → int16; what is beyond stays at the end of the range. It would come out at the other
    one, which is a crack."""
    scaled = np.minimum(sound * SCALE, MOST)  # np.clip is four times as long, and a frame waits
    return np.asarray(np.maximum(scaled, LEAST, out=scaled), np.int16)
