"""Players of every stream come and leave, some without a word: each gets a picture, nothing of them stays."""

import json
import os
import random
import time
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import closing
from itertools import cycle, islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pipeline.stats import Observer
from scripts.bench_live import all_run, free_port
from scripts.bench_streams import make_silence
from scripts.soaking.footprint import Footprint, settled
from scripts.soaking.joined import Joined
from scripts.soaking.launching import SCENE, START_LIMIT, Launched, say, until
from scripts.soaking.leavings import stop_and_check
from scripts.soaking.report import Result, Table
from scripts.soaking.watching import check_zero, processes
from workers.sinks._web.tokens import view_token

AT_ONCE = 3  # at most; two cores decode for them
CUT = 0.5  # of all
SLEEPS_WITHIN = 90.0  # seconds; WebRTC waits half a minute for who says nothing
STILL = 1.0  # seconds
MOST_MB = 10.0  # that a sink may have grown by
POOL = (os.cpu_count() or 1) + 4  # threads, of which asyncio starts one more when all others are busy
SINKS = ("stream", "web")
SETTINGS = (*SCENE[1:], "capture.fps=20", "scene.width=320", "scene.height=180", "sinks=[stream, web]")


class Doors:
    """Where somebody can join, by each way."""

    def __init__(self) -> None:
        self.web, self.rtsp = free_port(), free_port()
        page, play = f"http://127.0.0.1:{self.web}", f"rtsp://127.0.0.1:{self.rtsp}/live"
        self.urls = {
            "rtsp-tcp": play,
            "rtsp-udp": play,
            "mse": page,
            "whep": page,
            "hls": f"{page}/hls/{view_token()}/live.m3u8",
        }

    def looking(self) -> list[str]:
        """How those look who are counted by the web sink. The other tells nobody, but it would not sleep."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.web}/state", timeout=START_LIMIT) as answer:
            return [client["kind"] for client in json.load(answer)["clients"]]


class Visit(NamedTuple):
    way: str
    seconds: float
    cut: bool


class Kept(NamedTuple):
    """What a sink has while nobody looks."""

    footprint: Footprint
    threads: int


def fill(result: Result, folder: Path, times: int) -> None:
    doors, sound = Doors(), folder / "silence.wav"
    make_silence(sound)
    heard = ("audio.source=sound_file", f"sound_file.path={sound}")
    wanted = (*SETTINGS, *heard, f"web.port={doors.web}", f"stream.rtsp_port={doors.rtsp}")
    arguments = ("launcher.py", *(f"--set={value}" for value in wanted))
    with Launched(folder, arguments) as launched, closing(launched.observer()) as observer:
        until(lambda: all_run(observer), "all workers run", START_LIMIT)
        ways = list(islice(cycle(doors.urls), times))
        _come_and_leave(folder, doors, sorted(set(ways)), cut=0.0)  # what they need is loaded now, and stays
        before = _asleep(observer, doors)
        random.shuffle(ways)
        visits = _come_and_leave(folder, doors, ways, CUT)
        result.check("each got a picture", len(visits) == times, f"{len(visits)} of {times}")
        after = _asleep(observer, doors)
        result.check("nobody is counted as looking, and everything sleeps", True, "asleep")
        result.tables.append(_table(visits))
        _check_flat(result, before, after)
        check_zero(result, observer.figures()["workers"], "restarts")
        stop_and_check(result, launched)


def _come_and_leave(folder: Path, doors: Doors, ways: Sequence[str], cut: float) -> list[Visit]:
    """Each as soon as the one before has its picture; how many look meanwhile is left to chance. Raises
    SoakError."""
    looking, visits = list[Joined](), list[Visit]()
    for number, way in enumerate(ways, 1):
        say(f"joins: {number} of {len(ways)}, {way}")
        looking.append(Joined(way, doors.urls[way], folder / f"player-{number}.txt"))
        stay = random.randrange(AT_ONCE) if number < len(ways) else 0
        while len(looking) > stay:
            visits.append(_ended(looking.pop(random.randrange(len(looking))), cut))
    return visits


def _ended(player: Joined, cut: float) -> Visit:
    without_a_word = random.random() < cut
    if without_a_word:
        player.cut()
    else:
        player.leave()
    return Visit(player.way, player.seconds, without_a_word)


def _asleep(observer: Observer, doors: Doors) -> dict[str, Kept]:
    """What the sinks have, once all have left. Raises SoakError."""
    until(lambda: not doors.looking(), "the web sink counts nobody", SLEEPS_WITHIN)
    until(lambda: _frames(observer) == _frames_later(observer), "everything sleeps", SLEEPS_WITHIN)
    figures = observer.figures()
    footprints = settled({name: processes(figures)[name] for name in SINKS})
    threads = {worker["name"]: worker["threads"] for worker in figures["workers"]}
    return {name: Kept(footprints[name], threads[name]) for name in SINKS}


def _frames(observer: Observer) -> dict[str, int]:
    return {ring["name"]: ring["seq"] for ring in observer.figures()["rings"]}


def _frames_later(observer: Observer) -> dict[str, int]:
    time.sleep(STILL)
    return _frames(observer)


def _check_flat(result: Result, before: Mapping[str, Kept], after: Mapping[str, Kept]) -> None:
    rows = []
    for name in SINKS:
        (was, threads_before), (now, threads) = before[name], after[name]
        rows.append(
            (name, was.descriptors, now.descriptors, threads_before, threads, was.anonymous, now.anonymous)
        )
        more = now.descriptors - was.descriptors
        result.check(f"{name} has no more open than before", more <= 0, f"{more:+d}")
        more = threads - threads_before
        result.check(f"{name} has no thread for each that came", more <= POOL, f"{more:+d}")
        grown = now.anonymous - was.anonymous
        result.check(f"{name} has grown by less than {MOST_MB:g} MB", grown < MOST_MB, f"{grown:+.1f} MB")
    heads = ("sink", "fds", "then", "threads", "then", "own MB", "then")
    result.tables.append(Table("while nobody looks, before and after", heads, rows))


def _table(visits: Sequence[Visit]) -> Table:
    rows = []
    for way in sorted({visit.way for visit in visits}):
        mine = [visit for visit in visits if visit.way == way]
        waited = [visit.seconds for visit in mine]
        cut = sum(visit.cut for visit in mine)
        rows.append((way, len(mine), cut, float(np.median(waited)), max(waited)))
    heads = ("way", "joins", "cut off", "middle", "longest")
    return Table("seconds to the first picture, with the player's own start", heads, rows)
