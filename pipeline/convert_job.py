"""What a conversion is asked for: its settings, its places, and what makes two of them the same."""

import logging
import shutil
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from pipeline.convert_folder import CannotConvert
from pipeline.convert_run import expected_frames
from pipeline.graph import TRUE_DEPTH, GraphError
from pipeline.pick import pick
from pipeline.settings import Settings, load
from workers.convert._conversion import Conversion
from workers.convert._pictures import ENDINGS, picture_files

SHOWING = ("depth", "steady", "stereo", "convert")  # the sections that the result depends on
SHARE_OF_DISK = 0.5  # of what is free, for depth that is kept between the passes
WRITTEN = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
log = logging.getLogger("stereoring.convert")


def settings_for(file: Path, profile: str | None, overrides: Sequence[str]) -> Settings:
    """Without any auto, and without what is for live pictures only. Raises SettingsError or GraphError."""
    asked = load(file, profile=profile, overrides=overrides)
    sections = dict(asked.sections)
    if sections["depth"].model == TRUE_DEPTH:
        raise GraphError(f"depth.model: {TRUE_DEPTH} is for the test scene; name a network")
    sections["job"] = replace(sections["job"], kind="3d")
    sections["capture"] = replace(sections["capture"], source="video")
    sections["depth"] = replace(sections["depth"], sync="exact", fps=0)
    if sections["stereo"].where == "sink":
        sections["stereo"] = replace(sections["stereo"], where="own")
    settings, reasons = pick(replace(asked, sections=sections, sinks=("writing",)))
    for reason in reasons:
        log.info("%s", reason)
    return settings


def check_places(source: Path, out: Path, overwrite: bool) -> None:
    """Raises CannotConvert."""
    if not source.exists():
        raise CannotConvert(f"{source}: there is no such file or folder")
    if out == source:
        raise CannotConvert(f"{out}: is what would be converted; give the result another name")
    if out.exists() and not overwrite:
        raise CannotConvert(f"{out}: is there already; give --overwrite or another name")
    if out.exists() and out.is_dir() != source.is_dir():
        raise CannotConvert(f"{out}: is a {'folder' if out.is_dir() else 'file'} already; give another name")
    if source.is_dir() and not picture_files(source):
        raise CannotConvert(f"{source}: there is no picture in it ({', '.join(sorted(ENDINGS))})")
    if _is_picture(source) and out.suffix.lower() not in WRITTEN:
        raise CannotConvert(f"{out}: a picture becomes a picture ({', '.join(WRITTEN)})")


def conversion_of(
    source: Path, out: Path, folder: Path, depth_in: Path | None, depth_out: Path | None
) -> Conversion:
    single = _is_picture(source)
    return Conversion(
        source=source,
        folder=folder,
        pictures=single or source.is_dir(),
        ending=out.suffix.lower() if single else "",
        depth_in=depth_in and depth_in.resolve(),
        depth_out=depth_out and depth_out.resolve(),
    )


def job_of(conversion: Conversion, settings: Settings) -> dict[str, Any]:
    """What has to be the same for a conversion to go on: the source, as names, sizes and times of its files
    tell it, the depth that is given, and the settings that show."""
    about = {
        "source": [part for path in picture_files(conversion.source) for part in _state_of(path)],
        "--depth-in": conversion.depth_in,
        "--depth-out": conversion.depth_out,
    }
    return about | {name: asdict(settings.section(name)) for name in SHOWING}


def keeps_depth(conversion: Conversion, settings: Settings) -> bool:
    """Whether the first pass's maps fit on the disk, so that the second need not ask the network again."""
    depth = settings.section("depth")
    frames = expected_frames(conversion.source)
    needed = frames * depth.width * depth.height * 2
    room = shutil.disk_usage(conversion.folder).free * SHARE_OF_DISK
    if conversion.depth_in is not None:
        return False
    if not frames or needed > room:
        log.warning("depth is not kept between the passes (%.1f GB): the network looks twice", needed / 1e9)
        return False
    log.info("depth is kept in %s meanwhile: %.2f GB", conversion.folder, needed / 1e9)
    return True


def _state_of(path: Path) -> tuple[Path, int, int]:
    try:
        status = path.stat()
    except OSError:  # a link to nothing, or to itself: said where it is read
        return path, 0, 0
    return path, status.st_size, status.st_mtime_ns


def _is_picture(source: Path) -> bool:
    return source.is_file() and source.suffix.lower() in ENDINGS
