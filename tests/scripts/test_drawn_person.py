"""The drawn person of the README's pictures: for the networks it is one."""

import numpy as np
import pytest

from scripts import drawn_person
from scripts.drawn_person import ALL_OF_IT, SQUATTING, WAVING, Posture, drawn
from tests.workers.people import miou, needs_people
from workers.person._masks import Masks
from workers.person._networks import Network

pytestmark = [needs_people(), pytest.mark.timeout(120)]
COLUMNS, ROWS = 480, 270


@pytest.mark.parametrize("posture", [WAVING, SQUATTING], ids=["waving", "squatting"])
def test_networks_take_it_for_a_person(posture: Posture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawn_person, "FINER", 1)
    frame = drawn(COLUMNS, ROWS, posture, ALL_OF_IT)
    there, _ = drawn_person._hit(
        drawn_person._Figure(posture), drawn_person._rays(COLUMNS, ROWS, ALL_OF_IT), ALL_OF_IT
    )
    true = there.astype(np.uint8) * 255
    assert miou(Masks(Network("selfie-landscape", 1))(frame), true) > 0.9
