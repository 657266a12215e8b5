"""Keys that work while another program, a game for instance, has the keyboard."""

import logging
import sys
from collections.abc import Callable, Mapping
from typing import Any

from pipeline.keys import HotKey, Keyboard, Keys, Taken
from pipeline.supervisor import NoSuchSetting, Supervisor
from workers.stereo import STEP, other_view, strengthened

log = logging.getLogger("stereoring.launcher")


class HotKeys:
    """Grabs the keys of the settings, and does what they are for."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._keyboard: Keyboard | None = None
        self._actions: dict[HotKey, Callable[[], None]] = {}

    def use(self, keys: Keys) -> None:
        """From here on these and no others."""
        self.close()
        try:
            self._keyboard = self._grabbed(self._wanted(keys))
        except OSError as error:
            log.info("no keys while another program has the keyboard: %s", error)

    def poll(self) -> None:
        """To be called often."""
        if self._keyboard is None:
            return
        try:
            for key in self._keyboard.pressed():
                self._do(key)
        except OSError as error:
            log.warning("no more keys while another program has the keyboard: %s", error)
            self._keyboard = None

    def close(self) -> None:
        """Other programs may have them."""
        if self._keyboard is not None:
            self._keyboard.release()
        self._keyboard, self._actions = None, {}

    def _wanted(self, keys: Keys) -> Mapping[str, Callable[[], None]]:
        return {
            keys.strength_up: lambda: self._strengthen(STEP),
            keys.strength_down: lambda: self._strengthen(-STEP),
            keys.view: self._other_view,
            keys.pause: self._pause,
            keys.recentre: self._supervisor.recentre,
        }

    def _grabbed(self, wanted: Mapping[str, Callable[[], None]]) -> Keyboard | None:
        keyboard: Keyboard | None = None
        for text, action in wanted.items():
            if not text:
                continue
            keyboard, key = keyboard or _keyboard(), HotKey.of(text)
            try:
                keyboard.grab(key)
                self._actions[key] = action
            except Taken as error:
                log.warning("keys: %s cannot be used while another program has the keyboard: %s", key, error)
        return keyboard

    def _do(self, key: HotKey) -> None:
        try:
            self._actions[key]()
        except NoSuchSetting as error:
            log.info("%s does nothing: no worker that runs here has %s", key, error)

    def _strengthen(self, by: float) -> None:
        strength = self._supervisor.setting("stereo", "strength")
        self._set("stereo", "strength", strengthened(strength, by))

    def _other_view(self) -> None:
        self._set("stereo", "view", other_view(self._supervisor.setting("stereo", "view")))

    def _pause(self) -> None:
        self._set("capture", "paused", not self._supervisor.setting("capture", "paused"))

    def _set(self, section: str, key: str, value: Any) -> None:
        self._supervisor.set_everywhere(section, {key: value})
        log.info("%s.%s is now %s", section, key, value)


def _keyboard() -> Keyboard:
    """Raises OSError that says why there is none."""
    if sys.platform == "win32":
        from pipeline.keyboard_windows import WindowsKeyboard

        return WindowsKeyboard()
    if sys.platform == "darwin":
        raise OSError("macOS lets no program have them without a permission that is not asked for here")
    from pipeline.keyboard_x11 import X11Keyboard

    return X11Keyboard()
