"""The settings that a running launcher goes by: the file, a profile, `--set`, and on top of all what was
changed since. Says what it does about each change."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace

from pipeline.graph import Plan, WorkerPlan, make_plan
from pipeline.hot_keys import HotKeys
from pipeline.managed import State
from pipeline.pick import pick
from pipeline.priority import set_priority
from pipeline.settings import Change, Settings, changed, changes, load, name_of
from pipeline.supervisor import Supervisor, Transition

Place = tuple[str, str]  # section and key; the sinks are ("sinks", "")
NOTHING: Mapping[Place, object] = {}
log = logging.getLogger("stereoring.launcher")


@dataclass(frozen=True)
class Step:
    """From the settings in use to others: all that can fail has been done."""

    below: Settings
    since: Mapping[Place, object]
    asked: Settings
    picked: Settings
    found: list[Change]
    restart: Mapping[str, list[str]]
    transition: Transition


class InUse:
    """`below` is what file, profile and `--set` say, `since` what was changed since, `asked` both, `picked`
    that without any `auto`, as the workers have it."""

    def __init__(
        self, asked: Settings, picked: Settings, overrides: Sequence[str], supervisor: Supervisor
    ) -> None:
        self.below = self.asked = asked
        self.picked, self.overrides = picked, overrides
        self.since: Mapping[Place, object] = {}
        self._supervisor = supervisor
        self.hot_keys = HotKeys(supervisor)
        self.hot_keys.use(picked.section("keys"))

    def from_file(self, profile: str | None, wanted: Mapping[Place, object] = NOTHING) -> Step:
        """To what the file says now, and to what is `wanted` whatever it says. What it, or the profile, gives
        another value than before is no longer as it was changed since. Raises SettingsError, GraphError or
        NoMemory."""
        below = load(self.asked.path, profile=profile, overrides=self.overrides)
        given = {(change.section, change.key) for change in changes(self.below, below)}
        kept = {place: value for place, value in self._since().items() if place not in given}
        return self._step(below, {**kept, **wanted})

    def with_changes(self, values: Mapping[Place, object]) -> Step:
        """To these values, for as long as the launcher runs. Raises like `from_file`."""
        return self._step(self.below, {**self._since(), **values})

    def take(self, step: Step) -> None:
        """Go by them from here on."""
        before = set(self._supervisor.workers)
        self._supervisor.go_over(step.transition)
        for worker in step.transition.restarting:
            log.info("%s restarts for %s", worker, ", ".join(step.restart.get(worker, ["the rings it uses"])))
        self._apply_live([change for change in step.found if change.live])
        if any(change.section == "keys" for change in step.found):
            self.hot_keys.use(step.picked.section("keys"))
        for worker in before - set(self._supervisor.workers):
            log.info("%s stops", worker)
        for worker in set(self._supervisor.workers) - before:
            log.info("%s starts", worker)
        self.below, self.since = step.below, step.since
        self.asked, self.picked = step.asked, step.picked

    def _step(self, below: Settings, since: Mapping[Place, object]) -> Step:
        asked = changed(below, since)
        since = {place: value for place, value in since.items() if value != value_at(below, place)}
        picked, _ = pick(asked, fetch=False)  # it may take minutes, and the launcher has more to do
        plan = make_plan(picked)
        found = changes(self._as_it_is(), picked)
        restart = _restart(plan, found)
        return Step(below, since, asked, picked, found, restart, self._supervisor.prepare(plan, restart))

    def now(self) -> Settings:
        """`asked`, with what keys and windows have set in the workers meanwhile."""
        return changed(self.below, self._since())

    def changed_since(self) -> list[Place]:
        return list(self._since())

    def _since(self) -> dict[Place, object]:
        """With what keys and windows have set in the workers meanwhile."""
        now = self._as_it_is()
        by_hand = [(change.section, change.key) for change in changes(self.picked, now)]
        return {**self.since, **{place: value_at(now, place) for place in by_hand}}

    def _as_it_is(self) -> Settings:
        """`picked`, with the values that the workers have."""
        sections = dict(self.picked.sections)
        for worker in self._supervisor.workers.values():
            sections |= {name: section for name, section in worker.plan.settings.items() if name in sections}
        return replace(self.picked, sections=sections)

    def _apply_live(self, found: Sequence[Change]) -> None:
        values: dict[str, dict[str, object]] = defaultdict(dict)
        for change in found:
            if change.section == "log":
                level = logging.getLevelNamesMapping()[str(change.new).upper()]
                logging.getLogger("stereoring").setLevel(level)
                self._supervisor.set_log_level(level)
            if change.section == "processes":
                set_priority(str(change.new), self._supervisor.processes())
            values[change.section][change.key] = change.new
        for section, some in values.items():
            self._supervisor.set_everywhere(section, some)
        for change in found:
            log.info("%s is now %s", name_of(change.section, change.key), change.new)
        self._try_again(values.keys())

    def _try_again(self, sections: Set[str]) -> None:
        """The workers that have failed and see one of these: it may be put right."""
        for worker in self._supervisor.workers.values():
            if worker.state is State.FAILED and sections & worker.plan.settings.keys():
                log.info("%s is tried again", worker.name)
                self._supervisor.start_worker(worker.name)


def value_at(settings: Settings, place: Place) -> object:
    """As data that JSON can carry."""
    section, key = place
    return settings.as_dict()[section][key] if key else list(settings.sinks)


def _restart(plan: Plan, found: Sequence[Change]) -> dict[str, list[str]]:
    """Worker → the changes that it restarts for."""
    users = users_of(plan.workers)
    restart: dict[str, list[str]] = defaultdict(list)
    for change in found:
        if not change.live:
            for worker in users.get(change.section, []):
                restart[worker].append(name_of(change.section, change.key))
    return restart


def users_of(workers: Iterable[WorkerPlan]) -> dict[str, list[str]]:
    """Settings section → the workers that see it."""
    users: dict[str, list[str]] = defaultdict(list)
    for worker in workers:
        for section in worker.settings:
            users[section].append(worker.name)
    return users
