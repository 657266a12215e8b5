"""The two views with torch, for a GPU, as _definition.py says: over whole pictures instead of rows.

Every step of warp.py has its twin here, in the same integers, so that both make the same picture. Nothing is
downloaded or uploaded: give tensors of the device that is to do the work.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from workers.stereo import _definition
from workers.stereo._layout import ANAGLYPHS, SIDE_BY_SIDE, TOP_BOTTOM, Layout
from workers.stereo._parallax import Parallax

COLUMN_BITS = 20  # of a landing key; pictures are less than a million columns wide


class Landed(NamedTuple):
    """The source pixels' places int64[H, W], in 256ths, and where in the source row each target looks,
    int64[H, W], or HOLE."""

    places: Tensor
    source: Tensor


class Tap(NamedTuple):
    """Which pixels around a border are averaged: `rows` up and down, `columns` away, and their steps."""

    rows: int
    row_step: int
    columns: int
    column_step: int


NEARER, FARTHER = Tap(*_definition.NEARER_TAPS), Tap(*_definition.FARTHER_TAPS)


def forward_warp(frame: Tensor, parallax: Tensor, nearness: Tensor) -> Tensor:
    """One view: frame uint8[H, W, C], parallax (pixels) and nearness float32[H, W] → uint8[H, W, C]."""
    colours = frame.long()
    landed = _land(parallax, nearness)
    line = _sample(colours, landed)
    line = _fill_holes(colours, parallax, nearness, landed, line)
    return _blend_edges(colours, nearness, landed, line).to(torch.uint8)


def warp_views(
    frame: Tensor, nearness: Tensor, parallax: Parallax, picture: Tensor, layout: Layout, phase: int = 0
) -> None:
    """frame uint8[H, W, 3], nearness float32[h, w] of any size → both views in `picture`, in place."""
    near = full_nearness(frame, nearness)
    shift = (parallax.scale * (near - parallax.convergence)).clamp(-parallax.budget, parallax.budget)
    left, right = (forward_warp(frame, sign * shift, near) for sign in (1.0, -1.0))
    if layout.name in SIDE_BY_SIDE + TOP_BOTTOM:
        for eye, view in ((left, layout.left_eye), (right, layout.right_eye)):
            parts = eye.reshape(view.rows, view.down, view.columns, view.across, 3).long()
            share = view.down * view.across
            mean = (parts.sum(dim=(1, 3)) + share // 2) // share
            picture[view.top : view.top + view.rows, view.left : view.left + view.columns] = mean
        return
    view = layout.left_eye
    place = picture[view.top : view.top + view.rows, view.left : view.left + view.columns]
    place.copy_(_mixed(left, right, layout.name, phase))


def full_nearness(frame: Tensor, nearness: Tensor) -> Tensor:
    """The map float32[h, w] along the edges of the frame uint8[H, W, 3], float32[H, W]."""
    colours = frame.long()
    if nearness.shape == frame.shape[:2]:
        return _smoothed(_refined(colours, nearness))
    small = _reduced(colours, nearness.shape[0], nearness.shape[1])
    for _ in range(_definition.PASSES):
        nearness = _voted(small, nearness)
    return _calmed(_refined(colours, _upsampled(colours, small, nearness)))


def _mixed(left: Tensor, right: Tensor, name: str, phase: int) -> Tensor:
    """Both eyes uint8[H, W, 3] in one place."""
    rows = torch.arange(left.shape[0], device=left.device)[:, None]
    columns = torch.arange(left.shape[1], device=left.device)[None]
    if name == "frame-sequential":
        return right if phase % 2 else left
    if name in ANAGLYPHS:
        matrix = torch.tensor(ANAGLYPHS[name], device=left.device)
        matrix = (matrix * 1024).round().long()
        both = torch.cat([left, right], dim=2).long()
        mixed = (both[:, :, None, :] * matrix).sum(dim=3) + 512
        return (mixed >> 10).clamp(0, 255).to(torch.uint8)
    turns = {"row-interlaced": rows, "column-interlaced": columns, "checkerboard": rows + columns}[name]
    return torch.where(((turns + phase) % 2 == 1)[..., None], right, left)


def _land(parallax: Tensor, nearness: Tensor) -> Landed:
    height, width = parallax.shape
    columns = torch.arange(width, device=parallax.device)
    places = (columns << 8) + torch.floor(256 * parallax + 0.5).long()
    margin = int(parallax.abs().max().ceil()) + 2
    cells = ((places + 128) >> 8) + margin
    looks = (columns << 8) + 128 - ((places + 128) & 255)
    key = (_sortable(nearness) << COLUMN_BITS) + ((1 << COLUMN_BITS) - 1 - columns)
    lowest = torch.iinfo(torch.int64).min
    nearest = torch.full((height, width + 2 * margin), lowest, device=parallax.device)
    nearest.scatter_reduce_(1, cells, key, "amax")
    winner = (1 << COLUMN_BITS) - 1 - (nearest & ((1 << COLUMN_BITS) - 1))
    landed = torch.where(nearest == lowest, _definition.HOLE, looks.gather(1, winner.clamp(max=width - 1)))
    before, here, after = (landed[:, margin + k : margin + k + width] for k in (-1, 0, 1))
    cracked = (before > _definition.HOLE) & (_pixel(after) == _pixel(before) + 1)
    look = torch.where(cracked, (before + after) >> 1, here)
    source = torch.where(look > _definition.HOLE, look.clamp(0, (width - 1) << 8), _definition.HOLE)
    return Landed(places, source)


def _sortable(values: Tensor) -> Tensor:
    """Integers in the order of float32 values: their bits, those of negative ones turned round."""
    bits = values.contiguous().view(torch.int32).long()
    return torch.where(bits < 0, -(bits & 0x7FFFFFFF), bits)


def _pixel(look: Tensor) -> Tensor:
    """The source pixel that a target shows which looks there."""
    return (look + 127) >> 8


def _blend(one: Tensor, other: Tensor, part: Tensor) -> Tensor:
    """Colours int64[…, C], `part` 256ths [… ] of the other."""
    part = part[..., None]
    return (one * (256 - part) + other * part + 128) >> 8


def _take(colours: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    return colours[rows, columns]


def _sample(colours: Tensor, landed: Landed) -> Tensor:
    """Linear between two pixels, but beside a tear only if both are of one surface."""
    places, source = landed
    width = source.shape[1]
    place = source.clamp(min=0)
    rows = torch.arange(source.shape[0], device=source.device)[:, None]
    first, own = place >> 8, _pixel(place)
    second = (first + 1).clamp(max=width - 1)
    beside = torch.where(own == first, second, first)
    apart = (_shift(places, rows, beside) - _shift(places, rows, own)).abs() > 256
    torn = torch.nn.functional.pad(_torn(source), (1, 1))
    torn = torn[:, 1:] | torn[:, :-1]
    plain = _blend(_take(colours, rows, first), _take(colours, rows, second), place & 255)
    return torch.where((apart & torn)[..., None], _take(colours, rows, own), plain)


def _torn(source: Tensor) -> Tensor:
    """Whether targets u and u + 1 do not show one surface, bool[H, W - 1]."""
    step = source[:, 1:] - source[:, :-1]
    hole = source == _definition.HOLE
    return (step < 0) | (step > _definition.WIDEST) | hole[:, 1:] | hole[:, :-1]


def _fill_holes(colours: Tensor, parallax: Tensor, near: Tensor, landed: Landed, line: Tensor) -> Tensor:
    """All hole pixels at once, as a list; then the edges of what stands before them."""
    places, source = landed
    width = source.shape[1]
    columns = torch.arange(width, device=source.device)
    seen = source > _definition.HOLE
    before = torch.where(seen, columns, -1).cummax(dim=1).values
    after = torch.where(seen, columns, width).flip(1).cummin(dim=1).values.flip(1)
    rows, u = torch.nonzero(~seen, as_tuple=True)
    begin, end = before[rows, u] + 1, after[rows, u]
    left = torch.where(begin > 0, _pixel(source[rows, (begin - 1).clamp(min=0)]), -1)
    right = torch.where(end < width, _pixel(source[rows, end.clamp(max=width - 1)]), -1)
    shift_left, shift_right = (_shift(places, rows, border.clamp(min=0)) for border in (left, right))
    within = (left >= 0) & (right >= 0)
    beside = within & ((shift_left - shift_right).abs() < 128 * (end - begin))
    nearer_left = near[rows, right.clamp(min=0)] < near[rows, left.clamp(min=0)]
    from_right = (right >= 0) & ((left < 0) | nearer_left)
    tolerance = torch.where(within, (0.5 * (end - begin)).clamp(max=_definition.SAME), _definition.SAME)
    sides = []
    for border, away, depth in ((left.clamp(min=0), -1, u - begin + 1), (right.clamp(min=0), 1, end - u)):
        sides.append(_paint(colours, parallax, places, rows, border, away, depth, end - begin, tolerance))
    share = torch.where(beside, 256 * (u - begin + 1) // (end - begin + 1), 256 * from_right.long())
    line = line.clone()
    line[rows, u] = _blend(sides[0], sides[1], share)
    first = within & ~beside & (u == begin)
    _end_right(colours, places, line, rows[first & from_right], (left, begin - 1), first & from_right)
    _end_left(colours, places, line, rows[first & ~from_right], (right, end), first & ~from_right)
    return line


def _shift(places: Tensor, rows: Tensor, x: Tensor) -> Tensor:
    return places[rows, x] - (x << 8)


def _paint(
    colours: Tensor,
    parallax: Tensor,
    places: Tensor,
    rows: Tensor,
    border: Tensor,
    away: int,
    depth: Tensor,
    size: Tensor,
    tolerance: Tensor,
) -> Tensor:
    """What the background that ends at `border` shows `depth` pixels inside of holes of this size."""
    width = places.shape[1]
    own = _shift(places, rows, border)
    room, open_ = torch.zeros_like(border), torch.ones_like(border, dtype=torch.bool)
    for step in range(1, _definition.ROOM + 1):
        x = border + away * step
        inside = (x >= 0) & (x < width)
        same = (_shift(places, rows, x.clamp(0, width - 1)) - own).abs() <= 256 * tolerance
        open_ &= inside & same
        room += open_
    at_border = _take(colours, rows, border)
    nearer = _mean(colours, parallax, rows, border, away, own / 256.0, tolerance, NEARER)
    farther = _mean(colours, parallax, rows, border, away, own / 256.0, tolerance, FARTHER)
    farther = torch.where((size > _definition.NEARER)[:, None], farther, nearer)
    far_step = 256 // (_definition.FARTHER - _definition.NEARER)
    soft = torch.where(
        (depth <= _definition.NEARER)[:, None],
        _blend(at_border, nearer, depth.clamp(max=_definition.NEARER) * (256 // _definition.NEARER)),
        _blend(nearer, farther, ((depth - _definition.NEARER) * far_step).clamp(0, 256)),
    )
    turn = depth % (2 * room).clamp(min=1)
    fold = torch.where(room == 0, 0, torch.where(turn <= room, turn, 2 * room - turn))
    texture = _take(colours, rows, border + away * fold)
    return _blend(soft, texture, 256 * _definition.TEXTURE // (_definition.TEXTURE + depth))


def _mean(
    colours: Tensor,
    parallax: Tensor,
    rows: Tensor,
    border: Tensor,
    away: int,
    own: Tensor,
    tolerance: Tensor,
    tap: Tap,
) -> Tensor:
    height, width = parallax.shape
    total = torch.zeros((rows.numel(), colours.shape[2]), dtype=torch.int64, device=colours.device)
    count = torch.zeros_like(rows)
    for j in range(-tap.rows, tap.rows + 1):
        for k in range(tap.columns):
            y, x = rows + j * tap.row_step, border + away * k * tap.column_step
            inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
            y, x = y.clamp(0, height - 1), x.clamp(0, width - 1)
            inside &= (parallax[y, x] - own).abs() <= tolerance
            total += _take(colours, y, x) * inside[:, None]
            count += inside
    mean = (total + (count // 2)[:, None]) // count.clamp(min=1)[:, None]
    return torch.where((count == 0)[:, None], _take(colours, rows, border), mean)


def _end_right(
    colours: Tensor, places: Tensor, line: Tensor, rows: Tensor, at: tuple[Tensor, Tensor], chosen: Tensor
) -> None:
    """Surfaces in front end at columns `at[1]` with their pixels `at[0]`."""
    last, u = at[0][chosen], at[1][chosen]
    beyond = places[rows, last] - (u << 8)
    _share(colours, line, rows, last, u, u + 1, beyond)


def _end_left(
    colours: Tensor, places: Tensor, line: Tensor, rows: Tensor, at: tuple[Tensor, Tensor], chosen: Tensor
) -> None:
    first, u = at[0][chosen], at[1][chosen]
    beyond = (u << 8) - places[rows, first]
    _share(colours, line, rows, first, u, u - 1, beyond)


def _share(
    colours: Tensor, line: Tensor, rows: Tensor, x: Tensor, u: Tensor, behind: Tensor, beyond: Tensor
) -> None:
    """The pixel x of a surface ends at u before what `behind` shows, so many 256ths beyond that pixel."""
    own, other = _take(colours, rows, x), line[rows, behind]
    out = beyond > 0
    line[rows[out], behind[out]] = _blend(other[out], own[out], beyond[out])
    line[rows[~out], u[~out]] = _blend(own[~out], other[~out], -beyond[~out])


def _blend_edges(colours: Tensor, near: Tensor, landed: Landed, line: Tensor) -> Tensor:
    places, source = landed
    seen = source > _definition.HOLE
    torn = seen[:, 1:] & seen[:, :-1] & _torn(source)
    rows, u = torch.nonzero(torn, as_tuple=True)
    here, there = _pixel(source[rows, u]), _pixel(source[rows, u + 1])
    apart = (_shift(places, rows, here) - _shift(places, rows, there)).abs() > 256
    to_right = apart & (near[rows, here] > near[rows, there])
    to_left = apart & ~to_right
    line = line.clone()
    _end_right(colours, places, line, rows[to_right], (here, u), to_right)
    _end_left(colours, places, line, rows[to_left], (there, u + 1), to_left)
    return line


def _difference(one: Tensor, other: Tensor) -> Tensor:
    """Squared, of colours int64[…, 3]."""
    return ((one - other) ** 2).sum(dim=-1)


def _refined(colours: Tensor, nearness: Tensor) -> Tensor:
    here, refined = nearness[1:-1, 1:-1], nearness.clone()
    inner, own = refined[1:-1, 1:-1], colours[1:-1, 1:-1]
    height, width = nearness.shape

    def beside(array: Tensor, dy: int, dx: int) -> Tensor:
        return array[1 + dy : height - 1 + dy, 1 + dx : width - 1 + dx]

    for dy, dx in ((0, -1), (0, 1), (-1, 0), (1, 0)):
        there = beside(nearness, dy, dx)
        like_nearer = _difference(own, beside(colours, dy, dx))
        like_other = _difference(own, beside(colours, -dy, -dx))
        joins = (there - here > _definition.LEVEL) & (like_nearer <= _definition.MIXED * like_other)
        inner.copy_(torch.where(joins, torch.maximum(inner, there), inner))
    return refined


def _smoothed(near: Tensor) -> Tensor:
    reach, width = _definition.REACH, near.shape[1]
    result = near.clone()
    middle = near[:, reach : width - reach]
    for k in range(1, reach + 1):
        for side in (-k, k):
            step = near[:, reach + side : width - reach + side] - middle
            small = torch.where(step.abs() < _definition.LEVEL, step, torch.zeros_like(step))
            result[:, reach : width - reach] += small / (2 * reach + 1)
    return result


def _reduced(colours: Tensor, rows: int, columns: int) -> Tensor:
    """The frame as a map of this size sees it, float32[rows, columns, 3]."""
    count = len(_definition.LOOKS)
    looks = torch.tensor(_definition.LOOKS, device=colours.device)
    y, x = (
        (8 * torch.arange(cells, device=colours.device)[:, None] + looks).flatten() * size // (8 * cells)
        for cells, size in ((rows, colours.shape[0]), (columns, colours.shape[1]))
    )
    parts = colours[y][:, x].reshape(rows, count, columns, count, -1).sum(dim=(1, 3))
    return ((parts + count * count // 2) // (count * count)).float()


def _voted(colours: Tensor, nearness: Tensor) -> Tensor:
    reach, (rows, columns) = _definition.VOTERS, nearness.shape
    steps = range(-reach, reach + 1)
    low = high = nearness
    votes = []
    for dy in steps:
        for dx in steps:
            y = torch.arange(rows, device=nearness.device) + dy
            x = torch.arange(columns, device=nearness.device) + dx
            inside = ((y >= 0) & (y < rows))[:, None] & ((x >= 0) & (x < columns))
            y, x = y.clamp(0, rows - 1), x.clamp(0, columns - 1)
            there = nearness[y][:, x]
            low, high = torch.minimum(low, there), torch.maximum(high, there)
            if dx * dx + dy * dy > _definition.FARTHEST:
                continue
            unlike = 1 + ((colours[y][:, x] - colours) ** 2).sum(dim=2) / _definition.VOTE_TONE
            distance = math.exp(-(dx * dx + dy * dy) / (2 * _definition.VOTE_SIGMA**2))
            votes.append((there, inside * distance / unlike**2))
    middle = (low + high) / 2
    near = near_sum = far = far_sum = torch.zeros_like(nearness)
    for there, weight in votes:
        nearer = (there > middle) * weight
        near, near_sum = near + nearer, near_sum + nearer * there
        far, far_sum = far + weight - nearer, far_sum + (weight - nearer) * there
    elected = torch.where(near >= far, near_sum / near.clamp(min=1e-9), far_sum / far.clamp(min=1e-9))
    return torch.where(high - low > _definition.EDGE, elected, nearness)


def _upsampled(colours: Tensor, small: Tensor, nearness: Tensor) -> Tensor:
    (height, width), (rows, columns) = colours.shape[:2], nearness.shape
    fy, first_row, next_row = _cells(height, rows, colours)
    fx, first_column, next_column = _cells(width, columns, colours)
    fy, fx = fy[:, None], fx[None]
    corners, weights, likes = [], [], []
    for r, wy in ((first_row, 1 - fy), (next_row, fy)):
        for c, wx in ((first_column, 1 - fx), (next_column, fx)):
            corners.append(nearness[r][:, c])
            weights.append(wy * wx)
            likes.append(1 / (_definition.TONE + _difference(colours, small[r][:, c])))
    near, plain, like = torch.stack(corners), torch.stack([w.expand(height, width) for w in weights]), likes
    low, high = near.amin(dim=0), near.amax(dim=0)
    front = near > (low + high) / 2
    weight = (plain + _definition.SHARE) * torch.stack(like)
    in_front = 2 * (weight * front).sum(dim=0) >= weight.sum(dim=0)
    weight = torch.where(high - low > _definition.EDGE, weight * (front == in_front), plain)
    return (weight * near).sum(dim=0) / weight.sum(dim=0)


def _cells(size: int, count: int, like: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """For each pixel of an axis: how far it is between the map's two cells around it, and these."""
    at = (torch.arange(size, device=like.device, dtype=torch.float64) + 0.5) * count / size - 0.5
    first = at.floor().long().clamp(0, count - 1)
    return (at - first).clamp(0, 1).float(), first, (first + 1).clamp(max=count - 1)


def _calmed(near: Tensor) -> Tensor:
    """The median down, then across; rows beyond the last are like it, the outermost columns stay."""
    reach = _definition.OUTLINE
    padded = torch.cat([near[:1]] * reach + [near] + [near[-1:]] * reach)
    calm = padded.unfold(0, 2 * reach + 1, 1).median(dim=2).values
    inner = calm.unfold(1, 2 * reach + 1, 1).median(dim=2).values
    return torch.cat([calm[:, :reach], inner, calm[:, calm.shape[1] - reach :]], dim=1)
