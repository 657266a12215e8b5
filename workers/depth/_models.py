"""Finds, checks and downloads model files.

Looked for in STEREORING_MODELS, then in the user's cache; our own lies beside this file. A file whose sha256
is not the manifest's is refused, whoever put it there.
"""

import hashlib
import os
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from workers.depth import _folders
from workers.depth._hub_models import HUB_MODELS
from workers.depth._manifest import BUILT_IN_FOLDER, MODELS, Model
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
    if model.address is None:
        yield BUILT_IN_FOLDER / model.file
        return
    if os.environ.get("STEREORING_MODELS"):
        yield Path(os.environ["STEREORING_MODELS"]) / model.file
    yield cache_folder() / model.file


def find(name: str) -> Path:
    """The file of a model by name, the folder of one of Hugging Face's (org/name), or the file or folder of
    one's own that a path names. Raises ModelError."""
    if name in MODELS:
        return _find_file(MODELS[name])
    path = Path(name).expanduser()
    if path.is_file():
        return path
    if (folder := _folders.network_in(path)) is not None:
        return folder
    if path.is_dir():
        raise ModelError(
            f"depth.model: {path} is a folder without a config.json, so there is no network in it; name the "
            "folder that has one"
        )
    if _folders.is_name(name):
        return _find_folder(name)
    known = ", ".join(MODELS)
    raise ModelError(
        f"depth.model: there is no model and no file {name!r} (models: {known}; more by `launcher.py models`)"
    )


def _find_file(model: Model) -> Path:
    for path in places(model):
        if path.is_file():
            verify(model, path)
            return path
    raise ModelError(f"depth.model: {model.name} is not on this machine; {_remedy(model)}")


def _find_folder(name: str) -> Path:
    model = HUB_MODELS.get(name)
    if model is not None and not model.runs:
        raise ModelError(f"depth.model: this version cannot run {name}; it takes {model.needs}")
    folder = _folders.find(name, cache_folder())
    if folder is None:
        raise ModelError(
            f"depth.model: {name} is not on this machine; get it with `launcher.py models download {name}`"
        )
    return folder


def is_here(name: str) -> bool:
    """Whether its file or folder is there, right or wrong."""
    if name not in MODELS:
        return _folders.find(name, cache_folder()) is not None
    return any(path.is_file() for path in places(MODELS[name]))


def verify(model: Model, path: Path) -> None:
    """Raises ModelError when the file is not the one that the manifest means."""
    _refuse_unverified(model)
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != model.sha256:
        raise ModelError(
            f"{path}: is not {model.name}: its sha256 is {found}, not {model.sha256}; delete it and "
            f"{_remedy(model)}"
        )


def _refuse_unverified(model: Model) -> None:
    if model.sha256 is None:
        raise ModelError(
            f"{model.name}: this version does not know the sha256 of its file and takes none that it cannot "
            f"check; export the network to ONNX yourself ({model.address}; in: RGB 0…255 as float32 [1, 3, "
            "rows, columns], out: relative inverse depth) and name the file: --set depth.model=FILE.onnx"
        )


def _remedy(model: Model) -> str:
    if model.address is None:
        return f"put the file back that comes with the program, {BUILT_IN_FOLDER / model.file}"
    return f"get it with `launcher.py models download {model.name}`"


def download_folder(name: str, progress: Callable[[int, int], None]) -> Path:
    """Fetch org/name from Hugging Face into the cache. `progress(done, total)` in bytes. Raises
    ModelError."""
    model = HUB_MODELS.get(name)
    if model is not None and not model.runs:
        raise ModelError(f"this version cannot run {name}; it takes {model.needs}")
    try:
        return _folders.download(name, cache_folder(), _fetch, progress)
    except _folders.NotThere as error:
        raise ModelError(str(error)) from error


def download(model: Model, progress: Callable[[int, int], None]) -> Path:
    """Fetch a model into the cache; goes on where an earlier attempt stopped. `progress(done, total)` in
    bytes. Raises ModelError."""
    if model.address is None:
        raise ModelError(f"{model.name} comes with the program and is not downloaded")
    _refuse_unverified(model)
    path = cache_folder() / model.file
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(path.suffix + ".part")
    try:
        _fetch(model.address, model.nbytes, part, progress)
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


def _fetch(address: str, nbytes: int, part: Path, progress: Callable[[int, int], None]) -> None:
    done = part.stat().st_size if part.exists() else 0
    if done >= nbytes:
        return
    request = urllib.request.Request(address, headers={"Range": f"bytes={done}-"} if done else {})
    with urllib.request.urlopen(request, timeout=30) as answer:
        resumed = done > 0 and answer.status == 206
        with part.open("ab" if resumed else "wb") as file:
            done = done if resumed else 0
            while chunk := answer.read(CHUNK):
                file.write(chunk)
                done += len(chunk)
                progress(done, nbytes)
    if done < nbytes:
        raise OSError(f"the connection ended after {done} of {nbytes} bytes")
