"""Depth models by name, by file and by folder; what all models share is in workers/models.py."""

from pathlib import Path

from workers.depth import _folders
from workers.depth._hub_models import HUB_MODELS
from workers.depth._manifest import MODELS
from workers.models import ModelError, Progress, cache_folder, fetch, find_file, has_file


def find(name: str) -> Path:
    """The file of a model by name, the folder of one of Hugging Face's (org/name), or the file or folder of
    one's own that a path names. Raises ModelError."""
    if name in MODELS:
        return find_file(MODELS[name])
    try:
        path = Path(name).expanduser()
    except RuntimeError as error:
        raise ModelError(f"depth.model: {name} begins with the name of nobody who has a home here") from error
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


def _find_folder(name: str) -> Path:
    model = HUB_MODELS.get(name)
    if model is not None and not model.runs:
        raise ModelError(f"depth.model: this version cannot run {name}; it takes {model.needs}")
    folder = _folders.find(name, cache_folder())
    if folder is None:
        begun = _folders.is_begun(name, cache_folder())
        raise ModelError(
            f"depth.model: {name} is {'only in part' if begun else 'not'} on this machine; get "
            f"{'the rest' if begun else 'it'} with `launcher.py models download {name}`"
        )
    return folder


def is_here(name: str) -> bool:
    """Whether its file or folder is there, right or wrong."""
    if name not in MODELS:
        return _folders.find(name, cache_folder()) is not None
    return has_file(MODELS[name])


def download_folder(name: str, progress: Progress) -> Path:
    """Fetch org/name from Hugging Face into the cache. Raises ModelError."""
    model = HUB_MODELS.get(name)
    if model is not None and not model.runs:
        raise ModelError(f"this version cannot run {name}; it takes {model.needs}")
    try:
        return _folders.download(name, cache_folder(), fetch, progress)
    except _folders.NotThere as error:
        raise ModelError(str(error)) from error
