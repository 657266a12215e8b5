"""What can go wrong with a ring; every message names the ring and what to do."""


class RingError(Exception):
    """Base of all ring errors."""


class RingCorrupt(RingError):
    """A header word holds a value that cannot be. The launcher dumps the header and makes a new segment."""

    def __init__(self, ring: str, what: str) -> None:
        super().__init__(f"ring {ring}: {what}")
        self.ring, self.what = ring, what


class SourceGone(RingError):
    """The slot that a frame names as its source has been re-used: its keeper died or the segment changed."""


class LeaseEscaped(RingError):
    """A view of a slot was still referenced when its lease ended; the writer may overwrite what it shows."""


class FrameTooLarge(RingError):
    """The frame does not fit the slots of this segment; the launcher has to make a larger one."""

    def __init__(self, ring: str, nbytes: int, slot_bytes: int) -> None:
        super().__init__(f"ring {ring}: a frame of {nbytes} bytes does not fit slots of {slot_bytes} bytes")
        self.ring, self.nbytes, self.slot_bytes = ring, nbytes, slot_bytes


class NoMemory(RingError):
    """The system has no room for a segment."""
