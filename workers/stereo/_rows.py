"""What happens to one row of a view, compiled: pixels land, targets look back, colours are sampled.

Each step is a short loop over arrays of the row's length, which the compiler turns into vector instructions;
that is why they are many and why every number in them is cast to 32 bits. Positions are int32 in 256ths of a
pixel, colours uint32 with a byte for each channel. What is rare, holes and edges, is in _holes.py.
"""

import numpy as np
from numba import int32, uint8, uint32, uint64

from workers.stereo._compiled import compiled
from workers.stereo._definition import HOLE, WIDEST


@compiled
def pack(row, channels, colours, pairs):  # type: ignore[no-untyped-def]
    """uint8[width * channels], 3 or 4 channels → colours uint32[width + 1], the last one twice, and each with
    the next one, uint64[width]."""
    width = colours.size - 1
    if channels == 4:
        words = row.view(np.uint32)
        for x in range(width):
            colours[x] = words[x]
    elif width % 4 == 0:
        _pack_fours(row.view(np.uint32), colours)
    else:
        for x in range(width):
            low = uint32(uint32(row[3 * x]) | uint32(uint32(row[3 * x + 1]) << uint32(8)))
            colours[x] = uint32(low | uint32(uint32(row[3 * x + 2]) << uint32(16)))
    colours[width] = colours[width - 1]
    here, there = colours[:-1], colours[1:]
    for x in range(width):
        pairs[x] = uint64(uint64(here[x]) | uint64(uint64(there[x]) << uint64(32)))


