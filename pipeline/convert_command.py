"""The words of `launcher.py convert`. The work is in convert.py, which takes a moment to import."""

import argparse
import os
from pathlib import Path

HELP = (
    "turn a video, a picture or a folder of pictures into 3D; after Ctrl-C or a kill the same command goes on"
)


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]", settings: Path) -> None:
    """`settings`: the file that is read if none is given."""
    convert = commands.add_parser("convert", help="turn videos and pictures into 3D files", description=HELP)
    convert.set_defaults(command=_convert)
    convert.add_argument("what", type=Path, metavar="IN", help="a video, a picture or a folder of pictures")
    convert.add_argument("out", type=Path, metavar="OUT", help=".mp4, .mkv, .mov …, a picture, or a folder")
    convert.add_argument(
        "--settings", type=Path, default=settings, metavar="FILE", help="instead of settings.yaml"
    )
    convert.add_argument("--profile", metavar="NAME", help="a profile of the settings file, on top of it")
    convert.add_argument(
        "--set", action="append", default=[], metavar="SECTION.KEY=VALUE", help="on top of all"
    )
    convert.add_argument("--overwrite", action="store_true", help="OUT may be there already")
    convert.add_argument("--depth-in", type=_folder, metavar="FOLDER", help="16-bit PNGs, not a network")
    convert.add_argument("--depth-out", type=_folder, metavar="FOLDER", help="write depth as 16-bit PNGs")
    convert.add_argument(
        "--log-level", choices=("debug", "info", "warning", "error"), default="warning", help="(warning)"
    )


def _folder(text: str) -> Path:
    """A shell does not write the home folder out behind an equals sign."""
    return Path(os.path.expanduser(text))


def _convert(options: argparse.Namespace) -> int:
    from pipeline.convert import convert

    return convert(options)
