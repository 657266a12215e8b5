"""`launcher.py cutout`: cuts the people out of a picture or a video, or of all of them in a folder."""

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pipeline.compiled import place_for_compiled
from pipeline.cutout_files import CannotCut, Stopped, files_in, is_video, names_of, targets_of
from pipeline.stopping import INTERRUPTED
from workers.convert._whole import put
from workers.models import ModelError, download, has_file
from workers.person._manifest import MODELS

if TYPE_CHECKING:
    from workers.person._networks import Network

BEST = "selfie-general"
HELP = (
    "cut people out: NAME-overlay.png, NAME-matte.png, NAME-white.png and NAME-rgba.png for each picture; "
    "for a video the same as videos with its sound (rgba is ProRes 4444). Ctrl-C keeps what there is."
)
Pixels = npt.NDArray[np.uint8]


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    cutout = commands.add_parser("cutout", help="cut the people out of pictures and videos", description=HELP)
    cutout.set_defaults(command=cutout_command)
    cutout.add_argument("what", type=Path, metavar="IMAGE|VIDEO|FOLDER")
    cutout.add_argument("--out", type=Path, metavar="FOLDER", help="where to (default: beside the picture)")
    cutout.add_argument("--model", choices=MODELS, default=BEST, help=f"which network finds them ({BEST})")
    cutout.add_argument("--overwrite", action="store_true", help="files of an earlier time")


@place_for_compiled()
def cutout_command(options: argparse.Namespace) -> int:
    """Exit code 1 when something could not be cut out; the rest is."""
    try:
        files, passed_over = files_in(options.what)
        network = _network(options.model)
        folder = options.out or (options.what if options.what.is_dir() else options.what.parent)
        folder.mkdir(parents=True, exist_ok=True)
    except (CannotCut, ModelError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    if passed_over:
        print(passed_over, file=sys.stderr)
    wrong = 0
    for path, name in names_of(files).items():
        try:
            targets = targets_of(path, folder, options.overwrite, name)
            what = _cut(path, network, targets)
            print(f"{path}: {what}{', '.join(target.name for target in targets.values())}", flush=True)
        except Stopped as stopped:
            print(stopped, file=sys.stderr)
            return INTERRUPTED
        except (CannotCut, OSError) as error:
            print(error, file=sys.stderr)
            wrong += 1
    return 1 if wrong else 0


def _network(name: str) -> "Network":
    """Fetched where it is missing. Raises ModelError."""
    from workers.person._networks import Network

    if not has_file(MODELS[name]):
        print(f"downloading {name}", file=sys.stderr)
        download(MODELS[name], lambda done, total: None)
    return Network(name, os.cpu_count() or 1)


def _cut(path: Path, network: "Network", targets: dict[str, Path]) -> str:
    """Writes all files of a picture or video; says how much. Raises CannotCut, Stopped or OSError."""
    if is_video(path):
        from pipeline.cutout_video import cut_video

        return f"{cut_video(path, network, targets)} as "
    _cut_picture(path, network, targets)
    return ""


def _cut_picture(path: Path, network: "Network", targets: dict[str, Path]) -> None:
    """All files, or none."""
    from workers.person._cutout import cut_out, on_white  # compiles, the first time
    from workers.person._masks import Masks

    picture, opaque = read(path)
    seen = picture if opaque is None else on_white(picture, opaque)
    made = cut_out(picture, Masks(network)(seen), opaque)._asdict()
    parts = []
    try:
        for kind, part in _parts(targets):
            parts.append(part)
            try:
                part.write_bytes(_png(made[kind]))
            except OSError as error:
                raise CannotCut(f"{path}: {targets[kind]} cannot be written: {error.strerror}") from error
        for kind, part in _parts(targets):
            put(part, targets[kind])
    finally:
        for part in parts:
            part.unlink(missing_ok=True)


def _parts(targets: dict[str, Path]) -> Iterator[tuple[str, Path]]:
    """Kind → the file that it is while it is being written."""
    for kind, target in targets.items():
        yield kind, target.with_name(f".{target.name}.{os.getpid()}.part")


def read(path: Path) -> tuple[Pixels, Pixels | None]:
    """uint8[H, W, 3], RGB, the way up that the camera says; and how opaque it is, uint8[H, W], where not all
    of it is. Raises CannotCut or OSError."""
    import cv2  # takes 0.2 s, which other commands need not wait for

    from workers.capture._still import decoded_with_opacity

    found = decoded_with_opacity(path.read_bytes())
    if found is None:
        raise CannotCut(f"{path}: is not a picture that OpenCV reads")
    colours, opaque = found
    return np.asarray(cv2.cvtColor(colours, cv2.COLOR_BGR2RGB), np.uint8), opaque


def _png(pixels: Pixels) -> bytes:
    import cv2

    if pixels.ndim == 3:
        order = cv2.COLOR_RGBA2BGRA if pixels.shape[2] == 4 else cv2.COLOR_RGB2BGR
        pixels = np.asarray(cv2.cvtColor(pixels, order), np.uint8)
    return cv2.imencode(".png", pixels)[1].tobytes()
