"""Networks as .tflite files, through LiteRT."""

from typing import Any

from workers.models import lite_interpreter


def opened(model: bytes, threads: int) -> Any:
    """An interpreter with its tensors. Raises ModelError where there is no LiteRT."""
    without = "without it there is segment.model pphumanseg-v2, and no pose"
    return lite_interpreter(model, threads, without)
