"""The launcher's side of a worker's house: what can be asked of it, one method for each errand."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipeline import settings_file, settings_write
from pipeline.downloads import Downloads
from pipeline.errands import Done
from pipeline.graph import GraphError
from pipeline.in_use import InUse, Place, Step, users_of, value_at
from pipeline.log_tail import LogTail
from pipeline.managed import Managed
from pipeline.reload import Reload
from pipeline.settings import OWN_SECTIONS, Settings, SettingsError, changes, name_of, write_back
from pipeline.settings_schema import DEFAULT_SINKS, settings_schema
from pipeline.states import ENDED, sinks
from pipeline.supervisor import Supervisor
from shm.errors import NoMemory
from workers.house import Refused

PROGRAMS_OWN = Path(__file__).parent.parent / "settings.yaml"


class Housekeeping:
    """All methods are called by the launcher's own thread, between two rounds."""

    def __init__(self, supervisor: Supervisor, in_use: InUse, reload: Reload, log_tail: LogTail) -> None:
        self._supervisor, self._in_use, self._reload, self._log_tail = supervisor, in_use, reload, log_tail
        self.downloads = Downloads()

    def errands(self) -> Mapping[str, Callable[..., Done]]:
        return {
            "log_tail": self._tail,
            "schema": self._schema,
            "settings": self._settings,
            "change": self._change,
            "reset": self._reset,
            "use_profile": self._use_profile,
            "worker": self._worker,
            "downloads": self._how_downloads_are,
            "download": self._download,
            "cancel_download": self._cancel_download,
        }

    def _tail(self, since: int) -> Done:
        return Done({"lines": self._log_tail.since(since)})

    def _schema(self) -> Done:
        try:
            return Done({"sections": settings_schema(PROGRAMS_OWN)})
        except SettingsError as error:
            raise Refused(str(error)) from error

    def _settings(self) -> Done:
        return Done(self._state())

    def _change(self, section: str, key: str, value: Any, save: bool) -> Done:
        return self._changed({(section, key): value}, save)

    def _reset(self, section: str, key: str, save: bool) -> Done:
        """To what the program says by itself; without a section, all that differs from it."""
        asked = self._in_use.now()
        places = [(section, key)] if section else list(_differing(asked))
        if not set(places) <= set(_places(asked)):
            raise Refused(f"there is no setting {section}.{key}")
        by_itself = _by_itself(asked)
        return self._changed({place: value_at(by_itself, place) for place in places}, save)

    def _use_profile(self, name: str | None) -> Done:
        with _refusals():
            return self._taking(self._reload.with_profile(name))

    def _worker(self, name: str, what: str) -> Done:
        worker = self._supervisor.workers.get(name)
        if worker is None:
            raise Refused(f"there is no worker {name!r}; there are {', '.join(self._supervisor.workers)}")
        if what == "start":
            return Done({}, lambda: self._supervisor.start_worker(name))
        if what == "stop" and self._is_last_sink(worker):
            raise Refused(f"{name} is the last sink: without it nobody would see anything")
        if what == "stop":
            return Done({}, lambda: self._supervisor.stop_worker(name))
        if what == "restart":
            return Done({}, lambda: self._restart(name))
        raise Refused(f"a worker can be told start, stop or restart, and not {what!r}")

    def _restart(self, name: str) -> None:
        self._supervisor.stop_worker(name)
        self._supervisor.start_worker(name)

    def _is_last_sink(self, worker: Managed) -> bool:
        others = [one for one in sinks(self._supervisor.workers.values()) if one is not worker]
        return not worker.plan.writes and all(one.state in ENDED for one in others)

    def _how_downloads_are(self) -> Done:
        return Done(self.downloads.as_data())

    def _download(self, name: str) -> Done:
        self.downloads.start(name)
        return Done({})

    def _cancel_download(self, name: str) -> Done:
        self.downloads.cancel(name)
        return Done({})

    def _changed(self, values: Mapping[Place, Any], save: bool) -> Done:
        with _refusals(values):
            if not save:
                return self._taking(self._in_use.with_changes(values))
            path = self._in_use.asked.path
            with _as_before_unless_all_goes_well(path):
                for (section, key), value in values.items():
                    write_back(path, section, key, value)
                return self._taking(self._reload.with_file(values))

    def _taking(self, step: Step) -> Done:
        return Done({"restarts": step.transition.restarting}, lambda: self._in_use.take(step))

    def _state(self) -> dict[str, Any]:
        asked, in_use = self._in_use.now(), self._in_use
        picked = {
            name_of(*place): value_at(in_use.picked, place)
            for place in _places(asked)
            if value_at(asked, place) in ("auto", ["auto"])
        }
        return {
            "file": str(asked.path.resolve()),
            "values": {**asked.as_dict(), "sinks": {"": list(asked.sinks)}},
            "picked": picked,
            "differs": [name_of(*place) for place in _differing(asked)],
            "overridden": [override.partition("=")[0] for override in in_use.overrides],
            "unsaved": [name_of(*place) for place in in_use.changed_since()],
            "users": self._users(),
            "profile": asked.profile,
            "profiles": list(asked.profiles),
        }

    def _users(self) -> dict[str, list[str]]:
        """Section → who sees it."""
        own = {section: ["launcher"] for section in OWN_SECTIONS}
        return own | users_of(worker.plan for worker in self._supervisor.workers.values())


def _places(settings: Settings) -> Iterator[Place]:
    for section, values in settings.as_dict().items():
        yield from ((section, key) for key in values)
    yield "sinks", ""


def _by_itself(settings: Settings) -> Settings:
    """As if nobody had written anything."""
    sections = {name: type(section)() for name, section in settings.sections.items()}
    return Settings(settings.path, None, DEFAULT_SINKS, sections, settings.profiles)


def _differing(settings: Settings) -> Iterator[Place]:
    for change in changes(_by_itself(settings), settings):
        yield change.section, change.key


@contextmanager
def _refusals(values: Mapping[Place, Any] = {}) -> Iterator[None]:
    """What cannot be is an answer to who asked. Of a single value only what is wrong with it is said."""
    try:
        yield
    except SettingsError as error:
        names = {name_of(*place) for place in values}
        about = [problem.what if problem.key in names else str(problem) for problem in error.problems]
        raise Refused("; ".join(about)) from error
    except (GraphError, NoMemory) as error:
        raise Refused(str(error)) from error


@contextmanager
def _as_before_unless_all_goes_well(path: Path) -> Iterator[None]:
    before = settings_file.read_text(path)
    try:
        yield
    except (SettingsError, GraphError, NoMemory):
        if settings_file.read_text(path) != before:
            settings_write.replace_file(path, before)
        raise
