"""The user's permission to capture a Wayland desktop, kept from one start to the next: the token that the
desktop gave for it."""

import os
from pathlib import Path

from workers.house import home


def remember(token: str) -> None:
    """For the next time. Raises OSError."""
    file = _file()
    file.parent.mkdir(parents=True, exist_ok=True)
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as written:
        written.write(token)


def remembered() -> str:
    """Empty where there is none: then the user is asked."""
    try:
        return _file().read_text().strip()
    except OSError:
        return ""


def forget() -> None:
    """Raises OSError."""
    _file().unlink(missing_ok=True)


def _file() -> Path:
    folder = Path(os.environ.get("XDG_STATE_HOME") or home() / ".local/state")
    return folder / "stereoring" / "screen_wayland.token"
