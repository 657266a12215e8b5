"""Which keys do what while another program has the keyboard, and what a keyboard has to be able to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple, Protocol

MODIFIERS = ("ctrl", "alt", "shift", "super")
NAMED = ("up", "down", "left", "right", "page_up", "page_down", "home", "end", "space", "pause")


@dataclass(frozen=True)
class Keys:
    """The pipeline's own section `keys`: `ctrl+alt+v` for instance, empty for none."""

    strength_up: Annotated[str, "live"] = "ctrl+alt+page_up"
    strength_down: Annotated[str, "live"] = "ctrl+alt+page_down"
    view: Annotated[str, "live"] = "ctrl+alt+v"
    pause: Annotated[str, "live"] = "ctrl+alt+space"
    recentre: Annotated[str, "live"] = "ctrl+alt+home"


class HotKey(NamedTuple):
    """`name` is a letter, a digit, F1 to F12 or one of `NAMED`."""

    modifiers: frozenset[str]
    name: str

    @classmethod
    def of(cls, text: str) -> "HotKey":
        """`ctrl+alt+v`. Raises ValueError that says what is wrong."""
        *modifiers, name = (part.strip().lower() for part in text.split("+"))
        for modifier in modifiers:
            if modifier not in MODIFIERS:
                raise ValueError(f"{modifier!r} in {text!r} is none of {', '.join(MODIFIERS)}")
        if not modifiers:
            raise ValueError(f"{text!r} would be lost to all other programs; add {' or '.join(MODIFIERS)}")
        if not (name in NAMED or _is_letter_or_digit(name) or _is_function(name)):
            raise ValueError(
                f"{name!r} in {text!r} is no key that is known here: a letter, a digit, f1 to f12, "
                f"{', '.join(NAMED)}"
            )
        return cls(frozenset(modifiers), name)

    def __str__(self) -> str:
        return "+".join([*(m for m in MODIFIERS if m in self.modifiers), self.name])


class Taken(Exception):
    """Another program has this key, or this keyboard lacks it."""


class Keyboard(Protocol):
    """Of the whole desktop. `grab` raises Taken; all raise OSError when the desktop is gone."""

    def grab(self, key: HotKey) -> None: ...
    def pressed(self) -> Sequence[HotKey]: ...
    def release(self) -> None: ...


def _is_letter_or_digit(name: str) -> bool:
    return len(name) == 1 and name.isascii() and name.isalnum()


def _is_function(name: str) -> bool:
    return name[:1] == "f" and name[1:].isdecimal() and 1 <= int(name[1:]) <= 12
