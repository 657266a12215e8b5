"""Two sound clocks that are not the same: on a speaker of the test's own."""

import numpy as np
import pytest

from workers.sinks._drift import MOST, Drift

RATE, FRAME, TARGET = 16000, 320, 0.06


def waits(speed: float, loud: float, seconds: float = 120.0) -> list[float]:
    """What waits over time where the speaker plays at `speed` of what is said."""
    drift, random, waiting, found = Drift(TARGET, RATE), np.random.default_rng(1), TARGET, []
    for _ in range(round(seconds * RATE / FRAME)):
        sound = np.asarray(loud * random.standard_normal(FRAME), np.float32)
        waiting += len(drift(sound, waiting)) / RATE - speed * FRAME / RATE
        waiting = max(0.0, waiting)
        found.append(waiting)
    return found


@pytest.mark.parametrize("loud", [0.0, 0.2], ids=["silence", "speech"])
@pytest.mark.parametrize("speed", [0.999, 0.9998, 1.0, 1.0002, 1.001])
def test_contract_what_waits_stays_what_it_is(speed: float, loud: float) -> None:
    found = waits(speed, loud)
    assert max(found) < TARGET + 0.03
    assert min(found) > TARGET - 0.03


def test_contract_what_has_piled_up_is_gone_soon_in_silence() -> None:
    drift, waiting = Drift(TARGET, RATE), 0.4
    for _ in range(400):
        waiting += len(drift(np.zeros(FRAME, np.float32), waiting)) / RATE - FRAME / RATE
    assert waiting == pytest.approx(TARGET, abs=0.03)


def test_contract_speech_is_never_left_out_and_hardly_changed() -> None:
    drift = Drift(TARGET, RATE)
    at = np.arange(FRAME * 50) / RATE
    sound = np.asarray(0.3 * np.sin(2 * np.pi * 200 * at), np.float32).reshape(-1, FRAME)
    played = [drift(frame, 1.0) for frame in sound]
    assert all(len(frame) >= FRAME * (1 - MOST) - 1 for frame in played)
    steps = np.abs(np.diff(np.concatenate(played)))
    assert steps.max() < 1.1 * np.abs(np.diff(sound.ravel())).max()
