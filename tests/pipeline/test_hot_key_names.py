"""What a key is called in the settings; and Windows' side of it, against what its functions are documented to
do. A real keyboard of a real X server is in tests/live/test_hot_keys.py."""

from collections import deque
from typing import Any

import pytest

from pipeline.keyboard_windows import WM_HOTKEY, WindowsKeyboard
from pipeline.keys import HotKey, Taken


@pytest.mark.parametrize("text", ["ctrl+alt+v", "super+f12", "ctrl+shift+page_up", "alt+3"])
def test_contract_a_key_is_read_and_said_as_it_is_written(text: str) -> None:
    assert str(HotKey.of(text)) == text


def test_contract_case_order_and_spaces_do_not_matter() -> None:
    assert HotKey.of("Alt + CTRL+ V") == HotKey.of("ctrl+alt+v")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("v", "would be lost to all other programs"),
        ("ctrl+", "no key that is known"),
        ("ctrl+f13", "no key that is known"),
        ("ctrl+ö", "no key that is known"),
        ("hyper+v", "'hyper' in 'hyper\\+v' is none of ctrl, alt"),
    ],
)
def test_contract_what_is_no_key_is_told(text: str, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        HotKey.of(text)


class User32:
    """RegisterHotKey refuses what is taken; PeekMessageW hands out what was pressed, by the number with which
    it was registered."""

    def __init__(self, taken: set[tuple[int, int]]) -> None:
        self.taken, self.registered, self.pressed = taken, dict[int, tuple[int, int]](), deque[int]()

    def RegisterHotKey(self, window: None, number: int, modifiers: int, code: int) -> bool:
        if (modifiers, code) in self.taken:
            return False
        self.registered[number] = modifiers, code
        return True

    def UnregisterHotKey(self, window: None, number: int) -> bool:
        return self.registered.pop(number, None) is not None

    def PeekMessageW(self, message: Any, window: None, least: int, most: int, remove: int) -> bool:
        assert (least, most, remove) == (WM_HOTKEY, WM_HOTKEY, 1)
        if not self.pressed:
            return False
        message._obj.wParam = self.pressed.popleft()
        return True


def test_windows_keys_are_registered_by_their_codes_and_come_back() -> None:
    user32 = User32(taken={(0x3, 0x20)})
    keyboard = WindowsKeyboard(user32)
    keyboard.grab(HotKey.of("ctrl+alt+v"))
    keyboard.grab(HotKey.of("shift+super+f2"))
    with pytest.raises(Taken):
        keyboard.grab(HotKey.of("ctrl+alt+space"))
    assert user32.registered == {0: (0x3, ord("V")), 1: (0xC, 0x71)}
    user32.pressed.extend([1, 0, 1])
    assert [str(key) for key in keyboard.pressed()] == ["shift+super+f2", "ctrl+alt+v", "shift+super+f2"]
    assert not keyboard.pressed()
    keyboard.release()
    assert not user32.registered
