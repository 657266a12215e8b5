"""The models that the program knows by name: where they come from, what they must be, how they are fed."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Model:
    """`file` is its place below the models folder; `address` where it is downloaded from. `size` is the only
    input size (rows, columns) that it takes, None for any multiple of 32. Input is RGB float32 0…255 as
    [1, 3, rows, columns]; output relative inverse depth, greater = nearer."""

    name: str
    file: str
    address: str
    sha256: str
    nbytes: int
    licence: str
    size: tuple[int, int] | None
    about: str


MODELS = {
    model.name: model
    for model in [
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
        )
    ]
}
