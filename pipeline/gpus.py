"""NVIDIA's GPUs, as far as their driver answers. Each question may fail by itself: one that shares the
processor's memory (GB10) has none of its own, one that fell off the bus answers nothing."""

from collections.abc import Callable
from typing import Any, NamedTuple

import pynvml


class _Gpu(NamedTuple):
    number: int
    name: str
    handle: Any


class Gpus:
    """Those that tell their name."""

    def __init__(self) -> None:
        self._gpus: list[_Gpu] = []
        try:
            pynvml.nvmlInit()
            count = pynvml.nvmlDeviceGetCount()
        except pynvml.NVMLError:  # no driver: there is none to watch
            return
        for number in range(count):
            handle = _answer(pynvml.nvmlDeviceGetHandleByIndex, number)
            name = _answer(pynvml.nvmlDeviceGetName, handle) if handle is not None else None
            if name is not None:
                self._gpus.append(_Gpu(number, name, handle))

    def described(self) -> list[str]:
        """A line for each."""
        lines = []
        for gpu in self._gpus:
            memory = _answer(pynvml.nvmlDeviceGetMemoryInfo, gpu.handle)
            room = f", {memory.total / 1e9:.1f} GB" if memory is not None else ""
            lines.append(f"cuda:{gpu.number}: {gpu.name}{room}")
        return lines

    def figures(self) -> list[dict[str, Any]]:
        """Their load and memory; None is what the driver does not say."""
        found = []
        for gpu in self._gpus:
            memory = _answer(pynvml.nvmlDeviceGetMemoryInfo, gpu.handle)
            load = _answer(pynvml.nvmlDeviceGetUtilizationRates, gpu.handle)
            found.append(
                {
                    "name": gpu.name,
                    "load_percent": load.gpu if load is not None else None,
                    "memory_used_mb": memory.used / 1e6 if memory is not None else None,
                    "memory_total_mb": memory.total / 1e6 if memory is not None else None,
                }
            )
        return found


def _answer(question: Callable[[Any], Any], about: Any) -> Any | None:
    try:
        return question(about)
    except pynvml.NVMLError:
        return None
