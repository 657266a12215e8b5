"""Applies an edited settings file while the program runs, and says what it does about each change."""

import logging
import time
from collections import defaultdict
from collections.abc import Sequence

from pipeline.graph import GraphError, Plan, make_plan
from pipeline.pick import pick
from pipeline.settings import Change, Settings, SettingsError, changes, load
from pipeline.supervisor import Supervisor
from shm.errors import NoMemory

LOOK_EVERY = 0.5  # seconds
log = logging.getLogger("stereoring.launcher")


class Reload:
    """Watches one file by its modification time."""

    def __init__(self, settings: Settings, overrides: Sequence[str], supervisor: Supervisor) -> None:
        self._settings, self._overrides, self._supervisor = settings, overrides, supervisor
        self._seen = self._stamp()
        self._next_look = time.monotonic() + LOOK_EVERY

    def poll(self) -> None:
        """To be called often; looks twice a second."""
        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + LOOK_EVERY
        stamp = self._stamp()
        if stamp is None or stamp == self._seen:
            return  # an editor may have moved the file away for a moment
        self._seen = stamp
        try:
            new = load(self._settings.path, profile=self._settings.profile, overrides=self._overrides)
            new, _ = pick(new)
            self._apply(new, make_plan(new))
        except (SettingsError, GraphError, NoMemory) as error:
            log.error("the edited settings are not used; everything goes on as before\n%s", error)

    def _stamp(self) -> tuple[int, int] | None:
        try:
            status = self._settings.path.stat()
        except FileNotFoundError:
            return None
        return status.st_mtime_ns, status.st_ino

    def _apply(self, new: Settings, plan: Plan) -> None:
        found = changes(self._settings, new)
        users = _users(plan)
        restart: dict[str, list[str]] = defaultdict(list)
        for change in found:
            if change.live:
                continue
            for worker in users.get(change.section, []):
                restart[worker].append(name_of(change))
        before = set(self._supervisor.workers)
        restarted = self._supervisor.replace(plan, restart)
        for worker in restarted:
            log.info("%s restarts for %s", worker, ", ".join(restart.get(worker, ["the rings it uses"])))
        for change in found:
            if change.live:
                self._apply_live(change)
        for worker in before - set(self._supervisor.workers):
            log.info("%s stops", worker)
        for worker in set(self._supervisor.workers) - before:
            log.info("%s starts", worker)
        self._settings = new

    def _apply_live(self, change: Change) -> None:
        if change.section == "log":
            level = logging.getLevelNamesMapping()[str(change.new).upper()]
            logging.getLogger("stereoring").setLevel(level)
            self._supervisor.set_log_level(level)
        self._supervisor.set_everywhere(change.section, change.key, change.new)
        log.info("%s is now %s", name_of(change), change.new)


def name_of(change: Change) -> str:
    return f"{change.section}.{change.key}" if change.key else change.section


def _users(plan: Plan) -> dict[str, list[str]]:
    """Settings section → the workers that see it."""
    users: dict[str, list[str]] = defaultdict(list)
    for worker in plan.workers:
        for section in worker.settings:
            users[section].append(worker.name)
    return users
