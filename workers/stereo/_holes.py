"""Holes and edges of a row of a view, compiled; see _definition.py."""

from numba import int64, uint32

from workers.stereo._compiled import compiled
from workers.stereo._definition import (
    FARTHER,
    FARTHER_TAPS,
    NEARER,
    NEARER_TAPS,
    PLAIN,
    ROOM,
    SAME,
    TEXTURE,
)
from workers.stereo._rows import blend, pixel


@compiled
def _end_right(colours, places, last, u, line):  # type: ignore[no-untyped-def]
    """A surface in front ends at u with its pixel `last`, half a pixel beside where that has landed."""
    beyond = places[last] - (u << 8)
    if beyond > 0:
        line[u + 1] = blend(line[u + 1], colours[last], beyond)
    else:
        line[u] = blend(colours[last], line[u + 1], -beyond)


@compiled
def _end_left(colours, places, first, u, line):  # type: ignore[no-untyped-def]
    beyond = (u << 8) - places[first]
    if beyond > 0:
        line[u - 1] = blend(line[u - 1], colours[first], beyond)
    else:
        line[u] = blend(colours[first], line[u - 1], -beyond)


@compiled
def keep_apart(colours, places, source, tears, line):  # type: ignore[no-untyped-def]
    """Beside a tear a target shows one pixel alone where the next one in the source is of another surface."""
    for u in tears:
        _keep_to_surface(colours, places, source, u, line)
        if u + 1 < line.size:
            _keep_to_surface(colours, places, source, u + 1, line)


@compiled
def _keep_to_surface(colours, places, source, u, line):  # type: ignore[no-untyped-def]
    if source[u] >= 0:
        own = int64(pixel(source[u]))
        beside = int64(source[u] >> 8)
        beside = beside + 1 if beside == own else beside
        if beside < places.size and abs(places[beside] - places[own] - ((beside - own) << 8)) > 256:
            line[u] = colours[own]


@compiled
def _room(places, border, away, tolerance, most):  # type: ignore[no-untyped-def]
    """How many pixels of the background follow its border, away from the hole."""
    width, own = places.size, places[border] - (border << 8)
    room = int64(0)
    while room < most:
        x = border + away * (room + 1)
        if x < 0 or x >= width or abs((places[x] - (x << 8)) - own) > 256 * tolerance:
            break
        room += 1
    return room


@compiled
def _fold(depth, room):  # type: ignore[no-untyped-def]
    """To and fro in the room: 1, 2 … room … 2, 1, 0, 1 …"""
    if room == 0:
        return int64(0)
    step = depth % (2 * room)
    return step if step <= room else 2 * room - step


