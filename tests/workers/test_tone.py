"""HDR light becomes ordinary colours: what is ordinary stays as it was, what is brighter comes out white."""

import numpy as np
import pytest

from workers.capture._tone import KNEE, NITS, to_srgb


def srgb_light(colours: np.ndarray) -> np.ndarray:
    """Linear light 0..1 of 8-bit sRGB colours, by the standard's formula."""
    part = colours / 255
    return np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)


def desktop(light: np.ndarray, white: float) -> np.ndarray:
    """float16[1, n, 4] as Windows hands it out when its white is so bright."""
    pixels = np.ones((1, light.size, 4), np.float16)
    pixels[0, :, :3] = (light * white / NITS)[:, None]
    return pixels


@pytest.mark.parametrize("white", [80.0, 200.0, 480.0])
def test_contract_ordinary_colours_stay_as_they_were(white: float) -> None:
    colours = np.arange(256)
    below = srgb_light(colours) <= KNEE
    back = to_srgb(desktop(srgb_light(colours), white), white)[0, :, 0]
    assert np.abs(back.astype(int) - colours)[below].max() <= 1
    assert back[255] >= 250, "white stays white"


def test_contract_brighter_light_comes_out_brighter_until_it_is_white() -> None:
    light = np.linspace(0, 20, 2000)
    out = to_srgb(desktop(light, 200), 200)[0, :, 1].astype(int)
    assert (np.diff(out) >= 0).all()
    assert np.diff(out)[200:].max() <= 1, "no edge where highlights begin to be pressed together"
    assert out[-1] == 255


def test_contract_what_is_no_colour_is_black_and_endless_light_is_white() -> None:
    odd = np.array([np.nan, -1.0, -np.inf, -0.0, np.inf, 65504], np.float16)
    pixels = np.repeat(odd[None, :, None], 3, axis=2)
    assert to_srgb(pixels, 200)[0].tolist() == [[0] * 3] * 4 + [[255] * 3] * 2


def test_contract_channels_are_kept_apart_and_it_fills_what_it_is_given() -> None:
    pixels = np.zeros((2, 2, 4), np.float16)
    pixels[..., 2] = 1.0
    target = np.full((2, 2, 3), 7, np.uint8)
    assert to_srgb(pixels, 80, target) is target
    assert (target[..., :2] == 0).all()
    assert (target[..., 2] >= 250).all()
