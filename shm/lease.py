"""The two ways to hold a slot: a reader's lease and a writer's open slot."""

from collections.abc import Callable
from math import prod
from operator import index
from sys import getrefcount
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from shm.errors import FrameTooLarge, LeaseEscaped
from shm.frame import MAX_DIMS, Format, FrameInfo, pack_format, read_info
from shm.layout import Memory, RingSpec


class Pixels:
    """How the frame in a slot is seen: `form` as in the slot's line, and the array that this means. A reader
    keeps it for the next frame there, which is like this one more often than not.

    Whatever is made from `frame` without copying refers to it or, as numpy has it, to its base. (With
    np.ndarray(shape, dtype, memory) the base would be what lies under `memory`, which may be written to.)
    """

    __slots__ = ("form", "frame")

    def __init__(
        self, form: Format, shape: tuple[int, ...], dtype: np.dtype[Any], memory: memoryview
    ) -> None:
        self.form = form
        self.frame: npt.NDArray[Any] = np.frombuffer(memory, dtype, prod(shape)).reshape(shape)

    @property
    def references(self) -> int:
        """How many there are to the frame: more than ALONE, and a view is still referenced somewhere."""
        return getrefcount(self.frame) + getrefcount(self.frame.base)


NOTHING = Pixels((0, 0, 0), (1,), np.dtype(np.uint8), memoryview(b"\0"))
ALONE = NOTHING.references


class Lease:
    """A slot that the writer will not touch until the lease ends. `with reader.lease() as lease: …`

    `frame` is a read-only array. Every reference to it has to be gone when the lease ends: a view that
    outlives it would show whatever the writer puts there next. That is LeaseEscaped; the slot stays
    pinned then, so that at least nothing wrong is seen.
    """

    __slots__ = ("_end", "_held", "_info", "_reader", "memory", "pin", "pixels", "seq", "slot")

    def __init__(self, memory: Memory, reader: str, end: Callable[["Lease"], None]) -> None:
        """Of no slot yet: its reader makes it before it sleeps, and fills it in when it has been woken."""
        self.memory, self._reader, self._end, self._held = memory, reader, end, True
        self.slot = self.seq = self.pin = 0
        self.pixels = NOTHING
        self._info: FrameInfo | None = None

    @property
    def ring(self) -> str:
        """Whose slot it is."""
        return self.memory.spec.name

    @property
    def info(self) -> FrameInfo:
        """The slot's line."""
        if self._info is None:  # only now: whoever waits for a frame waits for its pixels first
            memory = self.memory
            self._info = read_info(memory.spec, memory.words, self.slot, self.seq)
        return self._info

    @property
    def frame(self) -> npt.NDArray[Any]:
        """The pixels, read-only: shape and dtype as in `info`. Raises ValueError after the end. The
        array itself is the next frame's too: reshape it, and do not assign to its `shape`."""
        if not self._held:
            raise ValueError(f"{self._reader}: the lease of frame {self.seq} has ended")
        return self.pixels.frame

    def release(self) -> None:
        """End the lease; a second call does nothing. Raises LeaseEscaped."""
        if self._held and self.pixels.references > ALONE:
            raise LeaseEscaped(
                f"{self._reader}: a view of frame {self.seq} is still referenced after its lease; "
                "copy what has to stay, and drop the view inside the lease"
            )
        self._unpin()

    def _unpin(self) -> None:
        if self._held:
            _ = self.info  # it is still known when the slot has another frame
            self._held = False
            self._end(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.release()
            return
        self._unpin()  # the traceback may still hold the view; the error itself matters more


class OpenSlot:
    """A slot that the writer fills. `view` gives its memory as an array; then `Writer.publish`."""

    __slots__ = ("_memory", "_spec", "_views", "dtype", "form", "shape", "slot")

    def __init__(self, spec: RingSpec, slot: int, memory: memoryview) -> None:
        self.slot, self._spec, self._memory = slot, spec, memory
        self._views: list[Pixels] = []
        self.shape: tuple[int, ...] = ()
        self.dtype: np.dtype[Any] = np.dtype(np.uint8)
        self.form: Format = (0, 0, 0)

    def view(self, shape: tuple[int, ...], dtype: npt.DTypeLike = np.uint8) -> npt.NDArray[Any]:
        """The slot as a writable array. Raises FrameTooLarge, TypeError, ValueError."""
        shape, dtype = tuple(map(index, shape)), np.dtype(dtype)
        form = pack_format(shape, dtype)
        if not 1 <= len(shape) <= MAX_DIMS or min(shape) < 1:
            raise ValueError(f"ring {self._spec.name}: a frame has 1 to {MAX_DIMS} dimensions, not {shape}")
        nbytes = prod(shape) * dtype.itemsize
        if nbytes > self._spec.slot_bytes:
            raise FrameTooLarge(self._spec.name, nbytes, self._spec.slot_bytes)
        self.shape, self.dtype, self.form = shape, dtype, form
        pixels = Pixels(form, shape, dtype, self._memory)
        self._views.append(pixels)
        return pixels.frame

    def close(self) -> None:
        """No view may be left once the slot is published. Raises LeaseEscaped, ValueError."""
        if not self.shape:
            raise ValueError(f"ring {self._spec.name}: a slot was published that nothing was written to")
        for pixels in self._views:
            if pixels.references > ALONE:
                raise LeaseEscaped(
                    f"ring {self._spec.name}: its writer still refers to a view of the slot that it "
                    "publishes; drop the view before"
                )
        self._memory.release()
