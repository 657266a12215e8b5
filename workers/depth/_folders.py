"""Networks as Hugging Face has them: folders with config.json, preprocessor_config.json and weights, where
they lie on a machine, and how they are fetched.

A folder is found plain (org/name) and in the layout of Hugging Face's own cache (models--org--name/snapshots/
COMMIT), in STEREORING_MODELS, in our cache and in theirs. Nothing is fetched unless `download` is called.
"""

import hashlib
import json
import os
import re
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ENDPOINT = "https://huggingface.co"
NAME = re.compile(r"[\w.-]+/[\w.-]+")
CONFIGS = ("config.json", "preprocessor_config.json")
WEIGHTS = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
)  # the first that is there
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
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("HF_HOME") or base / "huggingface").expanduser() / "hub"


def find(name: str, ours: Path) -> Path | None:
    """The folder of the network org/name, None where it is not on this machine."""
    return next((found for place in places(name, ours) if (found := network_in(place))), None)


def download(name: str, ours: Path, fetch: Fetch, progress: Progress) -> Path:
    """Fetch the newest version of org/name into our cache, from HF_ENDPOINT where that is set; what is there
    already stays. `fetch(address, bytes, part, progress)` gets one file and raises OSError. Returns the
    folder. Raises NotThere."""
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
        raise NotThere(
            f"HF_HUB_OFFLINE is set, so {name} is not fetched; unset it, or put the network's folder there"
        )
    address = (os.environ.get("HF_ENDPOINT") or ENDPOINT).rstrip("/")
    about = _about(f"{address}/api/models/{name}?blobs=true")
    wanted = needed(about["siblings"], name)
    commit = str(about["sha"])
    folder = ours / cached(name) / "snapshots" / commit
    folder.mkdir(parents=True, exist_ok=True)
    whole, before = sum(entry["size"] for entry in wanted), 0
    for entry in wanted:
        file = entry["rfilename"]
        source = f"{address}/{name}/resolve/{commit}/{urllib.parse.quote(file)}"

        def told(done: int, _: int, before: int = before) -> None:
            progress(before + done, whole)

        _get(source, entry, folder / file, fetch, told)
        before += entry["size"]
    (ours / cached(name) / "refs").mkdir(exist_ok=True)
    (ours / cached(name) / "refs" / "main").write_text(commit)
    return folder


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
    return [by_name[file] for file in (*CONFIGS, weights, *more)]


def _about(address: str) -> Any:
    try:
        with urllib.request.urlopen(address, timeout=30) as answer:
            return json.load(answer)
    except (OSError, ValueError) as error:
        raise NotThere(f"{address}: {getattr(error, 'reason', error)}") from error


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
