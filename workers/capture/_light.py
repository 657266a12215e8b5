"""From the light of an HDR film, or from the colours of one with a wider gamut (BT.2020, P3), to those of an
ordinary one: a table for FFmpeg's lut3d filter.

Highlights are pressed together as ITU-R BT.2390 says, from 1000 nits to the 203 that are white; below about
90 nits nothing changes. Colours outside of BT.709 are clipped.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from av.video.reformatter import ColorPrimaries, ColorTrc

HDR = (ColorTrc.SMPTE2084, ColorTrc.ARIB_STD_B67)  # PQ and HLG
POINTS = 33  # along each edge of the table
PEAK, WHITE = 1000.0, 203.0  # nits: of a film as it is graded, and of white (ITU-R BT.2408)
DISPLAY_GAMMA = 2.4  # ITU-R BT.1886
HLG_GAMMA = 1.2  # of a display of 1000 nits
LUMA_2020 = np.array([0.2627, 0.6780, 0.0593])
TO_709 = np.array([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]])
P3_TO_709 = np.array([[1.2249, -0.2249, 0.0], [-0.0420, 1.0420, 0.0], [-0.0196, -0.0786, 1.0982]])
WIDE = {ColorPrimaries.BT2020: TO_709, ColorPrimaries.SMPTE432: P3_TO_709}
M1, M2 = 2610 / 16384, 2523 / 32
C1, C2, C3 = 3424 / 4096, 2413 / 128, 2392 / 128
Light = npt.NDArray[np.float64]


def table_for(curve: int, primaries: int) -> str:
    """The name of the table that a film needs; none where it is empty."""
    if curve in HDR:
        return ColorTrc(curve).name
    return ColorPrimaries(primaries).name if primaries in WIDE else ""


def write_table(path: Path, curve: int, primaries: int) -> None:
    """In the .cube format; red goes fastest."""
    steps = np.linspace(0, 1, POINTS)
    blue, green, red = np.meshgrid(steps, steps, steps, indexing="ij")
    codes = np.stack([red, green, blue], -1).reshape(-1, 3)
    colours = ordinary(codes, curve) if curve in HDR else _narrowed(codes, WIDE[ColorPrimaries(primaries)])
    lines = "\n".join(" ".join(f"{part:.5f}" for part in colour) for colour in colours)
    path.write_text(f"LUT_3D_SIZE {POINTS}\n{lines}\n")


def ordinary(codes: Light, curve: int) -> Light:
    """[n, 3] codes 0…1 of a BT.2020 film with this transfer curve → codes 0…1 of a BT.709 one."""
    nits = from_pq(codes) if curve == ColorTrc.SMPTE2084 else _from_hlg(codes)
    brightest = np.maximum(nits.max(axis=1, keepdims=True), 1e-6)
    nits = nits * (_pressed(brightest) / brightest)
    shown = np.clip(nits @ TO_709.T / WHITE, 0, 1)
    return np.asarray(shown ** (1 / DISPLAY_GAMMA), np.float64)


def _narrowed(codes: Light, to_709: Light) -> Light:
    """The same colours where BT.709 has them; white stays white."""
    shown = np.clip(codes**DISPLAY_GAMMA @ to_709.T, 0, 1)
    return np.asarray(shown ** (1 / DISPLAY_GAMMA), np.float64)


def from_pq(codes: Light) -> Light:
    """Nits (SMPTE ST 2084)."""
    power = np.maximum(codes, 0) ** (1 / M2)
    return np.asarray(10_000 * (np.maximum(power - C1, 0) / (C2 - C3 * power)) ** (1 / M1), np.float64)


def to_pq(nits: Light | float) -> Light:
    power = (np.asarray(nits, np.float64) / 10_000) ** M1
    return np.asarray(((C1 + C2 * power) / (1 + C3 * power)) ** M2, np.float64)


def _from_hlg(codes: Light) -> Light:
    """Nits on a display of 1000 (ITU-R BT.2100)."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(codes <= 0.5, codes**2 / 3, (np.exp((codes - c) / a) + b) / 12)
    luma = np.maximum(scene @ LUMA_2020, 1e-9)[:, None]
    return np.asarray(PEAK * scene * luma ** (HLG_GAMMA - 1), np.float64)


def _pressed(nits: Light) -> Light:
    """BT.2390's curve: straight up to the knee, then a Hermite spline that ends at white."""
    peak = to_pq(PEAK)
    most = to_pq(WHITE) / peak
    knee = 1.5 * most - 0.5
    light = np.minimum(to_pq(nits) / peak, 1)
    t = np.maximum((light - knee) / (1 - knee), 0)
    bent = (
        (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (3 * t**2 - 2 * t**3) * most
    )
    return from_pq(np.where(light < knee, light, bent) * peak)
