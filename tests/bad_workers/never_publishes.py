"""In the place of capture: a source that never has anything new, like a screen on which nothing moves.

Outcome: nothing is wrong with that. Its ring is live without a frame, everybody behind it sleeps.
"""

import time

from workers.capture.scene import Scene


class NeverPublishes(Scene):
    def due(self) -> float:
        return time.perf_counter() + 0.1

    def process(self, *slots: object) -> None:  # type: ignore[override]
        return None
