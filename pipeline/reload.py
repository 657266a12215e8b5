"""Applies an edited settings file while the program runs, or the profile of the program that one looks at,
and says what it does about each change."""

import logging
import time
from collections import defaultdict
from collections.abc import Sequence

from pipeline.graph import GraphError, Plan, make_plan
from pipeline.hot_keys import HotKeys
from pipeline.pick import pick
from pipeline.priority import set_priority
from pipeline.programs import active_title, profile_for
from pipeline.settings import Change, Settings, SettingsError, changes, load
from pipeline.supervisor import Supervisor
from shm.errors import NoMemory

LOOK_EVERY = 0.5  # seconds
OUR_TITLE = "Stereoring"
log = logging.getLogger("stereoring.launcher")


class Reload:
    """Watches one file by its modification time, the title of the active window, and the keys."""

    def __init__(self, settings: Settings, overrides: Sequence[str], supervisor: Supervisor) -> None:
        self._hot_keys = HotKeys(supervisor)
        self._hot_keys.use(settings.section("keys"))
        self._settings, self._overrides, self._supervisor = settings, overrides, supervisor
        self._usual_profile = self._profile = settings.profile
        self._seen = self._stamp()
        self._next_look = time.monotonic() + LOOK_EVERY

    def close(self) -> None:
        """Other programs may have the keys."""
        self._hot_keys.close()

    def poll(self) -> None:
        """To be called often; answers keys at once, and looks at file and window twice a second."""
        self._hot_keys.poll()
        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + LOOK_EVERY
        stamp = self._stamp()
        if stamp is None:
            return  # an editor may have moved the file away for a moment
        profile = self._wanted_profile()
        if (stamp, profile) == (self._seen, self._profile):
            return
        if profile != self._profile:
            log.info("the active window has profile %s", profile or "none")
        self._seen, self._profile = stamp, profile
        try:
            new = load(self._settings.path, profile=profile, overrides=self._overrides)
            new, _ = pick(new)
            self._apply(new, make_plan(new))
        except (SettingsError, GraphError, NoMemory) as error:
            log.error("the edited settings are not used; everything goes on as before\n%s", error)

    def _wanted_profile(self) -> str | None:
        """That of the active window if it has one, else the one that was asked for at the start. Our own
        window changes nothing, or looking at the picture would."""
        titles = self._settings.section("programs").titles
        title = active_title() if titles else None
        if title is None or title == OUR_TITLE:
            return self._profile if titles else self._usual_profile
        return profile_for(title, titles) or self._usual_profile

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
        if any(change.section == "keys" for change in found):
            self._hot_keys.use(new.section("keys"))
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
        if change.section == "processes":
            set_priority(str(change.new), self._supervisor.processes())
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
