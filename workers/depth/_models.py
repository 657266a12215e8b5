"""Finds, checks and downloads model files.

Looked for in STEREORING_MODELS, then in the user's cache. A file whose sha256 is not the manifest's is
refused, whoever put it there.
"""

import hashlib
import os
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from workers.depth._manifest import MODELS, Model
from workers.worker import CannotWork

CHUNK = 1 << 16


class ModelError(CannotWork):
    """A model that is not there or not what it should be; says what to do."""


def cache_folder() -> Path:
    """Where downloads go."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData/Local"))
    elif sys.platform == "darwin":
        base = Path.home() / "Library/Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "stereoring" / "models"


def places(model: Model) -> Iterator[Path]:
    """Where its file may lie, the first choice first."""
    if os.environ.get("STEREORING_MODELS"):
        yield Path(os.environ["STEREORING_MODELS"]) / model.file
    yield cache_folder() / model.file


def find(name: str) -> Path:
    """The file of a model by name, or the path itself of a file of one's own. Raises ModelError."""
    if name not in MODELS:
        path = Path(name).expanduser()
        if path.is_file():
            return path
        known = ", ".join(MODELS)
        raise ModelError(f"depth.model: there is no model and no file {name!r} (models: {known})")
    model = MODELS[name]
    for path in places(model):
        if path.is_file():
            verify(model, path)
            return path
    raise ModelError(
        f"depth.model: {name} is not on this machine; get it with `launcher.py models download {name}`"
    )


def is_here(name: str) -> bool:
    """Whether its file is there, right or wrong."""
    return any(path.is_file() for path in places(MODELS[name]))


def verify(model: Model, path: Path) -> None:
    """Raises ModelError when the file is not the one that the manifest means."""
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != model.sha256:
        raise ModelError(
            f"{path}: is not {model.name}: its sha256 is {found}, not {model.sha256}; "
            f"delete it and run `launcher.py models download {model.name}`"
        )


def download(model: Model, progress: Callable[[int, int], None]) -> Path:
    """Fetch a model into the cache; goes on where an earlier attempt stopped. `progress(done, total)` in
    bytes. Raises ModelError."""
    path = cache_folder() / model.file
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(path.suffix + ".part")
    try:
        _fetch(model, part, progress)
    except OSError as error:
        why = getattr(error, "reason", error)
        raise ModelError(f"{model.address}: {why}; what has come is kept, try again") from error
    try:
        verify(model, part)
    except ModelError:
        part.unlink()
        raise
    part.replace(path)
    return path


def _fetch(model: Model, part: Path, progress: Callable[[int, int], None]) -> None:
    done = part.stat().st_size if part.exists() else 0
    if done >= model.nbytes:
        return
    request = urllib.request.Request(model.address, headers={"Range": f"bytes={done}-"} if done else {})
    with urllib.request.urlopen(request, timeout=30) as answer:
        resumed = done > 0 and answer.status == 206
        with part.open("ab" if resumed else "wb") as file:
            done = done if resumed else 0
            while chunk := answer.read(CHUNK):
                file.write(chunk)
                done += len(chunk)
                progress(done, model.nbytes)
    if done < model.nbytes:
        raise OSError(f"the connection ended after {done} of {model.nbytes} bytes")
