"""Renders boxes, ellipsoids and upright cylinders with their exact depth: one ray per pixel, in numba.

World: x right, y up, z ahead, metres. A shape is a row of a float32 array; the columns are named below.
"""

import math
from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

BOX, ELLIPSOID, CYLINDER, ROOM = 0, 1, 2, 3  # a room is a box that is seen from inside
KIND, X, Y, Z, SX, SY, SZ, COS, SIN, TEXTURE, GRAIN, RED, GREEN, BLUE, GLOW = range(15)
COLUMNS = 15
NOTHING = 1e9  # m, how far the sky is
TOUCHING = 1e-3  # m: nearer than this is the surface that the ray starts from

Picture = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class View:
    """A camera at `position` (m) that looks ahead, tilted down by `pitch` and to the side by `roll` (rad).
    `focal` in widths of the picture."""

    position: tuple[float, float, float]
    pitch: float
    roll: float
    focal: float


@dataclass(frozen=True)
class Light:
    """A sun in this direction, or a lamp at this place, and what comes from everywhere. `fog` is the
    distance in m at which a third of the colour is left."""

    place: tuple[float, float, float]
    is_lamp: bool
    strength: float
    ambient: float
    shadows: bool
    fog: float
    fog_colour: tuple[float, float, float]


def shape(
    kind: int,
    centre: tuple[float, float, float],
    half: tuple[float, float, float],
    yaw: float = 0.0,
    texture: int = 0,
    grain: float = 1.0,
    tint: tuple[float, float, float] = (1, 1, 1),
    glow: float = 0.0,
) -> list[float]:
    """A row: half sizes along its own axes, turned by `yaw` about the vertical; `grain` is the size of a
    texture tile in m, `tint` multiplies it, `glow` is light of its own."""
    return [kind, *centre, *half, math.cos(yaw), math.sin(yaw), texture, grain, *tint, glow]


def render(
    shapes: Floats, view: View, light: Light, textures: Picture, sky: Picture
) -> tuple[Picture, Floats]:
    """uint8[h, w, 3] RGB and inverse depth float32[h, w] in 1/m, 0 where there is only sky. `sky` is
    uint8[h, w, 3] and gives the size, `textures` uint8[n, s, s, 3]."""
    rays = rays_of(view, *sky.shape[:2])
    means = textures.reshape(len(textures), -1, 3).mean(axis=1).astype(np.float32)
    place = np.asarray(light.place, np.float32)
    if not light.is_lamp:
        place /= np.linalg.norm(place)
    lights = np.asarray(
        [light.is_lamp, light.strength, light.ambient, light.shadows, light.fog, *light.fog_colour],
        np.float32,
    )
    texel_angle = 1 / (view.focal * sky.shape[1])
    origin = np.asarray(view.position, np.float32)
    return _render(shapes, origin, rays, place, lights, textures, means, sky, np.float32(texel_angle))


def rays_of(view: View, rows: int, columns: int) -> Floats:
    """A direction for each pixel, float32[h, w, 3]; its length is 1 along the camera's axis, so that the
    multiple at a hit is the depth and not the distance."""
    x = (np.arange(columns) + 0.5 - columns / 2) / (view.focal * columns)
    y = -(np.arange(rows) + 0.5 - rows / 2) / (view.focal * columns)
    x, y = np.meshgrid(x, y)
    x, y = (
        x * math.cos(view.roll) - y * math.sin(view.roll),
        x * math.sin(view.roll) + y * math.cos(view.roll),
    )
    cos, sin = math.cos(view.pitch), math.sin(view.pitch)
    return np.ascontiguousarray(np.stack([x, y * cos - sin, cos + y * sin], axis=-1), np.float32)


@numba.njit(fastmath=True, nogil=True, cache=True)
def _hit(row, ox, oy, oz, dx, dy, dz):
    """How far along the ray its first hit with this shape is; NOTHING without one."""
    px, py, pz = ox - row[X], oy - row[Y], oz - row[Z]
    cos, sin = row[COS], row[SIN]
    px, pz = px * cos + pz * sin, pz * cos - px * sin
    ex, ez = dx * cos + dz * sin, dz * cos - dx * sin
    kind = int(row[KIND])
    if kind in (BOX, ROOM):
        near, far = -NOTHING, NOTHING
        for p, e, half in ((px, ex, row[SX]), (py, dy, row[SY]), (pz, ez, row[SZ])):
            if abs(e) < 1e-9:
                if abs(p) > half:
                    return NOTHING
                continue
            a, b = (-half - p) / e, (half - p) / e
            near, far = max(near, min(a, b)), min(far, max(a, b))
        if near > far:
            return NOTHING
        t = far if kind == ROOM else near
        return t if t > TOUCHING else NOTHING
    px, pz, ex, ez = px / row[SX], pz / row[SZ], ex / row[SX], ez / row[SZ]
    a, b, c = ex * ex + ez * ez, px * ex + pz * ez, px * px + pz * pz - 1
    if kind == ELLIPSOID:
        qy, fy = py / row[SY], dy / row[SY]
        a, b, c = a + fy * fy, b + qy * fy, c + qy * qy
    root = b * b - a * c
    best = NOTHING
    if root > 0 and a > 1e-12:
        t = (-b - math.sqrt(root)) / a
        if t > TOUCHING and (kind == ELLIPSOID or abs(py + t * dy) <= row[SY]):
            best = t
    if kind == CYLINDER and abs(dy) > 1e-9:
        t = (math.copysign(row[SY], -dy) - py) / dy
        x, z = px + t * ex, pz + t * ez
        if TOUCHING < t < best and x * x + z * z <= 1:
            best = t
    return best


