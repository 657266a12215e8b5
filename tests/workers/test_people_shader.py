"""People before another background: the window's shader makes the picture that the processor makes."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from scripts.stereo_paths.scores import psnr
from tests.live.needs import needs
from tests.workers.views.back_ends import Picture, canvas
from workers.person._behind import Background, Plain, Still, colour_of
from workers.person._blurred import Blurred
from workers.person._composite import composite, composite_for_both_eyes, feathered, tables
from workers.person._eyes import lay, layout_for, shifts
from workers.person.background import Settings
from workers.stereo import Settings as Stereo

pytestmark = [needs("Xvfb"), pytest.mark.timeout(60)]
ALIKE = 40.0  # dB
ROWS, COLUMNS = 180, 320


@pytest.fixture(scope="module")
def shader() -> Iterator[Callable[..., Picture]]:
    with canvas() as ask:
        yield ask


def somebody() -> tuple[Picture, Picture]:
    """A frame with something in it everywhere, and a mask of a third of its size with a soft edge."""
    y, x = np.mgrid[:ROWS, :COLUMNS]
    frame = np.stack([128 + 90 * np.sin(x / 7), 128 + 90 * np.cos(y / 5), (x + y) % 256], axis=2)
    v, u = np.mgrid[: ROWS // 3, : COLUMNS // 3]
    far = np.hypot(u - COLUMNS / 6, v - ROWS / 4) / (ROWS / 5)
    return frame.astype(np.uint8), np.clip(255 * (1.5 - far), 0, 255).astype(np.uint8)


BEACH = np.random.default_rng(3).integers(0, 256, (9, 16, 3), np.uint8)


@pytest.mark.parametrize(
    ("behind", "wanted"),
    [
        (Plain(colour_of("#00b140")), {"light_wrap": 0.0}),
        (Still(BEACH), {"light_wrap": 0.6}),
        (Still(BEACH), {"light_wrap": 0.6, "light": "linear-dodge"}),
        (Still(BEACH), {"feather_percent": 3.0, "cover_from": 0.1, "cover_to": 0.9}),
        (Blurred(3.0), {}),
    ],
    ids=["colour", "image with light", "brighter light", "feather", "blur"],
)
def test_contract_the_shader_and_the_processor_make_the_same_picture(
    behind: Background, wanted: dict[str, Any], shader: Callable[..., Picture]
) -> None:
    settings, (frame, mask) = Settings(**wanted), somebody()
    here = np.empty_like(frame)
    composite(frame, mask, behind, settings, here)
    soft = feathered(mask, settings.feather_percent)
    edge = tables(settings.cover_from, settings.cover_to, settings.light_wrap)
    there = shader("before", frame, soft, behind(frame, soft), edge, settings.light == "linear-dodge")
    assert psnr(there, here) >= ALIKE
    assert psnr(here, frame) < 25, "something was to be seen of the background"


def test_contract_another_background_takes_the_place_of_the_first(shader: Callable[..., Picture]) -> None:
    frame, mask = somebody()
    edge = tables(0.4, 0.7, 0.0)
    for colour, corner in (("#ff0000", (255, 0, 0)), ("#0000ff", (0, 0, 255))):
        scenery = Plain(colour_of(colour))(frame, mask)
        assert tuple(shader("before", frame, mask, scenery, edge, False)[0, 0]) == corner


@pytest.mark.parametrize("name", ["full-sbs", "half-tab", "anaglyph-dubois", "checkerboard"])
def test_contract_in_3d_too(name: str, shader: Callable[..., Picture]) -> None:
    settings, (frame, mask) = Settings(behind_percent=2.0, light_wrap=0.5), somebody()
    stereo = Stereo(layout=name)  # type: ignore[arg-type]
    behind, layout, seen = Still(BEACH), layout_for(settings, stereo, ROWS, COLUMNS), shifts(settings, stereo)
    assert layout is not None
    here = np.zeros((layout.rows, layout.columns, 3), np.uint8)
    lay(composite_for_both_eyes(frame, mask, behind, settings, seen), layout, 0, here)
    edge = tables(settings.cover_from, settings.cover_to, settings.light_wrap)
    there = shader("before", frame, mask, behind(frame, mask), edge, False, seen, layout)
    assert psnr(there, here) >= ALIKE
