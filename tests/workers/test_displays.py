"""Which monitor is the 3D display; and Windows' side, against what its functions are documented to do."""

from pathlib import Path
from typing import Any

import pytest

from workers.sinks._monitor3d.displays import (
    Display,
    find_again,
    find_display,
    remember,
    remembered,
)
from workers.sinks._monitor3d.windows import WindowsDesktop

LAPTOP = Display(1, "eDP-1", 0, 0, 1920, 1080)
GLASSES = Display(2, "DP-1", 1920, 0, 3840, 1080)
TV = Display(3, "HDMI-1", 0, 1080, 1920, 1080)


def test_contract_one_that_is_as_wide_as_two_is_found() -> None:
    assert find_display(0, None, [LAPTOP, GLASSES, TV]) == GLASSES


def test_contract_the_one_of_the_last_time_comes_first_wherever_it_is_now() -> None:
    moved = TV._replace(number=2, left=1920, top=0)
    assert find_display(0, TV, [LAPTOP, moved, GLASSES]) == moved


TWIN = Display(1, "Dell U2412", 0, 0, 1920, 1080, "DP-1")
OTHER_TWIN = Display(2, "Dell U2412", 1920, 0, 1920, 1080, "DP-2")
NAMELESS = [Display(n, "monitor", 1920 * (n - 1), 0, 1920, 1080) for n in (1, 2)]
FLAT_GLASSES = Display(2, "Air 2", 1920, 0, 1920, 1080, "DP-3")
DEEP_GLASSES = FLAT_GLASSES._replace(width=3840)


@pytest.mark.parametrize("twins", [[TWIN, OTHER_TWIN], NAMELESS], ids=["by socket", "by place"])
@pytest.mark.parametrize("ours", [0, 1])
def test_contract_of_twins_it_stays_the_one_that_it_was(twins: list[Display], ours: int) -> None:
    chosen, beside = twins[ours], [twins[1 - ours]]
    assert find_display(0, chosen, twins) == chosen
    assert find_again(chosen, beside, twins) == chosen
    assert find_again(chosen, beside, beside) is None, "its twin is not taken for it"
    assert find_again(chosen, beside, [beside[0]._replace(number=1)]) is None
    assert find_again(chosen, beside, twins[::-1]) == chosen


def test_contract_glasses_that_switch_between_2d_and_3d_are_the_same() -> None:
    assert find_again(FLAT_GLASSES, [LAPTOP], [LAPTOP, DEEP_GLASSES]) == DEEP_GLASSES
    assert find_again(DEEP_GLASSES, [LAPTOP], [LAPTOP, FLAT_GLASSES]) == FLAT_GLASSES
    assert find_display(0, DEEP_GLASSES, [LAPTOP, FLAT_GLASSES]) == FLAT_GLASSES
    nameless, wide = NAMELESS[1], NAMELESS[1]._replace(width=3840)
    assert find_again(nameless, NAMELESS[:1], [NAMELESS[0], wide]) == wide


def test_contract_in_another_socket_it_is_found_again() -> None:
    moved = DEEP_GLASSES._replace(left=0, id="HDMI-1")
    assert find_again(DEEP_GLASSES, [LAPTOP], [LAPTOP, moved]) == moved
    assert find_display(0, DEEP_GLASSES, [LAPTOP, moved]) == moved


def test_contract_another_monitor_is_not_taken_for_it() -> None:
    assert find_again(DEEP_GLASSES, [LAPTOP], [LAPTOP, TV]) is None
    assert find_again(DEEP_GLASSES, [LAPTOP], []) is None


def test_contract_one_that_was_named_is_taken() -> None:
    assert find_display(1, TV, [LAPTOP, GLASSES, TV]) == LAPTOP


def test_contract_which_there_are_is_said() -> None:
    with pytest.raises(ValueError, match=r"there is no monitor 4 \(there are 1: eDP-1 1920 x 1080\)"):
        find_display(4, None, [LAPTOP])
    with pytest.raises(ValueError, match="which monitor is the 3D display"):
        find_display(0, GLASSES, [LAPTOP, TV])


def test_it_is_remembered_and_a_spoilt_file_is_as_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert remembered() is None
    remember(GLASSES)
    assert remembered() == GLASSES
    (tmp_path / "stereoring/monitor3d.json").write_text('{"number": 1')
    assert remembered() is None


class User32:
    """Of a Windows that is as old as `excludes` says."""

    def __init__(self, excludes: bool) -> None:
        self.excludes, self.calls = excludes, list[tuple[Any, ...]]()

    def SetWindowPos(self, *arguments: int) -> bool:
        self.calls.append(arguments)
        return True

    def SetWindowDisplayAffinity(self, window: int, affinity: int) -> bool:
        self.calls.append((window, affinity))
        return self.excludes

    def GetCursorPos(self, place: Any) -> bool:
        place._obj.x, place._obj.y = 7, -3
        return True


class Magnification:
    def __init__(self) -> None:
        self.shown, self.open = True, False

    def MagInitialize(self) -> bool:
        self.open = True
        return True

    def MagUninitialize(self) -> bool:
        self.open = False
        return True

    def MagShowSystemCursor(self, show: bool) -> bool:
        self.shown = show
        return self.open


def test_windows_leaves_the_window_out_of_captures_and_hides_the_pointer() -> None:
    user32, magnification = User32(excludes=True), Magnification()
    desktop = WindowsDesktop(77, user32, magnification)
    desktop.exclude_from_capture()
    desktop.keep_on_top()
    assert user32.calls == [(77, 0x11), (77, -1, 0, 0, 0, 0, 0x13)]
    assert desktop.pointer() == (7, -3)
    desktop.hide_pointer(True)
    assert not magnification.shown
    desktop.close()
    assert magnification.shown
    assert not magnification.open


def test_an_old_windows_says_what_is_needed() -> None:
    desktop = WindowsDesktop(77, User32(excludes=False), Magnification())
    with pytest.raises(OSError, match="Windows 10 2004"):
        desktop.exclude_from_capture()
