"""The codecs to choose from, each with the same two ends: an encoder from a frame of sound to indices, a
decoder from indices to a frame of sound. An end belongs to one stream."""

from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from workers.voice import _lyra, _lyra_books, _soundstream_books

Pcm = npt.NDArray[np.int16]
Sound = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int32]


class Encoder(Protocol):
    def __call__(self, pcm: Pcm, books: int) -> Indices: ...


class Decoder(Protocol):
    def __call__(self, indices: Indices) -> Sound: ...


@runtime_checkable
class Denoising(Protocol):
    """A decoder that can leave out what is not speech."""

    denoise: bool


class Codec(NamedTuple):
    """`rate` in samples a second, `frame` in samples; `kind` is its RTP payload type."""

    name: str
    rate: int
    frame: int
    books: int
    bits: int
    kind: int

    @property
    def colour(self) -> str:
        """Of rings of its sound: it says how many samples a second."""
        return f"{self.rate} Hz"

    def books_for(self, kbps: float) -> int:
        """As many as fit, but one at least."""
        fit = int(kbps * 1000 * self.frame / (self.bits * self.rate) + 1e-6)
        return max(1, min(self.books, fit))


LYRA = Codec("lyra", _lyra.RATE, _lyra.FRAME, _lyra_books.BOOKS, _lyra_books.BITS, 96)
SOUNDSTREAM = Codec("soundstream", 24000, 320, _soundstream_books.BOOKS, _soundstream_books.BITS, 97)
CODECS = {codec.name: codec for codec in (LYRA, SOUNDSTREAM)}


def rate_of(colour: str) -> int:
    """Samples a second of a ring of sound, as `Codec.colour` says it."""
    return int(colour.split()[0])


def codec_of(voice: Any) -> Codec:
    """Of the section `voice`."""
    return CODECS[voice.codec]


def encoder_of(voice: Any) -> Encoder:
    """Raises ModelError."""
    if voice.codec == LYRA.name:
        return _lyra.Encoder()
    from workers.voice._soundstream import Encoder as Own  # takes onnxruntime

    return Own(voice.weights)


def decoder_of(voice: Any) -> Decoder:
    """Raises ModelError."""
    if voice.codec == LYRA.name:
        return _lyra.Decoder()
    from workers.voice._soundstream import Decoder as Own

    return Own(voice.weights)


def weights_of(voice: Any) -> bytes:
    """Four bytes that name what makes sound of packets, or noise of others'. Raises ModelError."""
    if voice.codec == LYRA.name:
        return _lyra.WEIGHTS
    from workers.voice._soundstream import weights_in

    return weights_in(voice.weights)
