"""What is trained on: speech out of a folder, and noise that we make."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from scripts.voice_training.network import FRAME, RATE
from workers.sound._reading import CannotRead, read_whole

ENDINGS = {".flac", ".wav", ".mp3", ".ogg", ".opus", ".m4a"}
HELD_OUT = 12  # one of so many files is not trained on
LOUDEST, QUIETEST = 0.9, 0.1  # of full scale: a clip's peak
OTHER_SPEED = 0.1  # of what the books are made of
NOISE_DB = (0.0, 15.0)  # how far the noise is below the speech (section III-F)
Sound = npt.NDArray[np.float32]


class Batch(NamedTuple):
    """`heard` is what the network gets; `wanted` is the same where `denoise` [B, 1, T] is 0, and without the
    noise where it is 1."""

    heard: Tensor
    wanted: Tensor
    denoise: Tensor


def files_in(folder: Path) -> tuple[list[Path], list[Path]]:
    """To train on, and held out. Raises ValueError."""
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder; --speech names one with sound in it")
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS and path.is_file())
    if not files:
        raise ValueError(f"{folder}: there is no sound in it ({', '.join(sorted(ENDINGS))})")
    return [file for number, file in enumerate(files) if number % HELD_OUT], files[::HELD_OUT]


def load(folder: Path) -> tuple[list[Sound], list[Sound]]:
    """What is in these files; one that cannot be read is named and left out. Raises ValueError."""
    to_train, held_out = ([*_read(files)] for files in files_in(folder))
    if not to_train or not held_out:
        raise ValueError(
            f"{folder}: there are {len(to_train)} files with sound to train on and {len(held_out)} held out, "
            f"which every twelfth is; it takes one of each at least"
        )
    return to_train, held_out


def _read(files: Sequence[Path]) -> Iterator[Sound]:
    for file in files:
        try:
            pcm = read_whole(str(file), RATE)
        except CannotRead as error:
            print(f"left out: {error}", file=sys.stderr)
            continue
        if len(pcm):
            yield np.asarray(pcm / 32768, np.float32)
        else:
            print(f"left out: {file}: its sound has no length", file=sys.stderr)


def batch_of(sounds: Sequence[Sound], seed: Sequence[int], size: int, frames: int) -> Batch:
    """The same for the same seed."""
    random = np.random.default_rng(seed)
    heard, wanted, denoise = [], [], []
    for _ in range(size):
        said = _piece(sounds, random, frames * FRAME)
        noise, clean = _noise(random, said, sounds), bool(random.integers(2))
        noisy = said + noise * bool(random.integers(2))
        heard.append(noisy)
        wanted.append(said if clean else noisy)
        denoise.append(np.full((1, frames), float(clean), np.float32))
    return Batch(
        *(torch.from_numpy(np.stack(each)[:, None]) for each in (heard, wanted)),
        torch.from_numpy(np.stack(denoise)),
    )


def pieces_of(sounds: Sequence[Sound], seed: Sequence[int], size: int, frames: int) -> Tensor:
    """Speech alone, [size, 1, 320 frames], each faster or slower and so of another voice; the same for the
    same seed."""
    random, length = np.random.default_rng(seed), frames * FRAME
    pieces = []
    for _ in range(size):
        piece = _piece(sounds, random, round(length * random.uniform(1 - OTHER_SPEED, 1 + OTHER_SPEED)))
        at = np.linspace(0, len(piece) - 1, length)
        pieces.append(np.interp(at, np.arange(len(piece)), piece).astype(np.float32))
    return torch.from_numpy(np.stack(pieces)[:, None])


def noisy_of(sounds: Sequence[Sound], seed: Sequence[int], size: int, frames: int) -> tuple[Tensor, Tensor]:
    """Speech with noise, and without, [size, 1, 320 frames] both; the same for the same seed."""
    random = np.random.default_rng(seed)
    said = [_piece(sounds, random, frames * FRAME) for _ in range(size)]
    heard = [each + _noise(random, each, sounds) for each in said]
    noisy, clean = (torch.from_numpy(np.stack(each)[:, None]) for each in (heard, said))
    return noisy, clean


def with_noise(said: Sound, seed: int, decibels: float) -> Sound:
    """Speech with noise so far below it, to measure by."""
    noise = _coloured(np.random.default_rng(seed), len(said))
    return np.asarray(said + _as_loud(noise, said, decibels), np.float32)


def _piece(sounds: Sequence[Sound], random: np.random.Generator, length: int) -> Sound:
    sound = sounds[int(random.integers(len(sounds)))]
    start = int(random.integers(max(1, len(sound) - length)))
    piece = np.zeros(length, np.float32)
    part = sound[start : start + length]
    piece[: len(part)] = part
    peak = float(np.abs(piece).max()) or 1.0
    return np.asarray(piece / peak * random.uniform(QUIETEST, LOUDEST), np.float32)


def _noise(random: np.random.Generator, said: Sound, sounds: Sequence[Sound]) -> Sound:
    """Of a room, or of other people."""
    if random.integers(2):
        noise = _coloured(random, len(said))
    else:
        noise = np.sum([_piece(sounds, random, len(said)) for _ in range(4)], axis=0)
    return _as_loud(noise, said, float(random.uniform(*NOISE_DB)))


def _coloured(random: np.random.Generator, length: int) -> Sound:
    """White to brown."""
    found = np.fft.rfft(random.standard_normal(length))
    falls = np.maximum(np.arange(len(found)), 20.0) ** -random.uniform(0, 1)
    return np.asarray(np.fft.irfft(found * falls, length), np.float32)


def _as_loud(noise: Sound, said: Sound, decibels: float) -> Sound:
    ratio = np.sqrt((said**2).mean() / max(1e-12, float((noise**2).mean()))) * 10 ** (-decibels / 20)
    return np.asarray(noise * ratio, np.float32)
