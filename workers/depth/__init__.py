"""How near everything in a picture is: one file per way to find out."""

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Le, MultipleOf


@dataclass(frozen=True)
class Settings:
    """Which network, the size of the picture that it gets, what it runs on, and when."""

    model: str = "auto"
    width: Annotated[int, Ge(64), Le(1024), MultipleOf(32)] = 320
    height: Annotated[int, Ge(64), Le(1024), MultipleOf(32)] = 192
    device: Literal["auto", "cpu", "cuda", "rocm", "xpu", "mps", "directml"] = "auto"
    half: Literal["auto", "always", "never"] = "auto"
    option: Literal["none", "compile", "cuda", "tensorrt", "openvino", "migraphx", "coreml", "directml"] = (
        "none"
    )
    sync: Annotated[Literal["exact", "latest"], "live"] = "exact"
    fps: Annotated[float, Ge(0), Le(480), "live"] = 0
