"""What every source of sound is."""

from collections.abc import Mapping
from types import SimpleNamespace

from workers.voice._codecs import Codec, codec_of
from workers.voice._pace import HISTORY
from workers.worker import Wiring, Worker


class SoundSource(Worker):
    """→ pcm int16[320], one channel; the colour says how many samples a second."""

    history = {"pcm": HISTORY}
    shares = ("voice",)

    @classmethod
    def wiring(cls, settings: SimpleNamespace) -> Wiring:
        return Wiring(None, None, None, {"pcm": codec_of(settings.voice).colour}, {})

    @classmethod
    def sizes(cls, settings: SimpleNamespace, rings: Mapping[str, int]) -> dict[str, int]:
        return {"pcm": 2 * codec_of(settings.voice).frame}

    @property
    def codec(self) -> Codec:
        """Whose frames it gives."""
        return codec_of(self.settings.voice)
