"""A network that finds people: a frame in, how surely each place of it is a person out."""

from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from workers.models import find_file
from workers.person._litert import opened
from workers.person._manifest import MODELS, PersonModel

Pixels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.float32]


class Runtime(Protocol):
    """Pixels uint8[rows, columns, 3] as the network takes them → what it answers, float32."""

    def __call__(self, pixels: Pixels) -> npt.NDArray[np.float32]: ...


class Network:
    """`network(frame)` is float32[h, w], 0…1, of the whole frame; `seen` what the network saw of it."""

    def __init__(self, name: str, threads: int) -> None:
        """Raises ModelError."""
        self.model: PersonModel = MODELS[name]
        path = find_file(self.model)
        runtime = _Onnx if path.suffix == ".onnx" else _LiteRT
        self._run: Runtime = runtime(path, threads)
        self._canvas = np.full((*self.model.size, 3), 127, np.uint8)
        self._place: tuple[slice, slice] = (slice(0), slice(0))

    def __call__(self, frame: Pixels) -> Mask:
        place = self._placed(frame.shape[0], frame.shape[1])
        if place != self._place:
            self._canvas[:] = 127
            self._place = place
        shrink(frame, self.seen)
        mask = _probability(self._run(self._canvas), self.model.head)
        return self._of_the_frame(mask)

    @property
    def seen(self) -> Pixels:
        return self._canvas[self._place]

    def _placed(self, height: int, width: int) -> tuple[slice, slice]:
        """Where in the network's input the frame lies."""
        rows, columns = self.model.size
        stretch = self.model.stretch
        scale = min(rows / height, columns / width)
        high = max(1, round(min(rows, height * scale * stretch)))
        wide = max(1, round(min(columns, width * scale * stretch)))
        top, left = (rows - high) // 2, (columns - wide) // 2
        return slice(top, top + high), slice(left, left + wide)

    def _of_the_frame(self, mask: Mask) -> Mask:
        if mask.shape != self.model.size:
            return _between_corners(mask, self.model.size)
        shift = self.model.shift
        if shift:
            back: Any = np.array([[1, 0, -shift], [0, 1, -shift]], np.float32)
            size = mask.shape[1], mask.shape[0]
            mask = np.asarray(cv2.warpAffine(mask, back, size, borderMode=cv2.BORDER_REPLICATE), np.float32)
        return np.ascontiguousarray(mask[self._place])


class _LiteRT:
    def __init__(self, path: Path, threads: int) -> None:
        self._interpreter = opened(path.read_bytes(), threads)
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._output = self._interpreter.get_output_details()[0]["index"]

    def __call__(self, pixels: Pixels) -> npt.NDArray[np.float32]:
        # A view into the network's memory: it must be gone when the network runs.
        np.multiply(pixels, np.float32(1 / 255), out=self._interpreter.tensor(self._input)()[0])
        self._interpreter.invoke()
        answer: npt.NDArray[np.float32] = self._interpreter.get_tensor(self._output)[0]
        return answer


class _Onnx:
    def __init__(self, path: Path, threads: int) -> None:
        import onnxruntime

        from workers.person._fewer_steps import in_fewer_steps

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            in_fewer_steps(path), options, providers=["CPUExecutionProvider"]
        )
        self._name = self._session.get_inputs()[0].name

    def __call__(self, pixels: Pixels) -> npt.NDArray[np.float32]:
        given = cv2.dnn.blobFromImage(pixels, 1 / 127.5, mean=(127.5, 127.5, 127.5))
        answer: npt.NDArray[np.float32] = self._session.run(None, {self._name: given})[0][0]
        return answer.transpose(1, 2, 0)


def _probability(answer: npt.NDArray[np.float32], head: str) -> Mask:
    if head == "two logits":
        return _sigmoid(answer[..., 1] - answer[..., 0])
    return _sigmoid(answer[..., 0]) if head == "logit" else np.asarray(answer[..., 0], np.float32)


def _sigmoid(logit: Any) -> Mask:
    """Of what may be as large as it likes."""
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * logit), np.float32)


def _between_corners(mask: Mask, size: tuple[int, int]) -> Mask:
    """Brought to another size; the outermost points of both lie on each other."""
    pairs = zip(mask.shape, size, strict=True)
    rows, columns = (np.linspace(0, have - 1, want, dtype=np.float32) for have, want in pairs)
    x, y = np.meshgrid(columns, rows)
    return np.asarray(cv2.remap(np.ascontiguousarray(mask), x, y, cv2.INTER_LINEAR), np.float32)


def shrink(frame: Pixels, target: Pixels) -> None:
    """Resize in place: halved while that is possible, which is quicker than any other factor, and LINEAR for
    the rest."""
    rows, columns = target.shape[:2]
    while frame.shape[0] >= 2 * rows and frame.shape[1] >= 2 * columns:
        high, wide = frame.shape[0] // 2, frame.shape[1] // 2
        whole = frame[: 2 * high, : 2 * wide]
        frame = np.asarray(cv2.resize(whole, (wide, high), interpolation=cv2.INTER_AREA), np.uint8)
    target[:] = cv2.resize(frame, (columns, rows), interpolation=cv2.INTER_LINEAR)
