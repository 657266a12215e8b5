"""The networks on Hugging Face that people use for 3D, by their names there: what they are, and under which
licence.

Licences and megabytes of weights are what their pages at Hugging Face say; "unknown" where a page says none
or nobody has looked. `launcher.py models download` tells the size as it begins.
"""

from dataclasses import dataclass
from typing import Literal

TRANSFORMERS = "torch and transformers: pip install -r requirements/torch.txt"
APACHE, MIT, BY_NC = "Apache-2.0", "MIT", "CC-BY-NC-4.0"
UNKNOWN = "unknown"
SMALL, BASE, LARGE = 99.2, 390.0, 1340.0  # Depth Anything's, which are the same networks in V1 and V2

Rule = Literal[
    "multiples of 14",
    "multiples of 32",
    "squares, multiples of 32",
    "384 x 384",
    "1536 x 1536",
    "as its config.json says",
]


@dataclass(frozen=True)
class HubModel:
    """`needs` is what it takes to run; `runs` whether this version can. `family` as in _families.py, or
    unknown until its config.json is here."""

    name: str
    family: str
    licence: str
    rule: Rule
    megabytes: float | None = None
    needs: str = TRANSFORMERS
    runs: bool = True


def _anything(name: str, licence: str, megabytes: float | None = None) -> HubModel:
    return HubModel(name, "depth-anything", licence, "multiples of 14", megabytes)


def _prompted(name: str, licence: str) -> HubModel:
    return HubModel(name, "prompt-depth-anything", licence, "multiples of 14")


def _dinov2(name: str, licence: str) -> HubModel:
    return HubModel(name, "dpt-dinov2", licence, "multiples of 14")


def _dpt(name: str, licence: str) -> HubModel:
    return HubModel(name, "dpt", licence, "squares, multiples of 32")


def _beit(name: str) -> HubModel:
    return HubModel(name, "dpt-beit", MIT, "multiples of 32")


def _zoe(name: str) -> HubModel:
    return HubModel(name, "zoedepth", MIT, "multiples of 32")


def _video(name: str, licence: str) -> HubModel:
    needs = "Video Depth Anything's own code; transformers has it not"
    return HubModel(name, "video-depth-anything", licence, "multiples of 14", None, needs, runs=False)


def _third(name: str, licence: str) -> HubModel:
    needs = "Depth Anything 3's own code; transformers has it not"
    return HubModel(name, "depth-anything-3", licence, "multiples of 14", None, needs, runs=False)


HUB_MODELS = {
    model.name: model
    for model in [
        _anything("depth-anything/Depth-Anything-V2-Small-hf", APACHE, SMALL),
        _anything("depth-anything/Depth-Anything-V2-Base-hf", BY_NC, BASE),
        _anything("depth-anything/Depth-Anything-V2-Large-hf", BY_NC, LARGE),
        _video("depth-anything/Video-Depth-Anything-Small", APACHE),
        _video("depth-anything/Video-Depth-Anything-Base", UNKNOWN),
        _video("depth-anything/Video-Depth-Anything-Large", BY_NC),
        _third("depth-anything/DA3-SMALL", APACHE),
        _third("depth-anything/DA3-BASE", APACHE),
        _third("depth-anything/DA3-LARGE", BY_NC),
        _third("depth-anything/DA3-GIANT", BY_NC),
        _third("depth-anything/DA3METRIC-LARGE", APACHE),
        _third("depth-anything/DA3NESTED-GIANT-LARGE", BY_NC),
        _anything("depth-anything/Depth-Anything-V2-Metric-Outdoor-Small-hf", UNKNOWN, SMALL),
        _anything("depth-anything/Depth-Anything-V2-Metric-Outdoor-Base-hf", UNKNOWN, BASE),
        _anything("depth-anything/Depth-Anything-V2-Metric-Outdoor-Large-hf", UNKNOWN, LARGE),
        _anything("depth-anything/Depth-Anything-V2-Metric-Indoor-Small-hf", UNKNOWN, SMALL),
        _anything("depth-anything/Depth-Anything-V2-Metric-Indoor-Base-hf", UNKNOWN, BASE),
        _anything("depth-anything/Depth-Anything-V2-Metric-Indoor-Large-hf", UNKNOWN, LARGE),
        _video("depth-anything/Metric-Video-Depth-Anything-Small", APACHE),
        _video("depth-anything/Metric-Video-Depth-Anything-Base", UNKNOWN),
        _video("depth-anything/Metric-Video-Depth-Anything-Large", UNKNOWN),
        _prompted("depth-anything/prompt-depth-anything-vits-hf", APACHE),
        _prompted("depth-anything/prompt-depth-anything-vits-transparent-hf", APACHE),
        _prompted("depth-anything/prompt-depth-anything-vitl-hf", UNKNOWN),
        _anything("LiheYoung/depth-anything-small-hf", APACHE, SMALL),
        _anything("LiheYoung/depth-anything-base-hf", APACHE, BASE),
        _anything("LiheYoung/depth-anything-large-hf", APACHE, LARGE),
        _anything("xingyang1/Distill-Any-Depth-Small-hf", UNKNOWN),
        _anything("lc700x/Distill-Any-Depth-Base-hf", UNKNOWN),
        _anything("xingyang1/Distill-Any-Depth-Large-hf", UNKNOWN),
        _dinov2("facebook/dpt-dinov2-small-kitti", APACHE),
        _dinov2("lc700x/dpt-dinov2-base-kitti-hf", UNKNOWN),
        _dinov2("lc700x/dpt-dinov2-large-kitti-hf", UNKNOWN),
        _dinov2("lc700x/dpt-dinov2-giant-kitti-hf", UNKNOWN),
        _dinov2("lc700x/dpt-dinov2-small-nyu-hf", UNKNOWN),
        _dinov2("lc700x/dpt-dinov2-base-nyu-hf", UNKNOWN),
        _dinov2("lc700x/dpt-dinov2-large-nyu-hf", UNKNOWN),
        _dinov2("facebook/dpt-dinov2-giant-nyu", APACHE),
        HubModel("lc700x/depth-ai-hf", UNKNOWN, UNKNOWN, "as its config.json says"),
        HubModel("lc700x/dpt-hybrid-midas-hf", "dpt-hybrid", UNKNOWN, "384 x 384"),
        _beit("Intel/dpt-beit-base-384"),
        _beit("Intel/dpt-beit-large-512"),
        _dpt("Intel/dpt-large", APACHE),
        _dpt("lc700x/dpt-large-redesign-hf", UNKNOWN),
        _zoe("Intel/zoedepth-nyu-kitti"),
        _zoe("Intel/zoedepth-nyu"),
        _zoe("Intel/zoedepth-kitti"),
        HubModel("apple/DepthPro-hf", "depth-pro", "Apple AMLR", "1536 x 1536", 1900.0),
    ]
}