@numba.njit(fastmath=True, nogil=True, cache=True)
def _surface(row, x, y, z):
    """Normal and texture place (m) at a point of the shape's surface."""
    px, py, pz = x - row[X], y - row[Y], z - row[Z]
    cos, sin = row[COS], row[SIN]
    px, pz = px * cos + pz * sin, pz * cos - px * sin
    sx, sy, sz = px / row[SX], py / row[SY], pz / row[SZ]
    kind = int(row[KIND])
    if kind == ELLIPSOID or (kind == CYLINDER and abs(sy) < 0.999):
        nx, ny, nz = sx / row[SX], sy / row[SY] if kind == ELLIPSOID else 0.0, sz / row[SZ]
        u, v = math.atan2(sz, sx) * max(row[SX], row[SZ]), py
    elif abs(sy) >= abs(sx) and abs(sy) >= abs(sz):
        nx, ny, nz, u, v = 0.0, math.copysign(1.0, sy), 0.0, px, pz
    elif abs(sx) >= abs(sz):
        nx, ny, nz, u, v = math.copysign(1.0, sx), 0.0, 0.0, pz, py
    else:
        nx, ny, nz, u, v = 0.0, 0.0, math.copysign(1.0, sz), px, py
    if kind == ROOM:
        nx, ny, nz = -nx, -ny, -nz
    nx, nz = nx * cos - nz * sin, nz * cos + nx * sin
    length = math.sqrt(nx * nx + ny * ny + nz * nz) + 1e-9
    return nx / length, ny / length, nz / length, u, v


@numba.njit(fastmath=True, nogil=True, cache=True)
def _is_dark(shapes, x, y, z, lx, ly, lz, limit):
    """Whether something stands between this point and the light, `limit` away."""
    for i in range(shapes.shape[0]):
        if int(shapes[i, KIND]) != ROOM and _hit(shapes[i], x, y, z, lx, ly, lz) < limit:
            return True
    return False


@numba.njit(fastmath=True, nogil=True, cache=True)
def _render(shapes, origin, rays, place, lights, textures, means, sky, texel_angle):
    rows, columns = rays.shape[:2]
    picture = sky.copy()
    inverse = np.zeros((rows, columns), np.float32)
    side = textures.shape[1]
    ox, oy, oz = origin
    for r in range(rows):
        for c in range(columns):
            dx, dy, dz = rays[r, c]
            best, which = NOTHING, -1
            for i in range(shapes.shape[0]):
                t = _hit(shapes[i], ox, oy, oz, dx, dy, dz)
                if t < best:
                    best, which = t, i
            if which < 0:
                continue
            row = shapes[which]
            inverse[r, c] = 1 / best
            x, y, z = ox + best * dx, oy + best * dy, oz + best * dz
            nx, ny, nz, u, v = _surface(row, x, y, z)
            lx, ly, lz, reach, power = place[0], place[1], place[2], NOTHING, lights[1]
            if lights[0]:
                lx, ly, lz = lx - x, ly - y, lz - z
                reach = math.sqrt(lx * lx + ly * ly + lz * lz) + 1e-6
                lx, ly, lz = lx / reach, ly / reach, lz / reach
                power = power / (0.3 + 0.12 * reach * reach)
            facing = nx * lx + ny * ly + nz * lz
            lit = 0.0
            if facing > 0:
                lit = facing * power
                if lights[3] and _is_dark(
                    shapes, x + nx * 0.01, y + ny * 0.01, z + nz * 0.01, lx, ly, lz, reach
                ):
                    lit *= 0.15
            lit += lights[2] * (0.8 + 0.2 * ny) + row[GLOW]
            steep = abs(nx * dx + ny * dy + nz * dz) + 0.05
            footprint = best * texel_angle / steep / (row[GRAIN] / side)  # texels under this pixel
            sharp = 1 / max(1.0, footprint)
            tu = int((u / row[GRAIN] % 1.0) * side) % side
            tv = side - 1 - int((v / row[GRAIN] % 1.0) * side) % side  # pictures begin at the top
            clear = math.exp(-best / lights[4])
            texture = int(row[TEXTURE])
            for k in range(3):
                albedo = textures[texture, tv, tu, k] * sharp + means[texture, k] * (1 - sharp)
                colour = albedo * row[RED + k] * lit
                colour = colour * clear + lights[5 + k] * (1 - clear)
                picture[r, c, k] = min(255.0, max(0.0, colour))
    return picture, inverse
