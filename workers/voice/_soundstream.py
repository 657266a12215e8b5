"""SoundStream with weights as scripts/train_voice.py exports them, the built-in ones or others: 24 kHz,
13.3 ms a frame, 24 books of 10 bits. What each network remembers is a vector that goes in and comes out with
each frame; between the two are the books."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from workers.models import ModelError, find_file, for_onnxruntime
from workers.voice._manifest import MODELS, OWN_BOOKS, OWN_DECODER, OWN_ENCODER
from workers.voice._soundstream_books import Books, Indices, Nearest

Pcm = npt.NDArray[np.int16]
Sound = npt.NDArray[np.float32]


class Encoder:
    """One stream's; `folder` "" means the built-in weights. Raises ModelError."""

    def __init__(self, folder: str = "") -> None:
        self._session = _opened(folder, OWN_ENCODER, ["sound", "state"])
        self._nearest = Nearest(_books(folder, self._session.get_outputs()[0].shape))
        self._state = _nothing(self._session)

    def __call__(self, pcm: Pcm, books: int) -> Indices:
        sound = np.asarray(pcm / 32768, np.float32)[None, None]
        features, self._state = self._session.run(None, {"sound": sound, "state": self._state})
        return self._nearest(features, books)


class Decoder:
    """One stream's; `denoise` may change at any frame. Raises ModelError."""

    def __init__(self, folder: str = "") -> None:
        self._session = _opened(folder, OWN_DECODER, ["features", "denoise", "state"])
        self._books = _books(folder, self._session.get_inputs()[0].shape)
        self._state = _nothing(self._session)
        self.denoise = False

    def __call__(self, indices: Indices) -> Sound:
        """Samples in -1…1."""
        given = {"features": self._books.sum(indices), "denoise": np.array([self.denoise], np.float32)}
        sound, self._state = self._session.run(None, given | {"state": self._state})
        return np.clip(np.asarray(sound, np.float32).ravel(), -1, 1)


def weights_in(folder: str) -> bytes:
    """Four bytes of the sha256 of books and decoder together. Raises ModelError."""
    found = hashlib.sha256()
    for name in (OWN_BOOKS, OWN_DECODER):
        path = _file(folder, name)
        try:
            found.update(path.read_bytes())
        except OSError as error:
            raise ModelError(f"voice.weights: {path} cannot be read: {error}") from error
    return found.digest()[:4]


def _opened(folder: str, name: str, inputs: list[str]) -> Any:
    import onnxruntime  # not above: every process that looks at settings imports what imports this

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    path = _file(folder, name)
    try:
        session = onnxruntime.InferenceSession(
            for_onnxruntime(path), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:
        raise ModelError(f"voice.weights: {path} cannot be read: {str(error).splitlines()[0]}") from error
    if [given.name for given in session.get_inputs()] != inputs:
        raise ModelError(f"voice.weights: {path} is none of those that scripts/train_voice.py makes")
    return session


def _books(folder: str, shape: list[int]) -> Books:
    """For networks with features of this shape."""
    path = _file(folder, OWN_BOOKS)
    try:
        return Books(path, *shape)
    except (OSError, ValueError) as error:
        raise ModelError(f"voice.weights: {path} cannot be read: {error}") from error


def _file(folder: str, name: str) -> Path:
    return Path(folder) / MODELS[name].file if folder else find_file(MODELS[name])


def _nothing(session: Any) -> Sound:
    """What it remembers at the beginning."""
    return np.zeros(session.get_inputs()[-1].shape, np.float32)
