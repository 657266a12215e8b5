"""How the workers of a voice's line read: a file waits for them, whoever speaks does not."""

from types import SimpleNamespace

from shm.layout import Mode

SECTIONS = ("sound", "receive", "voice")
"""What has to be known for it."""

HISTORY = 16
"""Frames that a late reader may be behind."""


def from_here(settings: SimpleNamespace) -> Mode:
    """For what is made of this machine's own source."""
    return "every" if settings.sound.source == "sound_file" else "every-or-count"


def to_here(settings: SimpleNamespace) -> Mode:
    """For what is heard here: of our own source, or of somebody else's."""
    return "every-or-count" if settings.receive.port else from_here(settings)
