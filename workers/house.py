"""The house as a worker sees it: what it may ask of the launcher, for those who show or change how things
stand, like the control panel. Every call may wait for the launcher, so none is made on an event loop. And
where its user is at home.
"""

from pathlib import Path
from typing import Any, Protocol

Answer = dict[str, Any]


class Refused(Exception):
    """The launcher would not, or could not; the message says why. Nothing has changed."""


def home() -> Path:
    """For a user whom the system does not know, as in a container, a folder that is not there: nothing is
    found in it, and who wants to write there says what to set instead."""
    try:
        return Path.home()
    except RuntimeError:
        return Path("/nonexistent")


class House(Protocol):
    """All answers are data that JSON can carry. Every method raises Refused."""

    def figures(self) -> Answer:
        """As `launcher.py top --json` prints them: launcher, workers, rings, machine."""

    def log_tail(self, since: int) -> Answer:
        """`lines`: the newest of all processes after number `since`, each with number, time, level, who and
        text."""

    def schema(self) -> Answer:
        """`sections`, as settings.yaml has them: name, explanation and keys; a key's type, limits, choices,
        default, whether it is live, and its explanation. The sinks are section "sinks", key ""."""

    def settings(self) -> Answer:
        """`values` by section and key, `picked` for what is auto; by `section.key` those that differ from the
        default, are overridden for this run, and are unsaved; who uses which section; the profiles."""

    def change(self, section: str, key: str, value: Any, save: bool) -> Answer:
        """Checked as if it stood in the file; `save` writes it there. `restarts`: the workers that will."""

    def reset(self, section: str, key: str, save: bool) -> Answer:
        """To what the program says by itself; with section "" all that differs from that."""

    def use_profile(self, name: str | None) -> Answer:
        """For this run. `restarts`: the workers that will."""

    def worker(self, name: str, what: str) -> Answer:
        """`what` is start, stop or restart. Done after the answer."""

    def devices(self) -> Answer:
        """`monitors`, `windows` and `cameras`, and under `why_not` why there are none of a kind."""

    def thumbnail(self, kind: str, which: int | str) -> bytes:
        """A small JPEG of a monitor, window or camera, as `devices` numbers them."""

    def models(self) -> Answer:
        """`models`: name, megabytes, licence, about, whether it is here and can be downloaded, and how a
        download of it stands."""

    def download(self, name: str) -> Answer:
        """Begin to; how far it is says `models`."""

    def meeting_place(self, name: str) -> str:
        """Where workers of this launcher talk about `name`, which is no frame: an address for
        multiprocessing.connection that only this user can open. Who has something to say listens there."""

    def cancel_download(self, name: str) -> Answer:
        """What has come is kept."""
