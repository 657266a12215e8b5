"""What is compared: networks in ONNX, by name or file, at any size; and a ramp, which any must beat."""

import os
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
from onnx import numpy_helper

from workers.depth._manifest import MODELS
from workers.depth._models import find
from workers.models import ModelError

TEACHER = "tcmonodepth-small"
STEP = 32  # sides are multiples of it

Picture = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Size = tuple[int, int]  # rows, columns


class Ramp:
    """The nearer the lower: what somebody would say who has not seen the picture."""

    name = "ramp"

    def at(self, rows: int, columns: int) -> Callable[[Picture], Floats]:
        ramp = np.repeat(np.linspace(0, 1, rows, dtype=np.float32)[:, None], columns, axis=1)
        return lambda picture: ramp


class Network:
    """A network through onnxruntime, set up as the program does it."""

    def __init__(self, name: str, file: Path, fixed: Size | None) -> None:
        self.name, self._file, self._fixed = name, file, fixed
        self._sessions: dict[Size, onnxruntime.InferenceSession] = {}

    def at(self, rows: int, columns: int) -> Callable[[Picture], Floats]:
        """From a picture uint8[rows, columns, 3] RGB to relative inverse depth float32[rows, columns]."""
        size = rows, columns
        if size not in self._sessions:
            self._sessions[size] = self._open(size)
        session = self._sessions[size]
        (entry,) = session.get_inputs()

        def run(picture: Picture) -> Floats:
            batch = picture.transpose(2, 0, 1)[None].astype(np.float32)
            return np.asarray(session.run(None, {entry.name: batch})[0], np.float32).reshape(size)

        return run

    def _open(self, size: Size) -> onnxruntime.InferenceSession:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = os.cpu_count() or 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        model = self._file.read_bytes()
        if self._fixed not in (None, size):
            model = resized(model, self._fixed, size)
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def contender(name: str) -> Network:
    """By the name that `launcher.py models` lists, or a file in ONNX. Raises ModelError."""
    file = find(name)
    if file.is_dir():
        raise ModelError(
            f"{name} runs in torch, and only networks in ONNX are compared here; export it first"
        )
    if name in MODELS:
        return Network(name, file, MODELS[name].size)
    rows, columns = (
        onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"]).get_inputs()[0].shape[2:]
    )
    return Network(name, file, (rows, columns) if isinstance(rows, int) else None)


def resized(model: bytes, before: Size, after: Size) -> bytes:
    """A convolutional network whose file says one input size, for another: sizes in it are scaled. They are
    int64 constants, [channels, groups, pixels] of a channel shuffle and [n, channels, rows, columns]."""
    made = onnx.load_from_string(model)
    (entry,), (result,) = made.graph.input, made.graph.output
    for place, side in zip(entry.type.tensor_type.shape.dim[2:], after, strict=True):
        place.dim_value = side
    for place in result.type.tensor_type.shape.dim[2:]:
        place.Clear()
    del made.graph.value_info[:]
    by_rows, by_columns = after[0] / before[0], after[1] / before[1]
    for constant in made.graph.initializer:
        if constant.data_type != onnx.TensorProto.INT64 or tuple(constant.dims) not in ((3,), (4,)):
            continue
        values = numpy_helper.to_array(constant).astype(np.float64)
        values[-1] *= by_columns if len(values) == 4 else by_rows * by_columns
        if len(values) == 4:
            values[-2] *= by_rows
        constant.CopyFrom(numpy_helper.from_array(values.round().astype(np.int64), constant.name))
    return bytes(made.SerializeToString())


def size_for(picture: Picture, short_side: int) -> Size:
    """Rows and columns for a network: the picture's shape, as far as multiples of 32 allow."""
    rows, columns = picture.shape[:2]
    scale = short_side / min(rows, columns)
    sides = (max(STEP, round(side * scale / STEP) * STEP) for side in (rows, columns))
    high, wide = sides
    return high, wide


def scaled(picture: Picture, size: Size) -> Picture:
    """To these rows and columns."""
    shrinks = picture.shape[0] > size[0]
    return np.asarray(
        cv2.resize(picture, size[::-1], interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR),
        np.uint8,
    )
