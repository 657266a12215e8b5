"""What every source of sound is."""

from collections.abc import Mapping
from types import SimpleNamespace

from workers.voice._lyra import FRAME, RATE
from workers.voice._pace import HISTORY
from workers.worker import Worker


class SoundSource(Worker):
    """→ pcm int16[320], one channel; the colour says how many samples a second."""

    writes = {"pcm": f"{RATE} Hz"}
    history = {"pcm": HISTORY}

    @classmethod
    def sizes(cls, settings: SimpleNamespace, rings: Mapping[str, int]) -> dict[str, int]:
        return {"pcm": 2 * FRAME}