@compiled
def _mean_along(colours, border, away, room):  # type: ignore[no-untyped-def]
    """Of four pixels of the background in this row."""
    step = away * (min(room, int64(6)) // 3)
    one, two = blend(colours[border], colours[border + step], 128), colours[border + 2 * step]
    return blend(one, blend(two, colours[border + 3 * step], 128), 128)


@compiled
def _mean(scene, y, border, away, own, tolerance, taps):  # type: ignore[no-untyped-def]
    """Of the background around its border."""
    rows, row_step, columns, column_step = taps
    frame, channels, nearness, (scale, convergence, budget, sign) = scene
    height, width = frame.shape[0], frame.shape[1] // channels
    down, across = nearness.shape[0] / height, nearness.shape[1] / width
    red, green, blue, alpha, count = 0, 0, 0, 0, 0
    for j in range(-rows, rows + 1):
        v = y + j * row_step
        if v < 0 or v >= height:
            continue
        map_row = int64((v + 0.5) * down)
        for k in range(columns):
            x = border + away * k * column_step
            if x < 0 or x >= width:
                continue
            there = scale * (nearness[map_row, int64((x + 0.5) * across)] - convergence)
            if abs(sign * max(-budget, min(budget, there)) - own) > tolerance:
                continue
            at = x * channels
            red += frame[v, at]
            green += frame[v, at + 1]
            blue += frame[v, at + 2]
            if channels == 4:
                alpha += frame[v, at + 3]
            count += 1
    if count == 0:  # the map is coarse here
        at = border * channels
        return _colour(frame[y, at], frame[y, at + 1], frame[y, at + 2], 0)
    half = count // 2
    return _colour(
        (red + half) // count, (green + half) // count, (blue + half) // count, (alpha + half) // count
    )


@compiled
def _colour(red, green, blue, alpha):  # type: ignore[no-untyped-def]
    low = uint32(uint32(red) | uint32(uint32(green) << uint32(8)))
    return uint32(low | uint32(uint32(uint32(blue) << uint32(16)) | uint32(uint32(alpha) << uint32(24))))


@compiled
def _soften(at_border, nearer, farther, texture, depth):  # type: ignore[no-untyped-def]
    """What the background shows this many pixels inside the hole."""
    if depth <= NEARER:
        soft = blend(at_border, nearer, depth * (256 // NEARER))
    else:
        soft = blend(nearer, farther, min(256, (depth - NEARER) * (256 // (FARTHER - NEARER))))
    return blend(soft, texture, 256 * TEXTURE // (TEXTURE + depth))


@compiled
def _paint(scene, y, colours, places, line, begin, end, border, away, tolerance, best, beyond):  # type: ignore[no-untyped-def]
    """The hole from `begin` to `end` with the background that ends at `border`; `beyond`: it has the same
    background on its other side, which is painted already, and each side shows the more the nearer it is."""
    room = _room(places, border, away, tolerance, ROOM if best else PLAIN)
    at_border = colours[border]
    nearer = farther = _mean_along(colours, border, away, room)
    if best:
        own = (places[border] - (border << 8)) / 256.0
        nearer = _mean(scene, y, border, away, own, tolerance, NEARER_TAPS)
        farther = nearer
        if end - begin > NEARER:
            farther = _mean(scene, y, border, away, own, tolerance, FARTHER_TAPS)
    for u in range(begin, end):
        depth = end - u if away > 0 else u - begin + 1
        if best:
            texture = colours[border + away * _fold(depth, room)]
            colour = _soften(at_border, nearer, farther, texture, depth)
        else:
            colour = blend(at_border, nearer, min(256, depth * (256 // PLAIN)))
        line[u] = blend(line[u], colour, 256 * (u - begin + 1) // (end - begin + 1)) if beyond else colour


@compiled
def _fill(scene, y, near, colours, places, source, line, begin, end, best):  # type: ignore[no-untyped-def]
    """The hole from `begin` to `end`, from the side that is farther away; from both sides where both are the
    same background, as beside something thin, and then a hole is wider than the sides are apart in depth."""
    width = line.size
    left = int64(pixel(source[begin - 1])) if begin > 0 else int64(-1)
    right = int64(pixel(source[end])) if end < width else int64(-1)
    within, beside = left >= 0 and right >= 0, False
    if within:
        apart = abs((places[left] - (left << 8)) - (places[right] - (right << 8)))
        beside = apart < 128 * (end - begin)
    from_right = right >= 0 and (left < 0 or near[right] < near[left])
    tolerance = min(SAME, 0.5 * (end - begin)) if within else SAME
    if beside or not from_right:
        border = max(left, int64(0))
        _paint(scene, y, colours, places, line, begin, end, border, int64(-1), tolerance, best, False)
    if beside or from_right:
        _paint(scene, y, colours, places, line, begin, end, right, int64(1), tolerance, best, beside)
    if best and within and not beside:
        if from_right:
            _end_right(colours, places, left, begin - 1, line)
        else:
            _end_left(colours, places, right, end, line)


@compiled
def fill_holes(scene, y, near, colours, places, source, tears, line, best):  # type: ignore[no-untyped-def]
    """`scene` is (frame uint8[H, W * channels], channels, map float32[h, w], (scale, convergence, budget,
    sign)); the others are of this row and view, as in _rows.py."""
    end = int64(0)
    for tear in tears:
        begin = int64(tear)
        if begin >= end and source[begin] < 0:
            end = begin + 1
            while end < line.size and source[end] < 0:
                end += 1
            _fill(scene, y, near, colours, places, source, line, begin, end, best)


@compiled
def blend_edges(near, colours, places, source, tears, line):  # type: ignore[no-untyped-def]
    """Where a nearer surface ends before another the pixel that both share shows both."""
    for u in tears:
        if u + 1 < line.size and source[u] >= 0 and source[u + 1] >= 0:
            here, there = pixel(source[u]), pixel(source[u + 1])
            apart = (places[here] - (here << 8)) - (places[there] - (there << 8))
            if abs(apart) > 256:
                if near[here] > near[there]:
                    _end_right(colours, places, here, u, line)
                else:
                    _end_left(colours, places, there, u + 1, line)
