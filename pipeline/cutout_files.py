"""What `launcher.py cutout` reads, and what it writes beside it."""

from collections import Counter
from pathlib import Path

KINDS = ("overlay", "matte", "white", "rgba")
PICTURES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"}
VIDEOS = {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".ts", ".mpg", ".mpeg", ".wmv", ".flv"}
SOUND_IN = {".mp4": ".mp4", ".m4v": ".mp4", ".mov": ".mov"}
"""A video's ending → that of its cut-outs, which its sound is copied into; .mkv takes that of all others."""


class CannotCut(Exception):
    """What is wrong with a picture or a video, or with where its cut-outs go."""


class Stopped(Exception):
    """By Ctrl-C, in a video; says what was made of it, which is kept."""


def files_in(what: Path) -> tuple[list[Path], list[str]]:
    """The file itself, or the pictures and videos in the folder by their endings, and the names of what is
    neither. Raises CannotCut."""
    if what.is_file():
        return [what], []
    if not what.is_dir():
        raise CannotCut(f"{what}: there is no such file or folder")
    endings = PICTURES | VIDEOS
    there = [path for path in sorted(what.iterdir()) if _is_file(path) and not _is_ours(path)]
    found = [path for path in there if path.suffix.lower() in endings]
    if not found:
        raise CannotCut(f"{what}: there is no picture or video in it ({', '.join(sorted(endings))})")
    return found, [path.name for path in there if path not in found and not path.name.startswith(".")]


def _is_file(path: Path) -> bool:
    """Or a link that leads nowhere, of which is said that it cannot be read."""
    return path.is_file() or not path.exists()


def _is_ours(path: Path) -> bool:
    """It was cut out earlier."""
    return path.stem.endswith(tuple(f"-{kind}" for kind in KINDS))


def names_of(files: list[Path]) -> dict[Path, str]:
    """What the names of their cut-outs begin with; with the ending where two have the same name without."""
    stems = Counter(path.stem.lower() for path in files)
    return {path: path.name if stems[path.stem.lower()] > 1 else path.stem for path in files}


def targets_of(path: Path, folder: Path, overwrite: bool, name: str = "") -> dict[str, Path]:
    """Kind → file; their names begin with `name`, or the file's own. Raises CannotCut where one is there
    already."""
    endings = dict.fromkeys(KINDS, ".png")
    if path.suffix.lower() in VIDEOS:
        endings = dict.fromkeys(KINDS, SOUND_IN.get(path.suffix.lower(), ".mkv"))
        endings["rgba"] = ".mkv" if endings["white"] == ".mkv" else ".mov"  # ProRes, as editors take it
    targets = {kind: folder / f"{name or path.stem}-{kind}{ending}" for kind, ending in endings.items()}
    there = [str(target) for target in targets.values() if target.exists()]
    if there and not overwrite:
        raise CannotCut(f"{path}: {', '.join(there)} is there already; give --overwrite or another --out")
    return targets
