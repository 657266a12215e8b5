"""Two .onnx files, for one frame each: the encoder with the books' choice, the books with the decoder. What
they remember is one vector, which goes in and comes out. The books are in a third file, which both read. All
weights are in half precision."""

import io
import re
import warnings
from math import prod
from pathlib import Path

import onnx
import torch
from onnx.external_data_helper import set_external_data
from torch import Tensor, nn

from scripts.half_weights import store_halves
from scripts.voice_training.layers import Memory
from scripts.voice_training.network import BOOKS, FRAME, SoundStream
from scripts.voice_training.quantiser import Book

OPSET = 17
BOOKS_FILE = "soundstream_books.bin"
ENTRIES = re.compile(r"books\.(\d+)\.entries")  # how an initializer of one is named
Shapes = list[torch.Size]


class _Coding(nn.Module):
    """(sound [1, 1, 320], state [n]) → (indices [24], state [n])"""

    def __init__(self, net: SoundStream) -> None:
        super().__init__()
        self.net, memory = net, Memory()
        net.indices(torch.zeros(1, 1, FRAME), memory)
        self.shapes = [kept.shape for kept in memory.after]

    def forward(self, sound: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        memory = Memory(_apart(state, self.shapes))
        return self.net.indices(sound, memory)[0, :, 0], _together(memory)


class _Decoding(nn.Module):
    """(indices [24], -1 for those that are not there, denoise [1], state [n]) → (sound [1, 1, 320], state
    [n])"""

    def __init__(self, net: SoundStream) -> None:
        super().__init__()
        self.net, memory = net, Memory()
        net.sound(torch.zeros(1, BOOKS, 1, dtype=torch.long), torch.zeros(1, 1, 1), memory)
        self.shapes = [kept.shape for kept in memory.after]

    def forward(self, indices: Tensor, denoise: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        memory = Memory(_apart(state, self.shapes))
        return self.net.sound(indices[None, :, None], denoise[None, None], memory), _together(memory)


def export(net: SoundStream, folder: Path) -> list[Path]:
    """`soundstream_encoder.onnx`, `soundstream_decoder.onnx` and `soundstream_books.bin`."""
    folder.mkdir(parents=True, exist_ok=True)
    net = net.cpu().eval().half().float()
    books = folder / BOOKS_FILE
    books.write_bytes(b"".join(_entries(book) for book in net.quantiser.books))
    coding, decoding = _Coding(net), _Decoding(net)
    indices = torch.zeros(BOOKS, dtype=torch.long)
    return [
        _write(
            folder / "soundstream_encoder.onnx",
            coding,
            {"sound": torch.zeros(1, 1, FRAME), "state": torch.zeros(_length(coding.shapes))},
            ["indices", "state_after"],
        ),
        _write(
            folder / "soundstream_decoder.onnx",
            decoding,
            {"indices": indices, "denoise": torch.zeros(1), "state": torch.zeros(_length(decoding.shapes))},
            ["sound", "state_after"],
        ),
        books,
    ]


def _write(path: Path, module: nn.Module, inputs: dict[str, Tensor], outputs: list[str]) -> Path:
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # torch's other exporter needs one package more
        # Nothing is folded here: the books would become another number of other tensors in each file.
        torch.onnx.export(
            module, tuple(inputs.values()), buffer, input_names=[*inputs], output_names=outputs,
            opset_version=OPSET, dynamo=False, do_constant_folding=False,
        )  # fmt: skip
    model = onnx.load_from_string(buffer.getvalue())
    store_halves(model)
    _keep_books_outside(model)
    path.write_bytes(model.SerializeToString())
    onnx.checker.check_model(str(path), full_check=True)
    return path


def _keep_books_outside(model: onnx.ModelProto) -> None:
    for weight in model.graph.initializer:
        if found := ENTRIES.search(weight.name):
            length = len(weight.raw_data)
            set_external_data(weight, BOOKS_FILE, offset=int(found[1]) * length, length=length)
            weight.ClearField("raw_data")


def _entries(book: nn.Module) -> bytes:
    assert isinstance(book, Book)
    return book.entries.half().numpy().tobytes()


def _length(shapes: Shapes) -> int:
    return sum(prod(shape) for shape in shapes)


def _apart(state: Tensor, shapes: Shapes) -> list[Tensor]:
    parts = state.split([prod(shape) for shape in shapes])
    return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]


def _together(memory: Memory) -> Tensor:
    return torch.cat([kept.reshape(-1) for kept in memory.after])
