"""The working folder of a conversion, beside what it makes: all that is done, so that it can go on after
whatever has ended it, and a lock, so that nobody else does the same meanwhile."""

import json
import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from workers.convert._conversion import Conversion, End
from workers.convert._record import records_in
from workers.convert._segments import segments_in
from workers.convert._whole import keep_names, put, write_whole

JOB, LOCK = "job.json", "lock"
log = logging.getLogger("stereoring.convert")


class CannotConvert(Exception):
    """What is wrong, and what to do."""


def folder_of(out: Path) -> Path:
    """Where the conversion to `out` keeps what it has done."""
    return out.with_name(f".{out.name}.converting")


@contextmanager
def held(out: Path) -> Iterator[Path]:
    """The working folder, for us alone; it stays if something is done. Raises CannotConvert."""
    folder = folder_of(out)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        lock = FileLock(folder / LOCK)
        lock.acquire(timeout=0)
    except Timeout as error:
        raise CannotConvert(f"{out}: another conversion is making it just now") from error
    try:
        yield folder
    finally:
        lock.release()
        if _nothing_done(Conversion(out, folder)):
            shutil.rmtree(folder)


def agree(conversion: Conversion, out: Path, job: dict[str, Any], state: dict[str, Any]) -> dict[str, Any]:
    """The state that goes with the job: this, or that of the time before, which must have been the very same
    job, unless it has done nothing. Raises CannotConvert."""
    folder = conversion.folder
    file, job = folder / JOB, json.loads(json.dumps(job, default=str))
    found = json.loads(file.read_text()) if file.exists() else None
    if found is None or (found["job"] != job and _nothing_done(conversion)):
        clear(folder)
        conversion.segments.mkdir()
        write_whole(file, {"job": job, "state": state})
        return state
    if found["job"] != job:
        parts = sorted(part for part in job if found["job"].get(part) != job[part])
        raise CannotConvert(
            f"{out}: was begun with another {' and '.join(parts)}. Give the same again to go on, or remove "
            f"{folder} to begin anew"
        )
    log.warning("%s: going on with what is done", out)
    conversion.segments.mkdir(exist_ok=True)  # it may have become the result just before the end
    before: dict[str, Any] = found["state"]
    return before


def _nothing_done(conversion: Conversion) -> bool:
    return not len(records_in(conversion.survey)) and not files_in(conversion.segments)


def surveyed(conversion: Conversion, map_bytes: int) -> int:
    """Frames that the first pass has done; a map that is kept takes so many bytes."""
    records = len(records_in(conversion.survey))
    if not conversion.keeps_depth or not records:
        return records
    maps = conversion.maps.stat().st_size if conversion.maps.exists() else 0
    return min(records, maps // map_bytes)


def is_surveyed(conversion: Conversion) -> bool:
    return conversion.scenes.exists()


def written(conversion: Conversion) -> int:
    """Frames of the video that need not be made again."""
    segments = segments_in(conversion.segments)
    return segments[-1][1] if segments else 0


def files_in(folder: Path) -> int:
    """Pictures that are done."""
    return sum(path.suffix != ".part" for path in folder.glob("*"))


def frames_of(conversion: Conversion) -> End:
    """After the first pass. Raises CannotConvert."""
    end = End.read(conversion)
    if end is None:
        raise CannotConvert(f"{conversion.folder}: end.json has gone; remove the folder to begin anew")
    return end


def tidy(conversion: Conversion) -> None:
    """What was not finished."""
    for part in [*conversion.folder.glob("*.part"), *conversion.segments.glob("*.part")]:
        part.unlink()


def put_in_place(made: Path, out: Path, overwrite: bool) -> None:
    """The result appears at once, whole. Raises CannotConvert."""
    if out.exists() and not overwrite:
        raise CannotConvert(f"{out}: has come meanwhile; the result is in {made}")
    if made.is_dir() and out.is_dir():
        for path in sorted(made.iterdir()):
            path.replace(out / path.name)  # each was whole when it got its name
        keep_names(out)
    elif made.is_dir():
        made.replace(out)
        keep_names(out.parent)
    else:
        put(made, out)


def clear(folder: Path) -> None:
    """It has served; its lock goes with who holds it."""
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != LOCK:
            path.unlink()