@compiled
def _pack_fours(words, colours):  # type: ignore[no-untyped-def]
    """Four pixels lie in three words; this way it takes a fifth of the time."""
    for k in range(words.size // 3):
        one, two, three = words[3 * k], words[3 * k + 1], words[3 * k + 2]
        colours[4 * k] = uint32(one & uint32(0xFFFFFF))
        colours[4 * k + 1] = uint32(
            uint32(one >> uint32(24)) | uint32(uint32(two & uint32(0xFFFF)) << uint32(8))
        )
        colours[4 * k + 2] = uint32(
            uint32(two >> uint32(16)) | uint32(uint32(three & uint32(0xFF)) << uint32(16))
        )
        colours[4 * k + 3] = uint32(three >> uint32(8))


@compiled
def unpack(colours, channels, row):  # type: ignore[no-untyped-def]
    """colours uint32[width] → uint8[width * channels]."""
    if channels == 3:
        for x in range(colours.size):
            colour = colours[x]
            row[3 * x] = uint8(colour)
            row[3 * x + 1] = uint8(colour >> uint32(8))
            row[3 * x + 2] = uint8(colour >> uint32(16))
    else:
        for x in range(colours.size):
            colour = colours[x]
            row[4 * x] = uint8(colour)
            row[4 * x + 1] = uint8(colour >> uint32(8))
            row[4 * x + 2] = uint8(colour >> uint32(16))
            row[4 * x + 3] = uint8(colour >> uint32(24))


@compiled
def blend(one, other, part):  # type: ignore[no-untyped-def]
    """Two colours, `part` 256ths of the other; two channels at once in each half of the multiplications."""
    even, odd, half = uint32(0x00FF00FF), uint32(0xFF00FF00), uint32(0x00800080)
    share = uint32(part)
    rest = uint32(uint32(256) - share)
    low = uint32(uint32(uint32(one & even) * rest) + uint32(uint32(uint32(other & even) * share) + half))
    high_one, high_other = uint32(one >> uint32(8)), uint32(other >> uint32(8))
    high = uint32(
        uint32(uint32(high_one & even) * rest) + uint32(uint32(uint32(high_other & even) * share) + half)
    )
    return uint32(uint32(uint32(low >> uint32(8)) & even) | uint32(high & odd))


@compiled
def move(near, scale, convergence, budget, sign, places):  # type: ignore[no-untyped-def]
    """places[x] = where source pixel x lands: x plus or minus its parallax (_parallax.py)."""
    for x in range(places.size):
        shift = max(-budget, min(budget, scale * (near[x] - convergence)))
        moved = int32(np.floor(sign * np.float32(256) * shift + np.float32(0.5)))
        places[x] = int32(int32(int32(x) << int32(8)) + moved)


@compiled
def aim(places, margin, cells, looks):  # type: ignore[no-untyped-def]
    """The target pixel on which each source pixel lands, cells[x] = margin + u, and where in the source that
    target then looks, looks[x] = x + u - t: as far beside x as it lies beside the place where x has landed.
    """
    half, mask = int32(128), int32(255)
    for x in range(places.size):
        landed = int32(places[x] + half)
        cells[x] = uint32(int32(margin) + int32(landed >> int32(8)))
        looks[x] = int32(int32(int32(x) << int32(8)) + int32(half - int32(landed & mask)))


@compiled
def land_in_order(cells, looks, leftwards, landed):  # type: ignore[no-untyped-def]
    """landed[margin + u] = where in the source row target u looks, or HOLE.

    For parallax that grows with nearness. Of two pixels that then land on one the nearer has come farther, so
    painting row by row from the right (for the eye to which things move right) lets the nearer come last
    (McMillan, "An image-based approach to three-dimensional computer graphics", 1997).
    """
    for u in range(landed.size):
        landed[u] = int32(HOLE)
    if leftwards:
        for x in range(cells.size - 1, -1, -1):
            landed[cells[x]] = looks[x]
    else:
        for x in range(cells.size):
            landed[cells[x]] = looks[x]


@compiled
def land_nearest(cells, looks, near, landed, depth):  # type: ignore[no-untyped-def]
    """The same for any nearness: the greater one is seen."""
    for u in range(landed.size):
        landed[u] = int32(HOLE)
        depth[u] = np.float32(-1e30)
    for x in range(cells.size):
        u = cells[x]
        if near[x] > depth[u]:
            depth[u] = near[x]
            landed[u] = looks[x]


@compiled
def pixel(look):  # type: ignore[no-untyped-def]
    """The source pixel that a target shows which looks there."""
    return int32(int32(look + int32(127)) >> int32(8))


@compiled
def close_cracks(landed, margin, source):  # type: ignore[no-untyped-def]
    """source[u] = where in the source row target u looks, or HOLE.

    Where two neighbours of the source are seen with one target between them, it lies between them on their
    surface, whatever was seen through the crack.
    """
    width, last = source.size, int32((source.size - 1) << 8)
    before, here = landed[margin - 1 : margin - 1 + width], landed[margin : margin + width]
    after = landed[margin + 1 : margin + 1 + width]
    for u in range(width):
        beside = pixel(after[u]) == int32(pixel(before[u]) + int32(1))
        cracked = (before[u] > int32(HOLE)) & beside
        look = int32(int32(before[u] + after[u]) >> int32(1)) if cracked else here[u]
        inside = max(int32(0), min(last, look))
        source[u] = inside if look > int32(HOLE) else int32(HOLE)


@compiled
def find_tears(source, flags, tears):  # type: ignore[no-untyped-def]
    """Where targets u and u + 1 do not show one surface, or u shows none: tears[:count], ascending."""
    here, there = source[:-1], source[1:]
    for u in range(here.size):
        step = int32(there[u] - here[u])
        flags[u] = uint8((step < int32(0)) | (step > int32(WIDEST)) | (here[u] < int32(0)))
    flags[here.size] = uint8(there[here.size - 1] < int32(0))
    return list_flagged(flags, tears)


@compiled
def list_flagged(flags, places):  # type: ignore[no-untyped-def]
    """The places of all flags that are set, uint8[width, padded with 0 to a multiple of 8] → places[:count];
    eight are looked at at once, since few are set."""
    eights, count = flags.view(np.uint64), 0
    for k in range(eights.size):
        if eights[k] != uint64(0):
            for x in range(8 * k, 8 * k + 8):
                if flags[x]:
                    places[count] = int32(x)
                    count += 1
    return count


@compiled
def sample(pairs, source, both, line):  # type: ignore[no-untyped-def]
    """line[u] = the colour at source[u], linear between two pixels; `both` is scratch, uint64[width]."""
    for u in range(line.size):
        both[u] = pairs[uint32(uint32(max(int32(0), source[u])) >> uint32(8))]
    halves = both.view(np.uint32)
    for u in range(line.size):
        line[u] = blend(halves[2 * u], halves[2 * u + 1], uint32(uint32(source[u]) & uint32(255)))
