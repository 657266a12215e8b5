"""`launcher.py convert`: a video, a picture or a folder of pictures into 3D, offline."""

import argparse
import logging
import sys
from dataclasses import replace

from pipeline.compiled import place_for_compiled
from pipeline.convert_depth import check_depth
from pipeline.convert_folder import CannotConvert, agree, folder_of, held
from pipeline.convert_job import check_places, conversion_of, job_of, keeps_depth, settings_for
from pipeline.convert_join import try_out
from pipeline.convert_progress import ErrorLog
from pipeline.convert_run import Interrupted, Run
from pipeline.graph import GraphError
from pipeline.settings import Settings, SettingsError
from pipeline.stopping import INTERRUPTED, stopping
from workers.convert._film import CannotRead
from workers.convert._pictures import picture_files

WRONG_SETTINGS = 2  # exit code


def convert(options: argparse.Namespace) -> int:
    """Exit code 1 when it could not be converted, or not all of it could be read."""
    log = logging.getLogger("stereoring")
    handler = ErrorLog()
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    log.addHandler(handler)
    log.setLevel(options.log_level.upper())
    try:
        settings = settings_for(options.settings, options.profile, options.set)
    except (SettingsError, GraphError) as error:
        print(error, file=sys.stderr)
        return WRONG_SETTINGS
    try:
        return _convert(options, settings, log.level)
    except Interrupted as error:
        print(f"{options.what}: {error}; the same command goes on", file=sys.stderr)
        return INTERRUPTED
    except (CannotConvert, CannotRead, OSError) as error:
        print(error, file=sys.stderr)
        if folder_of(options.out).exists():
            print(f"what is done is kept in {folder_of(options.out)}", file=sys.stderr)
        return 1


def _convert(options: argparse.Namespace, settings: Settings, level: int) -> int:
    """The exit code. Raises CannotConvert, Interrupted, CannotRead or OSError."""
    source, out = options.what.resolve(), options.out.resolve()
    check_places(source, out, options.overwrite)
    with held(out) as folder, stopping() as stop, place_for_compiled():
        conversion = conversion_of(source, out, folder, options.depth_in, options.depth_out)
        if conversion.pictures:
            count = len(picture_files(source))
            check_depth(conversion, out, options.overwrite)
            agree(conversion, out, job_of(conversion, settings), {})
            end = Run(conversion, settings, stop, level).pictures(out, count, options.overwrite)
            print(f"{out}: {end.frames} picture{'s' * (end.frames > 1)}")
            for broken in end.broken:
                print(f"{broken}; it is left out", file=sys.stderr)
            return 1 if end.broken else 0
        stereo, coding = settings.section("stereo"), settings.section("convert")
        try_out(source, folder, out.suffix.lower(), coding, stereo.layout, stereo.swap_eyes)
        check_depth(conversion, out, options.overwrite)
        keeps = {"keeps_depth": keeps_depth(conversion, settings)}
        conversion = replace(conversion, **agree(conversion, out, job_of(conversion, settings), keeps))
        end = Run(conversion, settings, stop, level).video(out, options.overwrite)
    print(f"{out}: {end.frames} frames")
    for broken in end.broken:
        print(f"{source}: cannot be read as it should, {broken}", file=sys.stderr)
    return 1 if end.broken else 0
