"""Networks as Hugging Face has them: folders with config.json, preprocessor_config.json and weights, where
they lie on a machine, and how they are fetched.

A folder is found plain (org/name) and in the layout of Hugging Face's own cache (models--org--name/snapshots/
COMMIT), in STEREORING_MODELS, in our cache and in theirs. Nothing is fetched unless `download` is called.
"""

import hashlib
import http.client
import json
import os
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from workers.house import home

ENDPOINT = "https://huggingface.co"
NAME = re.compile(r"[\w.-]+/[\w.-]+")
CONFIGS = ("config.json", "preprocessor_config.json")
WEIGHTS = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
)  # the first that is there
REFUSED = (  # Hugging Face says Unauthorized also of what there is not
    "there is no network {name}, or it is only for those with an account, and the program has none: with "
    "yours, `hf download {name}` puts it where the program finds it"
)
Progress = Callable[[int, int], None]
Fetch = Callable[[str, int, Path, Progress], None]


class NotThere(Exception):
    """What cannot be had from Hugging Face, and why."""


def is_name(text: str) -> bool:
    """Whether it looks like org/name."""
    return NAME.fullmatch(text) is not None


def network_in(folder: Path) -> Path | None:
    """The folder with a config.json: this one, or the snapshot in it that its refs/main names (where there is
    none, the one that came last). None where there is no network."""
    if (folder / "config.json").is_file():
        return folder
    main = folder / "refs" / "main"
    if main.is_file():
        named = folder / "snapshots" / main.read_text().strip()
        if (named / "config.json").is_file():
            return named
    found = [file.parent for file in folder.glob("snapshots/*/config.json")]
    return max(found, key=lambda snapshot: snapshot.stat().st_mtime, default=None)


def places(name: str, ours: Path) -> Iterator[Path]:
    """Where the network org/name may lie, the first choice first; `ours` is our own cache."""
    roots = [Path(os.environ["STEREORING_MODELS"])] if os.environ.get("STEREORING_MODELS") else []
    for root in (*roots, ours, hugging_face_cache()):
        yield root / name
        yield root / cached(name)


def cached(name: str) -> str:
    """The folder of org/name in the layout of Hugging Face's cache."""
    return "models--" + name.replace("/", "--")


def hugging_face_cache() -> Path:
    """As its own programs find it (huggingface_hub, "environment variables")."""
    if os.environ.get("HF_HUB_CACHE"):
        return Path(os.environ["HF_HUB_CACHE"])
    base = Path(os.environ.get("XDG_CACHE_HOME") or home() / ".cache")
    return Path(os.environ.get("HF_HOME") or base / "huggingface").expanduser() / "hub"


def find(name: str, ours: Path) -> Path | None:
    """The folder of the network org/name, None where it is not on this machine, or only in part."""
    return next((found for found in _begun(name, ours) if is_whole(found)), None)


def is_begun(name: str, ours: Path) -> bool:
    """Whether at least a part of it is here."""
    return any(_begun(name, ours))


def is_whole(folder: Path) -> bool:
    """Not only begun to be downloaded."""
    return not any(folder.glob("*.part")) and any((folder / weights).is_file() for weights in WEIGHTS)


def _begun(name: str, ours: Path) -> Iterator[Path]:
    return (found for place in places(name, ours) if (found := network_in(place)) is not None)


def download(name: str, ours: Path, fetch: Fetch, progress: Progress) -> Path:
    """Fetch the newest version of org/name into our cache, from HF_ENDPOINT where that is set; what is there
    already stays. `fetch(address, bytes, part, progress)` gets one file and raises OSError. Returns the
    folder. Raises NotThere."""
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
        raise NotThere(
            f"HF_HUB_OFFLINE is set, so {name} is not fetched; unset it, or put the network's folder there"
        )
    address = (os.environ.get("HF_ENDPOINT") or ENDPOINT).rstrip("/")
    commit, wanted = _announced(address, name)
    folder = ours / cached(name) / "snapshots" / commit
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _get_all(f"{address}/{name}/resolve/{commit}", wanted, folder, fetch, progress)
        (ours / cached(name) / "refs").mkdir(exist_ok=True)
        (ours / cached(name) / "refs" / "main").write_text(commit)
    except OSError as error:
        raise NotThere(f"{name} cannot be put into {folder}: {error}") from error
    return folder


def _announced(address: str, name: str) -> tuple[str, list[dict[str, Any]]]:
    """The newest commit and the files of it that make the network. Raises NotThere."""
    about = _about(f"{address}/api/models/{name}?blobs=true", name)
    try:
        wanted = needed(about["siblings"], name)
        return str(about["sha"]), [entry | {"size": int(entry["size"])} for entry in wanted]
    except (KeyError, TypeError, ValueError) as error:
        raise NotThere(
            f"{address}: does not say which files {name} has ({error!r}), as Hugging Face does; is "
            "HF_ENDPOINT a mirror of it?"
        ) from error


def _get_all(
    source: str, wanted: list[dict[str, Any]], folder: Path, fetch: Fetch, progress: Progress
) -> None:
    whole, before = sum(entry["size"] for entry in wanted), 0
    for entry in wanted:
        file = entry["rfilename"]

        def told(done: int, _: int, before: int = before) -> None:
            progress(before + done, whole)

        _get(f"{source}/{urllib.parse.quote(file)}", entry, folder / file, fetch, told)
        before += entry["size"]


def needed(files: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    """Of all files of a repository those that make the network: both configs and one kind of weights.
    Raises NotThere."""
    by_name = {entry["rfilename"]: entry for entry in files}
    weights = next((kind for kind in WEIGHTS if kind in by_name), None)
    missing = [file for file in CONFIGS if file not in by_name]
    if missing or weights is None:
        what = " and ".join([*missing, *(["its weights"] if weights is None else [])])
        raise NotThere(f"{name} has no {what}, so it is not a network that transformers builds")
    parts = [file for file in by_name if re.fullmatch(r"model-\d+-of-\d+\.safetensors", file)]
    more = sorted(parts) if weights.endswith(".index.json") else []
    return [by_name[file] for file in (*CONFIGS, *more, weights)]  # the index last: with it all is there


def _about(address: str, name: str) -> Any:
    try:
        with urllib.request.urlopen(address, timeout=30) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        why = f"; {REFUSED.format(name=name)}" if error.code in (401, 403, 404) else ""
        raise NotThere(f"{address}: {error.reason}{why}") from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise NotThere(f"{address}: {getattr(error, 'reason', None) or repr(error)}") from error


def _get(source: str, entry: dict[str, Any], file: Path, fetch: Fetch, progress: Progress) -> None:
    """One file, compared with the size and, where Hugging Face knows it, the sha256 that it names."""
    if file.is_file() and file.stat().st_size == entry["size"]:
        return
    part = file.with_name(file.name + ".part")
    try:
        fetch(source, entry["size"], part, progress)
    except OSError as error:
        why = getattr(error, "reason", error)
        raise NotThere(f"{source}: {why}; what has come is kept, try again") from error
    wanted = (entry.get("lfs") or {}).get("sha256")
    with part.open("rb") as content:
        found = hashlib.file_digest(content, "sha256").hexdigest()
    if part.stat().st_size != entry["size"] or (wanted and found != wanted):
        part.unlink()
        raise NotThere(
            f"{source}: what came is not the file that was announced; it was thrown away, try again"
        )
    part.replace(file)
