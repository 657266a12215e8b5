"""A microphone as the source."""

from dataclasses import dataclass

from workers.sound._live import LiveSource
from workers.sound._recorder import Recorder


@dataclass(frozen=True)
class Settings:
    """Which microphone."""

    which: str = ""


class Microphone(LiveSource):
    """One channel, a frame at a time."""

    def recorder(self) -> Recorder:
        return Recorder(self.settings.microphone.which, False, self.codec.rate, self.codec.frame)
