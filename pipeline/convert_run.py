"""The passes of a conversion, each a line of processes that lives as long as it takes. Whatever ends one, the
next begins after what is done."""

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from pipeline.convert_depth import maps_in
from pipeline.convert_folder import (
    CannotConvert,
    clear,
    files_in,
    frames_of,
    is_surveyed,
    put_in_place,
    surveyed,
    tidy,
    written,
)
from pipeline.convert_join import join
from pipeline.convert_progress import progress_of
from pipeline.graph import OFFLINE, GraphError, make_plan
from pipeline.settings import Settings
from pipeline.supervisor import Supervisor
from shm.errors import NoMemory
from workers.convert._conversion import WARM_UP, Conversion, End
from workers.convert._film import opened
from workers.convert._segments import segments_in
from workers.sinks._stereo_mode import stereo_mode

WHAT = {"survey": "looking", "convert": "converting"}
IN_VAIN = 2  # passes in a row that die without having done anything
log = logging.getLogger("stereoring.convert")
Done = Callable[[], int]


class Interrupted(Exception):
    """By Ctrl-C; says how far it is."""


class Run:
    """One conversion of a video or of pictures. `overwrite`: the result may be there."""

    def __init__(self, conversion: Conversion, settings: Settings, stop: threading.Event, level: int) -> None:
        self._conversion, self._settings, self._stop, self._level = conversion, settings, stop, level

    def video(self, out: Path, overwrite: bool) -> End:
        """Raises CannotConvert or Interrupted."""
        conversion = self._conversion
        expected = expected_frames(conversion.source)
        tidy(conversion)
        depth = self._settings.section("depth")
        looked = partial(surveyed, conversion, depth.width * depth.height * 2)
        self._repeat("survey", looked, expected, 1, lambda: is_surveyed(conversion))
        end = frames_of(conversion)
        _check_depth(conversion, end.frames)
        done = partial(written, conversion)
        self._repeat("convert", done, end.frames, WARM_UP, lambda: done() >= end.frames)
        made = conversion.folder / out.name
        segments = [path for _, _, path in segments_in(conversion.segments)]
        join(conversion.source, segments, made, stereo_mode(self._settings.section("stereo")), end)
        put_in_place(made, out, overwrite)
        clear(conversion.folder)
        return end

    def pictures(self, out: Path, count: int, overwrite: bool) -> End:
        """`count`: files that there are. Raises CannotConvert or Interrupted."""
        conversion = self._conversion
        tidy(conversion)
        done = partial(files_in, conversion.segments)

        def is_over() -> bool:
            end = End.read(conversion)
            return end is not None and done() >= end.frames

        if not conversion.whole.exists():
            self._repeat("convert", done, count, 0, is_over)
        end = frames_of(conversion)
        if not end.frames:
            raise CannotConvert(f"{conversion.source}: has no picture that OpenCV reads")
        if conversion.is_one_picture:
            put_in_place(next(conversion.segments.iterdir()), out, overwrite)
        else:
            conversion.whole.touch()
            put_in_place(conversion.segments, out, overwrite)
        clear(conversion.folder)
        return end

    def _repeat(self, job: str, done: Done, total: int, before: int, is_over: Callable[[], bool]) -> None:
        """Passes until it is over; each begins `before` frames before the first that is not done."""
        in_vain = 0
        while not is_over():
            first = done()
            passing = replace(self._conversion, job=job, begin=max(0, first - before), first=first)
            hopeless = self._pass(passing, total)
            tidy(self._conversion)
            if is_over():
                return
            how_far = f"{done()} of {total or '?'} frames are done ({WHAT[job]})"
            if self._stop.is_set():
                raise Interrupted(f"stopped; {how_far}")
            in_vain = in_vain + 1 if done() <= first else 0
            if hopeless or in_vain >= IN_VAIN:
                raise CannotConvert(f"{self._conversion.source}: cannot be converted further; {how_far}")
            log.warning("going on with frame %d", done())

    def _pass(self, passing: Conversion, total: int) -> bool:
        """Whether another try would end the same. Raises CannotConvert."""
        sections = {**self._settings.sections, "conversion": passing}
        try:
            plan = make_plan(replace(self._settings, sections=sections), job=passing.job)
            log.info("%s", plan.text())
            supervisor = Supervisor(plan, self._level, all_or_nothing=True)
        except (GraphError, NoMemory) as error:
            raise CannotConvert(str(error)) from error
        last = supervisor.workers[OFFLINE[passing.job]]
        with progress_of(WHAT[passing.job], passing.first, total) as progress:

            def every_round() -> None:
                supervisor.stop_requested |= self._stop.is_set()
                steps = supervisor.board.line(last.row).read().steps
                progress.update(progress.task_ids[0], completed=max(passing.first, passing.begin + steps))

            supervisor.run(every_round)
        return supervisor.hopeless


def expected_frames(source: Path) -> int:
    """As far as the file says; 0 if it does not. Raises workers.convert._film.CannotRead."""
    with opened(source) as (container, stream):
        if stream.frames:
            return int(stream.frames)
        length = (container.duration or 0) / 1_000_000
        return round(length * float(stream.average_rate or 0))


def _check_depth(conversion: Conversion, frames: int) -> None:
    """Raises CannotConvert."""
    if conversion.depth_in is None:
        return
    maps = len(maps_in(conversion.depth_in))
    if maps != frames:
        raise CannotConvert(
            f"{conversion.depth_in}: has {maps} PNGs, and {conversion.source} {frames} frames"
        )
