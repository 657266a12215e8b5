"""What `launcher.py cutout` reads, and what it writes beside it."""

from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path

FEW = 8  # names that are said
KINDS = ("overlay", "matte", "white", "rgba")
PICTURES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"}
VIDEOS = {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".ts", ".mpg", ".mpeg", ".wmv", ".flv"}
SOUND_IN = {".mp4": ".mp4", ".m4v": ".mp4", ".mov": ".mov"}
"""A video's ending → that of its cut-outs, which its sound is copied into; .mkv takes that of all others."""


class CannotCut(Exception):
    """What is wrong with a picture or a video, or with where its cut-outs go."""


class Stopped(Exception):
    """By Ctrl-C, in a video; says what was made of it, which is kept."""


def files_in(what: Path) -> tuple[list[Path], str]:
    """The file itself, or the pictures and videos in the folder; and what is said of those that are passed
    over. Raises CannotCut."""
    if what.is_file():
        return [what], ""
    if not what.is_dir():
        raise CannotCut(f"{what}: there is no such file or folder")
    endings = PICTURES | VIDEOS
    there = [path for path in sorted(what.iterdir()) if _is_file(path) and not path.name.startswith(".")]
    of_a_kind = [path for path in there if path.suffix.lower() in endings]
    cut = [path for path in of_a_kind if _source_of(path)]
    found = [path for path in of_a_kind if path not in cut]
    if not found:
        raise CannotCut(f"{what}: there is no picture or video in it ({', '.join(sorted(endings))})")
    sources = {name for path in found for name in (path.name, path.stem)}
    alone = [path.name for path in cut if _source_of(path) not in sources]
    others = [path.name for path in there if path not in of_a_kind]
    said = _said("by their endings", others), _said("for they are named like cut-outs", alone)
    return found, "\n".join(filter(None, said))


def _is_file(path: Path) -> bool:
    """Or a link that leads nowhere, of which is said that it cannot be read."""
    return path.is_file() or not path.exists()


def _source_of(path: Path) -> str:
    """What the name of a cut-out begins with; "" for what is named otherwise."""
    return next((path.stem.removesuffix(f"-{kind}") for kind in KINDS if path.stem.endswith(f"-{kind}")), "")


def _said(why: str, names: list[str]) -> str:
    more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
    return f"passed over, {why}: {', '.join(names[:FEW])}{more}" if names else ""


def is_video(path: Path) -> bool:
    """By its ending; where that says nothing, what OpenCV does not know as a picture."""
    ending = path.suffix.lower()
    if ending in PICTURES | VIDEOS:
        return ending in VIDEOS
    import cv2  # takes 0.2 s, which other commands need not wait for

    return not cv2.haveImageReader(str(path))


def names_of(files: list[Path]) -> dict[Path, str]:
    """What the names of their cut-outs begin with: the file's without its ending, or with it where two have
    the same without, and with a number where that is another's. Upper case is the same name as lower case:
    on some disks it is."""
    stems = Counter(path.stem.lower() for path in files)
    names, taken = dict[Path, str](), set[str]()
    for path in files:
        usual = path.name if stems[path.stem.lower()] > 1 else path.stem
        name = next(name for name in _numbered(usual) if name.lower() not in taken)
        names[path] = name
        taken.add(name.lower())
    return names


def _numbered(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name}-{number}" for number in count(2))


def targets_of(path: Path, folder: Path, overwrite: bool, name: str = "") -> dict[str, Path]:
    """Kind → file; their names begin with `name`, or the file's own. Raises CannotCut where one is there
    already."""
    endings = dict.fromkeys(KINDS, ".png")
    if is_video(path):
        endings = dict.fromkeys(KINDS, SOUND_IN.get(path.suffix.lower(), ".mkv"))
        endings["rgba"] = ".mkv" if endings["white"] == ".mkv" else ".mov"  # ProRes, as editors take it
    targets = {kind: folder / f"{name or path.stem}-{kind}{ending}" for kind, ending in endings.items()}
    there = [str(target) for target in targets.values() if target.exists()]
    if there and not overwrite:
        raise CannotCut(f"{path}: {', '.join(there)} is there already; give --overwrite or another --out")
    return targets
