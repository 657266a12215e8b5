"""Pictures with their inverse depth on disk, made once and then only read: drawing them takes longer than
learning from them.

A group is four files: NAME.colours (uint8 RGB), NAME.depths (float16), NAME.origin, what it is of, and
NAME.index.npy, an int64[n, 3] of (first pixel, rows, columns).
"""

import multiprocessing
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Pair = tuple[Picture, Floats]


class Group:
    """The pictures of a group, by number; nothing is read before it is asked for."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name, self._folder = name, folder
        self._index = np.load(folder / f"{name}.index.npy")
        self._colours = np.memmap(folder / f"{name}.colours", np.uint8, "r").reshape(-1, 3)
        self._depths = np.memmap(folder / f"{name}.depths", np.float16, "r")

    def __reduce__(self) -> tuple[type["Group"], tuple[Path, str]]:
        """To another process goes where it is, and not gigabytes."""
        return Group, (self._folder, self.name)

    def __len__(self) -> int:
        return len(self._index)

    def __getitem__(self, number: int) -> Pair:
        """uint8[h, w, 3] RGB and inverse depth float32[h, w] in 0…1."""
        first, rows, columns = self._index[number]
        span = slice(first, first + rows * columns)
        depth = np.asarray(self._depths[span], np.float32).reshape(rows, columns)
        return np.asarray(self._colours[span]).reshape(rows, columns, 3), depth


def make_group(
    folder: Path, name: str, make: Callable[[int], Pair], count: int, jobs: int, origin: str
) -> None:
    """Fill a group with make(0) … make(count - 1), in `jobs` processes; one that is there stays if it is
    of the same `origin`, which says what they depend on."""
    origin = f"{count} of {origin}"
    index, said = folder / f"{name}.index.npy", folder / f"{name}.origin"
    if index.exists() and said.exists() and said.read_text() == origin:
        return
    folder.mkdir(parents=True, exist_ok=True)
    index.unlink(missing_ok=True)
    said.write_text(origin)
    _work["make"] = make  # what is forked has it; it need not be pickled
    with multiprocessing.get_context("fork").Pool(jobs) as pool:
        _write(folder, name, pool.imap(_make_one, range(count), chunksize=4), count)


_work: dict[str, Callable[[int], Pair]] = {}


def _make_one(number: int) -> Pair:
    return _work["make"](number)


def _write(folder: Path, name: str, pairs: Iterable[Pair], count: int) -> None:
    index, first = [], 0
    with (folder / f"{name}.colours").open("wb") as colours, (folder / f"{name}.depths").open("wb") as depths:
        for number, (picture, inverse) in enumerate(pairs, start=1):
            colours.write(np.ascontiguousarray(picture).tobytes())
            depths.write(unit_range(inverse).astype(np.float16).tobytes())
            index.append((first, *inverse.shape))
            first += inverse.size
            print(f"\r{name}: {number} of {count}", end="", flush=True)
    print()
    np.save(
        folder / f"{name}.index.npy", np.asarray(index, np.int64)
    )  # last: it says that the group is whole


def unit_range(inverse: Floats) -> Floats:
    """Stretched to 0…1, but for the nearest and farthest half percent."""
    low, high = np.quantile(inverse[::3, ::3], (0.005, 0.995))
    return np.clip((inverse - low) / max(high - low, 1e-6), 0, 1).astype(np.float32)
