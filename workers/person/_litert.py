"""Networks as .tflite files, through LiteRT."""

from typing import Any

from workers.models import ModelError


def opened(model: bytes, threads: int) -> Any:
    """An interpreter with its tensors. Raises ModelError where there is no LiteRT."""
    try:  # not above: every process that looks at settings imports what imports this
        from ai_edge_litert.interpreter import Interpreter
    except ImportError as error:
        raise ModelError(
            f"LiteRT (the package ai-edge-litert) is not there for this system ({error}); without it there "
            "is segment.model pphumanseg-v2, and no pose"
        ) from error
    interpreter = Interpreter(model_content=model, num_threads=threads)
    interpreter.allocate_tensors()
    return interpreter
