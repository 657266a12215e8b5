"""What a process holds: memory, descriptors, mappings, segments. Read from /proc, so on Linux only."""

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil

MEMFD = "/memfd:stereoring-"
LOOKS = 5
APART = 0.037  # seconds; no multiple of a frame's time, or each look would meet the same moment of a step


class Footprint(NamedTuple):
    """One process at one moment. Shared pages count in `rss` of everybody who has touched them, in `pss` in
    parts, in `uss` not at all; `anonymous` is what the process itself has allocated. Memory in MB."""

    rss: float
    pss: float
    uss: float
    anonymous: float
    shared: float
    descriptors: int
    mappings: int
    segment_mappings: int
    segment_descriptors: int


def footprint(pid: int) -> Footprint:
    """Raises psutil.NoSuchProcess."""
    try:
        status = _kilobytes(Path(f"/proc/{pid}/status").read_text())
        rollup = _kilobytes(Path(f"/proc/{pid}/smaps_rollup").read_text())
        maps = Path(f"/proc/{pid}/maps").read_text().splitlines()
        links = [link for _, link in _descriptors(pid)]
    except (FileNotFoundError, ProcessLookupError) as error:
        raise psutil.NoSuchProcess(pid) from error
    return Footprint(
        rss=status["VmRSS"] / 1e3,
        pss=rollup["Pss"] / 1e3,
        uss=(rollup["Private_Clean"] + rollup["Private_Dirty"]) / 1e3,
        anonymous=status["RssAnon"] / 1e3,
        shared=status["RssShmem"] / 1e3,
        descriptors=len(links),
        mappings=len(maps),
        segment_mappings=sum(MEMFD in line for line in maps),
        segment_descriptors=sum(link.startswith(MEMFD) for link in links),
    )


def settled(pids: Mapping[str, int]) -> dict[str, Footprint]:
    """Of these processes, by name, with what is held for longer than a moment: amid a step there are some MB
    of arrays more, and a launcher that hands out a segment has a descriptor more. Raises
    psutil.NoSuchProcess."""
    looks = []
    for _ in range(LOOKS):
        looks.append({name: footprint(pid) for name, pid in pids.items()})
        time.sleep(APART)
    return {name: Footprint(*map(min, zip(*(look[name] for look in looks), strict=True))) for name in pids}


def segments(pids: Iterable[int]) -> dict[int, tuple[str, int]]:
    """Inode → name and bytes of all segments that these processes hold by descriptor or mapping."""
    found: dict[int, tuple[str, int]] = {}
    for pid in pids:
        with suppress(OSError):  # it ends, or is not ours to look into
            for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
                if MEMFD in line:
                    found.setdefault(int(line.split()[4]), (line.split()[5], 0))
            for path, link in _descriptors(pid):
                if link.startswith(MEMFD):
                    status = os.stat(path)
                    found[status.st_ino] = (link.split()[0], status.st_size)
    return found


def holders(inodes: Iterable[int]) -> list[str]:
    """Which processes of this machine, besides us, still hold one of these segments."""
    wanted = set(inodes)
    return [
        f"process {pid} holds {name}"
        for pid in psutil.pids()
        if pid != os.getpid()
        for inode, (name, _) in segments([pid]).items()
        if inode in wanted
    ]


def growth(times: Sequence[float], values: Sequence[float]) -> float:
    """Slope of the line with the least squares, times the duration: what the run has added."""
    if len(times) < 2:
        return 0.0
    slope = np.polyfit(np.asarray(times) - times[0], values, 1)[0]
    return float(slope) * (times[-1] - times[0])


def rise(values: Sequence[int]) -> int:
    """Median of the last quarter less that of the first: what flutters is flat, what leaks is not."""
    quarter = max(1, len(values) // 4)
    return round(float(np.median(values[-quarter:]) - np.median(values[:quarter])))


def _kilobytes(text: str) -> dict[str, int]:
    """Name → kB, of the lines that have one."""
    fields = (line.split() for line in text.splitlines() if line.endswith(" kB"))
    return {field[0].rstrip(":"): int(field[1]) for field in fields}


def _descriptors(pid: int) -> list[tuple[str, str]]:
    """Path below /proc and where it leads to, of every open descriptor."""
    found = []
    for name in os.listdir(f"/proc/{pid}/fd"):
        path = f"/proc/{pid}/fd/{name}"
        with suppress(FileNotFoundError):  # closed meanwhile
            found.append((path, os.readlink(path)))
    return found
