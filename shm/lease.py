"""The two ways to hold a slot: a reader's lease and a writer's open slot."""

import weakref
from collections.abc import Callable
from math import prod
from operator import index
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from shm.errors import FrameTooLarge, LeaseEscaped
from shm.frame import MAX_DIMS, Format, FrameInfo, pack_format
from shm.layout import Memory, RingSpec


class _Held:
    """Memory of one slot, handed out as numpy views that must be gone when it is let go."""

    __slots__ = ("_arrays", "_memory")

    def __init__(self, memory: memoryview) -> None:
        self._memory = memory
        self._arrays: list[weakref.ref[npt.NDArray[Any]]] = []

    def _array(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
        flat = np.frombuffer(self._memory, dtype, prod(shape))
        self._arrays.append(weakref.ref(flat))  # whatever is made from it without copying keeps it alive
        return flat.reshape(shape)

    def _let_go(self) -> bool:
        """False when a view is still referenced somewhere. (numpy takes a memoryview of its own from
        `_memory`, so releasing that would succeed all the same.)"""
        for array in self._arrays:
            if array() is not None:
                return False
        self._memory.release()
        return True


class Lease(_Held):
    """A slot that the writer will not touch until the lease ends. `with reader.lease() as lease: …`

    `frame` is a read-only array. Every reference to it has to be gone when the lease ends: a view that
    outlives it would show whatever the writer puts there next. That is LeaseEscaped; the slot stays
    pinned then, so that at least nothing wrong is seen.
    """

    __slots__ = ("_end", "_held", "_reader", "info", "memory", "pin")

    def __init__(
        self, info: FrameInfo, memory: Memory, reader: str, end: Callable[["Lease"], None], pin: int
    ) -> None:
        self._memory, self._arrays = memory.payload(info.slot).toreadonly(), []
        self.info, self.memory, self.pin = info, memory, pin
        self._reader, self._end, self._held = reader, end, True

    @property
    def ring(self) -> str:
        """Whose slot it is."""
        return self.memory.spec.name

    @property
    def frame(self) -> npt.NDArray[Any]:
        """The pixels, read-only: shape and dtype as in `info`."""
        return self._array(self.info.shape, self.info.dtype)

    def release(self) -> None:
        """End the lease; a second call does nothing. Raises LeaseEscaped."""
        if self._held and not self._let_go():
            raise LeaseEscaped(
                f"{self._reader}: a view of frame {self.info.seq} is still referenced after its lease; "
                "copy what has to stay, and drop the view inside the lease"
            )
        self._unpin()

    def _unpin(self) -> None:
        if self._held:
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
        self._let_go()  # the traceback may still hold the view; the error itself matters more
        self._unpin()


class OpenSlot(_Held):
    """A slot that the writer fills. `view` gives its memory as an array; then `Writer.publish`."""

    __slots__ = ("_spec", "dtype", "form", "shape", "slot")

    def __init__(self, spec: RingSpec, slot: int, memory: memoryview) -> None:
        super().__init__(memory)
        self.slot, self._spec = slot, spec
        self.shape: tuple[int, ...] = ()
        self.dtype: np.dtype[Any] = np.dtype(np.uint8)
        self.form: Format = (0, 0, 0)

    def view(self, shape: tuple[int, ...], dtype: npt.DTypeLike = np.uint8) -> npt.NDArray[Any]:
        """The slot as a writable array. Raises FrameTooLarge, TypeError."""
        shape, dtype = tuple(map(index, shape)), np.dtype(dtype)
        form = pack_format(shape, dtype)
        if not 1 <= len(shape) <= MAX_DIMS or min(shape) < 1:
            raise ValueError(f"ring {self._spec.name}: a frame has 1 to {MAX_DIMS} dimensions, not {shape}")
        nbytes = prod(shape) * dtype.itemsize
        if nbytes > self._spec.slot_bytes:
            raise FrameTooLarge(self._spec.name, nbytes, self._spec.slot_bytes)
        self.shape, self.dtype, self.form = shape, dtype, form
        return self._array(shape, dtype)

    def close(self) -> None:
        """No view may be left once the slot is published. Raises LeaseEscaped."""
        if not self.shape:
            raise ValueError(f"ring {self._spec.name}: a slot was published that nothing was written to")
        if not self._let_go():
            raise LeaseEscaped(
                f"ring {self._spec.name}: its writer still refers to a view of the slot that it publishes; "
                "drop the view before"
            )
