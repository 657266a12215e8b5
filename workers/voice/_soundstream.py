"""SoundStream with weights as scripts/train_voice.py exports them, the built-in ones or others: 24 kHz,
13.3 ms a frame, 24 books of 10 bits. What each network remembers is a vector that goes in and comes out with
each frame."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from workers.models import ModelError, find_file
from workers.voice._manifest import MODELS, OWN_BOOKS, OWN_DECODER, OWN_ENCODER

BOOKS, NO_BOOK = 24, -1
Pcm = npt.NDArray[np.int16]
Sound = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int32]


class Encoder:
    """One stream's; `folder` "" means the built-in weights. Raises ModelError."""

    def __init__(self, folder: str = "") -> None:
        self._session = _opened(folder, OWN_ENCODER, ["sound", "state"])
        self._state = _nothing(self._session)

    def __call__(self, pcm: Pcm, books: int) -> Indices:
        sound = np.asarray(pcm / 32768, np.float32)[None, None]
        found, self._state = self._session.run(None, {"sound": sound, "state": self._state})
        return np.asarray(found[:books], np.int32)


class Decoder:
    """One stream's; `denoise` may change at any frame. Raises ModelError."""

    def __init__(self, folder: str = "") -> None:
        self._session = _opened(folder, OWN_DECODER, ["indices", "denoise", "state"])
        self._state = _nothing(self._session)
        self.denoise = False

    def __call__(self, indices: Indices) -> Sound:
        """Samples in -1…1."""
        every = np.full(BOOKS, NO_BOOK, np.int64)
        every[: len(indices)] = indices
        given = {"indices": every, "denoise": np.array([self.denoise], np.float32), "state": self._state}
        sound, self._state = self._session.run(None, given)
        return np.clip(np.asarray(sound, np.float32).ravel(), -1, 1)


def _opened(folder: str, name: str, inputs: list[str]) -> Any:
    import onnxruntime  # not above: every process that looks at settings imports what imports this

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if folder:
        path = Path(folder) / MODELS[name].file
    else:
        find_file(MODELS[OWN_BOOKS])
        path = find_file(MODELS[name])
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise ModelError(f"voice.weights: {path} cannot be read: {str(error).splitlines()[0]}") from error
    if [given.name for given in session.get_inputs()] != inputs:
        raise ModelError(f"voice.weights: {path} is none of those that scripts/train_voice.py makes")
    return session


def _nothing(session: Any) -> Sound:
    """What it remembers at the beginning."""
    return np.zeros(session.get_inputs()[-1].shape, np.float32)
