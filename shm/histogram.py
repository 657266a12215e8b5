"""Durations counted in shared words: one owner adds, anybody reads, no lock.

192 buckets, eight to an octave, from 1 µs to about a minute: any percentile is right within 9 %.
"""

from collections.abc import Sequence

from shm.layout import Words

BUCKETS = 192
_UNIT_BITS = 10  # the unit is 1024 ns


def bucket_of(nanoseconds: int) -> int:
    """The bucket that counts a duration: linear up to 8 units, then eight buckets to every octave."""
    units = max(0, nanoseconds) >> _UNIT_BITS
    shift = max(0, units.bit_length() - 4)
    return min(BUCKETS - 1, shift * 8 + (units >> shift))


def bucket_start(bucket: int) -> int:
    """The shortest duration that a bucket counts, in nanoseconds."""
    shift = max(0, bucket // 8 - 1)
    return (bucket - shift * 8) << shift << _UNIT_BITS


def add(words: Words, at: int, nanoseconds: int) -> None:
    """Count one duration in the histogram whose first word is `at`."""
    words[at + bucket_of(nanoseconds)] += 1


def percentile_ms(counts: Sequence[int], share: float) -> float | None:
    """The duration in milliseconds that `share` (0 to 1) of the counted ones stay under; None if empty."""
    wanted = share * sum(counts)
    if not wanted:
        return None
    seen = 0
    for bucket, count in enumerate(counts):
        seen += count
        if count and seen >= wanted:
            return (bucket_start(bucket) + bucket_start(bucket + 1)) / 2e6
    return None
