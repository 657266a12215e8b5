"""What this machine plays as the source."""

from dataclasses import dataclass

from workers.sound._live import LiveSource
from workers.sound._recorder import Recorder


@dataclass(frozen=True)
class Settings:
    """Of which speaker."""

    which: str = ""


class SystemSound(LiveSource):
    """One channel, a frame at a time."""

    def recorder(self) -> Recorder:
        return Recorder(self.settings.system_sound.which, True, self.codec.rate, self.codec.frame)
