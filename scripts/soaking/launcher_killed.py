"""kill -9 of the launcher at random moments: everything that it has started goes with it."""

import random
import time
from pathlib import Path

from scripts.soaking.launching import SCENE, Launched, family, say
from scripts.soaking.leavings import Belongings
from scripts.soaking.report import Result, Table

MOMENTS = ((0.05, 1.2), (1.2, 4.0))  # seconds after its start: while workers start, and while they run
GONE_AFTER = 1.0  # seconds
PATIENCE = 20.0  # seconds to find out how long it takes what is left then
SETTINGS = (*SCENE, "scene.width=640", "scene.height=360")


def fill(result: Result, folder: Path, times: int) -> None:
    rows, left = [], list[str]()
    for number in range(1, times + 1):
        say(f"launcher_killed: {number} of {times}")
        moment = random.uniform(*random.choice(MOMENTS))
        alive, found, seconds = _kill_one(folder, moment)
        rows.append((number, moment, alive, len(found), seconds))
        left += [f"time {number}, killed after {moment:.2f} s: {what}" for what in found]
    heads = ("time", "killed after s", "processes then", f"left {GONE_AFTER:.0f} s later", "all gone after s")
    result.tables.append(Table("launchers", heads, rows))
    sockets = [path.name for path in folder.glob("*/*.sock")]
    result.check("each sweeps away its predecessor's socket", len(sockets) <= 1, f"{len(sockets)} left")
    result.check_none(f"processes and segments that are left {GONE_AFTER:.0f} s later", left)


def _kill_one(folder: Path, moment: float) -> tuple[int, list[str], float]:
    """How many processes there were, what was left a second later, and after how long all was gone."""
    with Launched(folder, ("launcher.py", "run", *(f"--set={value}" for value in SETTINGS))) as launched:
        time.sleep(moment)
        launched.check_alive()
        alive, belongings = len(family(launched.marker)), Belongings(launched.marker)
        killed = time.monotonic()
        launched.process.kill()
        launched.process.wait()
        return alive, *_follow(belongings, killed)


def _follow(belongings: Belongings, since: float) -> tuple[list[str], float]:
    """What was left when the time was up, and when all was gone."""
    late: list[str] = []
    while left := belongings.left():
        passed = time.monotonic() - since
        late = late or left * (passed >= GONE_AFTER)
        if passed > PATIENCE:
            break
        time.sleep(0.02)
    return late, time.monotonic() - since
