"""Lyra V2, which is SoundStream with Google's weights: 16 kHz, 20 ms a frame, 46 residual books of 4 bits.

The networks remember what came before inside of their interpreters, and LiteRT's reset does not make them
forget; so a stream has an encoder and a decoder of its own, made anew (some ms).
"""

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from workers.models import find_file, lite_interpreter
from workers.voice._lyra_books import Books, Indices, books_of
from workers.voice._manifest import DECODER, ENCODER, MODELS, QUANTIZER

RATE, FRAME = 16000, 320  # samples a second, samples in a frame
WEIGHTS = bytes.fromhex(MODELS[DECODER].sha256 or "")[:4]
"""Other weights make noise of these packets."""
Pcm = npt.NDArray[np.int16]
Sound = npt.NDArray[np.float32]


class Encoder:
    """One stream's. Raises ModelError."""

    def __init__(self) -> None:
        self._features = _Network(ENCODER)
        self._heard = np.empty((1, FRAME), np.float32)
        self._books = _books()

    def __call__(self, pcm: Pcm, books: int) -> Indices:
        np.multiply(pcm, np.float32(1 / 32768), out=self._heard[0])
        return self._books.encode(self._features(self._heard), books)


class Decoder:
    """One stream's. Raises ModelError."""

    def __init__(self) -> None:
        self._books = _books()
        self._sound = _Network(DECODER)

    def __call__(self, indices: Indices) -> Sound:
        """Samples in -1…1."""
        features = self._books.decode(indices).reshape(1, 1, -1)
        sound = self._sound(features)
        np.maximum(sound, -1, out=sound)  # np.clip is four times as long
        return np.minimum(sound, 1, out=sound)


class _Network:
    """One input, one output. Its signature runner would plan all of its memory anew before each frame, which
    costs a frame after a pause as much as a fifth of the network."""

    def __init__(self, name: str) -> None:
        self._network = _opened(name)
        self._input = self._network.get_input_details()[0]["index"]
        self._output = self._network.get_output_details()[0]["index"]

    def __call__(self, given: Sound) -> Sound:
        """Flat."""
        self._network.set_tensor(self._input, given)
        self._network.invoke()
        found: Sound = self._network.get_tensor(self._output).ravel()
        return found


@cache
def _books() -> Books:
    return books_of(_opened(QUANTIZER).get_signature_runner("decode"))


def _opened(name: str) -> Any:
    return lite_interpreter(find_file(MODELS[name]).read_bytes(), 1, "Lyra runs in nothing else")
