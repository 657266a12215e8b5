"""Applies an edited settings file while the program runs, or the profile of the program that one looks at."""

import logging
import time
from collections.abc import Mapping

from pipeline.graph import GraphError
from pipeline.in_use import InUse, Place, Step
from pipeline.programs import active_title, profile_for
from pipeline.settings import SettingsError
from shm.errors import NoMemory

LOOK_EVERY = 0.5  # seconds
OUR_TITLE = "Stereoring"
NOT_USED = "the edited settings are not used; everything goes on as before"
log = logging.getLogger("stereoring.launcher")


class Reload:
    """Watches one file by its modification time, the title of the active window, and the keys."""

    def __init__(self, in_use: InUse) -> None:
        self._in_use = in_use
        self._usual_profile = self._profile = in_use.asked.profile
        self._seen = self._stamp()
        self._next_look = time.monotonic() + LOOK_EVERY

    def close(self) -> None:
        """Other programs may have the keys."""
        self._in_use.hot_keys.close()

    def poll(self) -> None:
        """To be called often; answers keys at once, and looks at file and window twice a second."""
        self._in_use.hot_keys.poll()
        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + LOOK_EVERY
        stamp = self._stamp()
        if stamp is None:
            return  # an editor may have moved the file away for a moment, or a share does not answer
        profile = self._wanted_profile()
        if (stamp, profile) == (self._seen, self._profile):
            return
        if profile != self._profile:
            log.info("the active window has profile %s", profile or "none")
        self._seen, self._profile = stamp, profile
        step = self._step(profile)
        if step is not None:
            self._in_use.take(step)

    def _step(self, profile: str | None) -> Step | None:
        """None: the log says why not. Nothing in a file may end what runs."""
        try:
            return self._in_use.from_file(profile)
        except (SettingsError, GraphError, NoMemory) as error:
            log.error("%s\n%s", NOT_USED, error)
        except Exception:
            log.exception(NOT_USED)
        return None

    def with_file(self, wanted: Mapping[Place, object]) -> Step:
        """To the file as we have just written it ourselves, and to what is `wanted` whatever profile and
        `--set` say. Raises SettingsError, GraphError or NoMemory."""
        stamp = self._stamp()  # before it is read, or an edit right after that would never be seen
        step = self._in_use.from_file(self._profile, wanted)
        self._seen = stamp
        return step

    def with_profile(self, name: str | None) -> Step:
        """To another usual profile. Raises SettingsError, GraphError or NoMemory."""
        step = self._in_use.from_file(name)
        self._usual_profile = self._profile = name
        return step

    def _wanted_profile(self) -> str | None:
        """That of the active window if it has one, else the usual one. Our own window changes nothing, or
        looking at the picture would."""
        titles = self._in_use.picked.section("programs").titles
        title = active_title() if titles else None
        if title is None or title == OUR_TITLE:
            return self._profile if titles else self._usual_profile
        return profile_for(title, titles) or self._usual_profile

    def _stamp(self) -> tuple[int, int] | None:
        try:
            status = self._in_use.asked.path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_ino
