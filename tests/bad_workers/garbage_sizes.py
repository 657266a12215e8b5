"""In the place of stereo: writes into its own slot's line what no frame can be, something else in each
generation of its ring: larger than the slot, a number type that does not exist, nine dimensions.

Outcome: the launcher (or the reader) sees it before anybody touches a pixel, dumps the header and makes a
new segment. As it does that every time, it is "failed" after five times in a minute; the rest goes on.
"""

from shm import layout
from shm.frame import pack_text
from shm.lease import Lease, OpenSlot
from workers.worker import Worker

RUBBISH = (
    {layout.SHAPE_01: 0xFFFF_FFFF_FFFF_FFFF},
    {layout.DTYPE: pack_text("<q9") | 2 << 56},
    {layout.DTYPE: pack_text("|u1") | 9 << 56},
)


class GarbageSizes(Worker):
    reads, joins = "nearness", "frame"
    writes = {"picture": "RGB"}
    last: OpenSlot | None = None
    made = 0

    def process(self, nearness: Lease, frame: Lease, picture: OpenSlot) -> None:
        if self.last is not None and self.made >= 10:
            self._spoil(self.last)
        picture.view((90, 160, 3))[:] = 0
        self.last, self.made = picture, self.made + 1
        self._words = memoryview(picture._memory.obj).cast("B")  # of the whole segment

    def _spoil(self, slot: OpenSlot) -> None:
        spec = slot._spec
        words = self._words[: spec.header_words * layout.WORD].cast("Q")
        for at, value in RUBBISH[spec.generation % len(RUBBISH)].items():
            words[spec.slot_at[slot.slot] + at] = value
