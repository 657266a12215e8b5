"""Two .onnx files, for one frame each: the encoder, and the decoder. What they remember is one vector, which
goes in and comes out. The books between them are in a third file. All weights are in half precision."""

import io
import warnings
from math import prod
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from scripts.half_weights import store_halves
from scripts.voice_training.layers import Memory
from scripts.voice_training.network import FRAME, SoundStream
from scripts.voice_training.quantiser import Book

OPSET = 17
BOOKS_FILE = "soundstream_books.bin"
Shapes = list[torch.Size]


class _Coding(nn.Module):
    """(sound [1, 1, 320], state [n]) → (features [D], state [n])"""

    def __init__(self, net: SoundStream) -> None:
        super().__init__()
        self.encoder, memory = net.encoder, Memory()
        self.dimension = self.encoder(torch.zeros(1, 1, FRAME), memory).shape[1]
        self.shapes = [kept.shape for kept in memory.after]

    def forward(self, sound: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        memory = Memory(_apart(state, self.shapes))
        return self.encoder(sound, memory)[0, :, 0], _together(memory)


class _Decoding(nn.Module):
    """(features [D], denoise [1], state [n]) → (sound [1, 1, 320], state [n])"""

    def __init__(self, net: SoundStream, dimension: int) -> None:
        super().__init__()
        self.decoder, memory = net.decoder, Memory()
        self.decoder(torch.zeros(1, dimension, 1), torch.zeros(1, 1, 1), memory)
        self.shapes = [kept.shape for kept in memory.after]

    def forward(self, features: Tensor, denoise: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        memory = Memory(_apart(state, self.shapes))
        return self.decoder(features[None, :, None], denoise[None, None], memory), _together(memory)


def export(net: SoundStream, folder: Path) -> list[Path]:
    """`soundstream_encoder.onnx`, `soundstream_decoder.onnx` and `soundstream_books.bin`."""
    folder.mkdir(parents=True, exist_ok=True)
    net = net.cpu().eval().requires_grad_(False).half().float()
    books = folder / BOOKS_FILE
    books.write_bytes(b"".join(_entries(book) for book in net.quantiser.books))
    coding = _Coding(net)
    decoding = _Decoding(net, coding.dimension)
    features = torch.zeros(coding.dimension)
    return [
        _write(
            folder / "soundstream_encoder.onnx",
            coding,
            {"sound": torch.zeros(1, 1, FRAME), "state": torch.zeros(_length(coding.shapes))},
            ["features", "state_after"],
        ),
        _write(
            folder / "soundstream_decoder.onnx",
            decoding,
            {"features": features, "denoise": torch.zeros(1), "state": torch.zeros(_length(decoding.shapes))},
            ["sound", "state_after"],
        ),
        books,
    ]


def _write(path: Path, module: nn.Module, inputs: dict[str, Tensor], outputs: list[str]) -> Path:
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # torch's other exporter needs one package more
        torch.onnx.export(
            module, tuple(inputs.values()), buffer, input_names=[*inputs], output_names=outputs,
            opset_version=OPSET, dynamo=False,
        )  # fmt: skip
    model = onnx.load_from_string(buffer.getvalue())
    store_halves(model)
    path.write_bytes(model.SerializeToString())
    onnx.checker.check_model(str(path), full_check=True)
    return path


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
