"""The depth models that the program knows by name: where they come from, what they must be, how fed."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from workers.models import Model

BUILT_IN = "built-in"
BUILT_IN_FOLDER = Path(__file__).parent / "built_in"
DEPTH_ANYTHING = "https://huggingface.co/onnx-community/depth-anything-v2-small"


@dataclass(frozen=True, kw_only=True)
class DepthModel(Model):
    """`size` is the only input size (rows, columns) that it takes, None for any multiple of 32. Input is RGB
    float32 0…255 as [1, 3, rows, columns]; output relative inverse depth, greater = nearer."""

    setting: ClassVar[str] = "depth.model"

    size: tuple[int, int] | None


MODELS = {
    model.name: model
    for model in [
        DepthModel.built_in(
            BUILT_IN_FOLDER,
            "small_depth.onnx",
            name=BUILT_IN,
            size=None,
            about="basic depth for a CPU; comes with the program",
        ),
        DepthModel(
            name="tcmonodepth-small",
            file="depth/tcmonodepth_small_192x320.onnx",
            address="https://raw.githubusercontent.com/locaal-ai/obs-backgroundremoval/b86bf8b5/"
            "data/models/tcmonodepth_tcsmallnet_192x320.onnx",
            sha256="902b886beaebd3f68deb40bab2fd636a0c112c1ef1cbdd15fa26e5c55b389b4d",
            nbytes=790459,
            licence="MIT (c) 2021 Yu Li",
            size=(192, 320),
            about="small and quick, for a CPU; soft edges",
        ),
        DepthModel(
            name="depth-anything-v2-small",
            file="depth/depth_anything_v2_small.onnx",
            address=DEPTH_ANYTHING,
            sha256=None,
            nbytes=99_000_000,
            licence="Apache-2.0",
            size=None,
            about="better depth, for a GPU; got by hand",
            by_hand=f"export the network to ONNX yourself ({DEPTH_ANYTHING}; in: RGB 0…255 as float32 [1, 3, "
            "rows, columns], out: relative inverse depth) and name the file: --set depth.model=FILE.onnx",
        ),
    ]
}
