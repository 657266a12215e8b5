"""The models that the program knows by name: where they come from, what they must be, how they are fed."""

import json
from dataclasses import dataclass
from pathlib import Path

BUILT_IN = "built-in"
BUILT_IN_FOLDER = Path(__file__).parent / "built_in"


@dataclass(frozen=True)
class Model:
    """`file` is its place below the models folder; `address` where it is downloaded from, None for what comes
    with the program. `sha256` is None where nobody has verified it yet; such a file is not taken. `size` is
    the only input size (rows, columns) that it takes, None for any multiple of 32. Input is RGB float32
    0…255 as [1, 3, rows, columns]; output relative inverse depth, greater = nearer."""

    name: str
    file: str
    address: str | None
    sha256: str | None
    nbytes: int
    licence: str
    size: tuple[int, int] | None
    about: str


def built_in() -> Model:
    """Our own network; what its file must be says the log of the training that wrote it."""
    trained = json.loads((BUILT_IN_FOLDER / "training.json").read_text())
    file = "small_depth.onnx"
    path = BUILT_IN_FOLDER / file
    return Model(
        name=BUILT_IN,
        file=file,
        address=None,
        sha256=trained["sha256"][file],
        nbytes=path.stat().st_size if path.is_file() else 0,
        licence="as the program",
        size=None,
        about="basic depth for a CPU; comes with the program",
    )


MODELS = {
    model.name: model
    for model in [
        built_in(),
        Model(
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
        Model(
            name="depth-anything-v2-small",
            file="depth/depth_anything_v2_small.onnx",
            address="https://huggingface.co/onnx-community/depth-anything-v2-small",
            sha256=None,
            nbytes=99_000_000,
            licence="Apache-2.0",
            size=None,
            about="better depth, for a GPU; got by hand",
        ),
    ]
}
