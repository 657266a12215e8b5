"""Model files of all rooms: found, checked, downloaded, and opened where several rooms do that alike.

Looked for in STEREORING_MODELS, then in the user's cache; what comes with the program lies in it. A file
whose sha256 is not the manifest's is refused, whoever put it there. Each room has a manifest of its own.
"""

import hashlib
import http.client
import json
import os
import sys
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, ClassVar, Self

from workers.house import home
from workers.worker import CannotWork

CHUNK = 1 << 16
HELD_AT = 0x7FFFFFFE  # Windows holds bytes, not files: the last one that its 32 bits reach
Progress = Callable[[int, int], None]
"""Called with how many bytes are there and how many there will be."""


class ModelError(CannotWork):
    """A model that is not there or not what it should be; says what to do."""


@dataclass(frozen=True, kw_only=True)
class Model:
    """`file` is its place below the models folder; `address` where it is downloaded from. `sha256` is None
    where nobody has verified it yet; such a file is not taken, and `by_hand` says what to do instead.
    `folder` is where it lies if it comes with the program; then there is no address."""

    setting: ClassVar[str] = "model"
    """What chooses it, for messages."""

    name: str
    file: str
    address: str | None
    sha256: str | None
    nbytes: int
    licence: str
    about: str
    by_hand: str = ""
    folder: Path | None = None

    @classmethod
    def built_in(cls, folder: Path, file: str, **more: Any) -> Self:
        """One of our own, in `folder`; what its file must be says the log of the training that wrote it."""
        trained, path = json.loads((folder / "training.json").read_text()), folder / file
        return cls(
            file=file,
            address=None,
            sha256=trained["sha256"][file],
            nbytes=path.stat().st_size if path.is_file() else 0,
            licence="as the program",
            folder=folder,
            **more,
        )


def cache_folder() -> Path:
    """Where downloads go."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", home() / "AppData/Local"))
    elif sys.platform == "darwin":
        base = home() / "Library/Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or home() / ".cache")
    return base / "stereoring" / "models"


def places(model: Model) -> Iterator[Path]:
    """Where its file may lie, the first choice first."""
    if model.folder is not None:
        yield model.folder / model.file
        return
    if os.environ.get("STEREORING_MODELS"):
        yield Path(os.environ["STEREORING_MODELS"]) / model.file
    yield cache_folder() / model.file


def find_file(model: Model) -> Path:
    """The file, checked. Raises ModelError."""
    for path in places(model):
        if path.is_file():
            verify(model, path)
            return path
    raise ModelError(f"{model.setting}: {model.name} is not on this machine; {remedy(model)}")


def has_file(model: Model) -> bool:
    """Whether its file is there, right or wrong."""
    return any(path.is_file() for path in places(model))


def verify(model: Model, path: Path) -> None:
    """Raises ModelError when the file is not the one that the manifest means."""
    _refuse_unverified(model)
    if wrong := _difference(model, path):
        raise ModelError(f"{path}: {wrong}; delete it and {remedy(model)}")


def _difference(model: Model, path: Path) -> str:
    """What is wrong with a file, empty where nothing is."""
    found = sha256(path)
    return "" if found == model.sha256 else f"is not {model.name}: its sha256 is {found}, not {model.sha256}"


def sha256(path: Path) -> str:
    """Of what is in it."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _refuse_unverified(model: Model) -> None:
    if model.sha256 is None:
        raise ModelError(
            f"{model.name}: this version does not know the sha256 of its file and takes none that it cannot "
            f"check; {model.by_hand}"
        )


def remedy(model: Model) -> str:
    """What to do where it is not here."""
    if model.by_hand:
        return model.by_hand
    if model.folder is not None:
        return f"put the file back that comes with the program, {model.folder / model.file}"
    return f"get it with `launcher.py models download {model.name}`"


def download(model: Model, progress: Progress) -> Path:
    """Fetch a model into the cache; goes on where an earlier attempt stopped. Raises ModelError."""
    if model.address is None:
        raise ModelError(f"{model.name} comes with the program and is not downloaded")
    _refuse_unverified(model)
    path = cache_folder() / model.file
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ModelError(f"{path.parent}: this folder cannot be made: {error}") from error
    part = path.with_suffix(path.suffix + ".part")
    try:
        fetch(model.address, model.nbytes, part, progress)
    except OSError as error:
        why = getattr(error, "reason", error)
        raise ModelError(f"{model.address}: {why}; what has come is kept, try again") from error
    try:
        if wrong := _difference(model, part):
            part.unlink()
            raise ModelError(f"{model.address}: what came {wrong}; it was thrown away, try again")
        part.replace(path)
    except OSError as error:
        raise ModelError(f"{part} cannot be renamed to {path.name}: {error}") from error
    return path


def fetch(address: str, nbytes: int, part: Path, progress: Progress) -> None:
    """Into `part`, after what is there already. Raises OSError."""
    with part.open("ab") as file:
        hold(file)
        done = file.seek(0, os.SEEK_END)
        if done >= nbytes:
            return
        request = urllib.request.Request(address, headers={"Range": f"bytes={done}-"} if done else {})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                if done and answer.status != 206:  # it cannot go on
                    done = file.truncate(0)
                while chunk := answer.read(CHUNK):
                    file.write(chunk)
                    done += len(chunk)
                    progress(done, nbytes)
        except http.client.HTTPException as error:
            raise OSError(f"the server's answer is none: {error!r}") from error
    if done < nbytes:
        raise OSError(f"the connection ended after {done} of {nbytes} bytes")


def hold(file: IO[bytes]) -> None:
    """Until it is closed no other process fetches into this file. Raises OSError where one does."""
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(HELD_AT)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError) as error:
        raise OSError("another program is downloading it just now") from error


def for_onnxruntime(path: Path) -> str:
    """It writes every path as UTF-8, so this is one of which that makes the file's own name, whatever the
    locale says. (Its bytes would be in memory twice, and know nothing of files beside it.)"""
    return os.fsencode(path).decode(errors="surrogateescape")


def lite_interpreter(model: bytes, threads: int, without: str) -> Any:
    """A .tflite in LiteRT, with its tensors. Raises ModelError where there is no LiteRT; `without` says what
    that means."""
    try:  # not above: every process that looks at settings imports this file
        from ai_edge_litert.interpreter import Interpreter
    except ImportError as error:
        raise ModelError(
            f"LiteRT (the package ai-edge-litert) is not there for this system ({error}); {without}"
        ) from error
    interpreter = Interpreter(model_content=model, num_threads=threads)
    interpreter.allocate_tensors()
    return interpreter
