"""`launcher.py --panel`: shows the control panel in the user's browser as soon as it can be reached."""

import logging
import os
import subprocess
import sys
import threading
import webbrowser

from pipeline.managed import State
from pipeline.supervisor import Supervisor
from workers.sinks._web.tokens import control_token

SINK = "web"
CREATE_BREAKAWAY_FROM_JOB = 0x01000000  # subprocess has its name on Windows only
log = logging.getLogger("stereoring.launcher")


def with_panel(sinks: tuple[str, ...]) -> list[str]:
    """What to add to the overrides, so that there is a page."""
    return [] if {SINK, "auto"} & set(sinks) else [f"sinks=[{', '.join((*sinks, SINK))}]"]


class OpenPanel:
    """`poll` is to be called often, by the launcher's own thread."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor, self._opened = supervisor, False

    def poll(self) -> None:
        worker = self._supervisor.workers.get(SINK)
        if self._opened or worker is None or worker.state is not State.RUNNING:
            return
        self._opened = True
        address = f"http://127.0.0.1:{worker.plan.settings['web'].port}/panel?token={control_token()}"
        threading.Thread(target=_open, args=(address,), name="panel", daemon=True).start()


def _open(address: str) -> None:
    """A browser may take its time to start. Without a desktop it would be one that takes the terminal."""
    has_desktop = sys.platform != "linux" or {"DISPLAY", "WAYLAND_DISPLAY", "BROWSER"} & os.environ.keys()
    if has_desktop and _opened(address):
        log.info("the control panel is open in your browser")
    else:
        log.warning("no browser could be opened; the control panel is at %s", address)


def _opened(address: str) -> bool:
    """Whether there is a browser. On Windows it would die with the launcher if it were one of its job."""
    if sys.platform == "win32":
        try:
            command = ["rundll32", "url.dll,FileProtocolHandler", address]
            subprocess.Popen(command, creationflags=CREATE_BREAKAWAY_FROM_JOB)
            return True
        except OSError as error:  # who started us has a job around ours
            log.info("the browser ends with Stereoring here: %s", error)
    return webbrowser.open(address)
