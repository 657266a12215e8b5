"""Folders of depth that a conversion reads or writes, looked at before anything is done."""

import struct
from pathlib import Path

from pipeline.convert_folder import JOB, CannotConvert
from workers.convert._conversion import Conversion
from workers.convert._pictures import picture_files

PNG, GREY = b"\x89PNG\r\n\x1a\n", 0
HEAD = struct.Struct(">8s8xII2B")  # signature, the first chunk's head, columns, rows, bits, colours


def check_depth(conversion: Conversion, out: Path, overwrite: bool) -> None:
    """Makes the folder that is written. Raises CannotConvert or OSError."""
    if conversion.depth_in is not None:
        _check_given(conversion, conversion.depth_in)
    if conversion.depth_out is not None:
        _check_wanted(conversion, conversion.depth_out, out, overwrite)
        conversion.depth_out.mkdir(parents=True, exist_ok=True)


def maps_in(folder: Path) -> list[Path]:
    """One for each frame, in the order of their names."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() == ".png")


def _check_given(conversion: Conversion, folder: Path) -> None:
    if not folder.is_dir():
        what = "is no folder" if folder.exists() else "there is no such folder"
        raise CannotConvert(f"--depth-in {folder}: {what}")
    maps = maps_in(folder)
    pictures = len(picture_files(conversion.source)) if conversion.pictures else None
    if not maps or (pictures is not None and len(maps) != pictures):
        needed = "one for each frame is" if pictures is None else f"{pictures} are"
        raise CannotConvert(f"--depth-in {folder}: has {len(maps)} PNGs, and {needed} needed")
    first = _size_of(maps[0])
    for path in maps:
        rows, columns = _size_of(path)
        if not conversion.pictures and (rows, columns) != first:
            raise CannotConvert(
                f"--depth-in: {path} is {columns} x {rows}, and {maps[0].name} {first[1]} x {first[0]}; "
                "the frames of a video have one size"
            )


def _size_of(path: Path) -> tuple[int, int]:
    """Rows and columns. Raises CannotConvert for what is no grey PNG."""
    with path.open("rb") as file:
        head = file.read(HEAD.size)
    if len(head) < HEAD.size or not head.startswith(PNG):
        raise CannotConvert(f"--depth-in: {path} is no PNG")
    _, columns, rows, _, colours = HEAD.unpack(head)
    if colours != GREY:
        raise CannotConvert(f"--depth-in: {path} has colours; depth is grey, white is near")
    return rows, columns


def _check_wanted(conversion: Conversion, folder: Path, out: Path, overwrite: bool) -> None:
    if folder.exists() and not folder.is_dir():
        raise CannotConvert(f"--depth-out {folder}: is no folder; give another name")
    for other, what in (
        (conversion.depth_in, "--depth-in"),
        (conversion.source, "what is converted"),
        (out, "what the result is to be"),
    ):
        if folder == other:
            raise CannotConvert(f"--depth-out {folder}: is {what} as well; give another name")
    goes_on = (conversion.folder / JOB).exists()  # then they are its own
    if folder.is_dir() and maps_in(folder) and not overwrite and not goes_on:
        raise CannotConvert(f"--depth-out {folder}: has PNGs already; give --overwrite or another name")
