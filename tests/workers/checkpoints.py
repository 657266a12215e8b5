"""Small networks with random weights in the files of the real ones, one for each family: transformers itself
writes config.json, model.safetensors and preprocessor_config.json."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import transformers

IMAGENET = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
NECK = {"neck_hidden_sizes": [8, 8, 8, 8], "fusion_hidden_size": 16}
STAGES = ["stage1", "stage2", "stage3", "stage4"]


def dinov2(**more: Any) -> dict[str, Any]:
    tiny = {"hidden_size": 16, "num_hidden_layers": 4, "num_attention_heads": 2, "mlp_ratio": 2}
    backbone = {"image_size": 56, "patch_size": 14, "out_features": STAGES, "reshape_hidden_states": False}
    return {"model_type": "dinov2", **tiny, **backbone, **more}


def beit() -> dict[str, Any]:
    tiny = {"hidden_size": 16, "num_hidden_layers": 4, "num_attention_heads": 2, "intermediate_size": 32}
    backbone = {"image_size": 64, "patch_size": 16, "out_features": STAGES, "reshape_hidden_states": False}
    return {"model_type": "beit", **tiny, **backbone, "use_relative_position_bias": True}


def depth_anything(kind: str = "relative") -> tuple[Any, dict[str, Any]]:
    config = transformers.DepthAnythingConfig(
        backbone_config=dinov2(),
        reassemble_hidden_size=16,
        patch_size=14,
        head_hidden_size=8,
        depth_estimation_type=kind,
        max_depth=20 if kind == "metric" else 1,
        **NECK,
    )
    how = {"size": {"height": 518, "width": 518}, "keep_aspect_ratio": True, "ensure_multiple_of": 14}
    return transformers.DepthAnythingForDepthEstimation(config), {**how, **IMAGENET, "resample": 3}


def prompt_depth_anything() -> tuple[Any, dict[str, Any]]:
    config = transformers.PromptDepthAnythingConfig(
        backbone_config=dinov2(),
        reassemble_hidden_size=16,
        patch_size=14,
        head_hidden_size=8,
        depth_estimation_type="metric",
        **NECK,
    )
    how = {"size": {"height": 756, "width": 756}, "keep_aspect_ratio": True, "ensure_multiple_of": 14}
    return transformers.PromptDepthAnythingForDepthEstimation(config), {**how, **IMAGENET, "resample": 3}


def dpt_large() -> tuple[Any, dict[str, Any]]:
    config = transformers.DPTConfig(
        hidden_size=16,
        num_hidden_layers=4,
        num_attention_heads=2,
        intermediate_size=32,
        image_size=64,
        patch_size=16,
        backbone_out_indices=[0, 1, 2, 3],
        **NECK,
    )
    return transformers.DPTForDepthEstimation(config), {"size": {"height": 384, "width": 384}}


def dpt_hybrid() -> tuple[Any, dict[str, Any]]:
    bit = {"model_type": "bit", "layer_type": "bottleneck", "depths": [1, 1, 1], "hidden_sizes": [16, 16, 16]}
    stem = {"embedding_size": 16, "num_groups": 2, "global_padding": "same", "out_features": STAGES[:3]}
    config = transformers.DPTConfig(
        is_hybrid=True,
        backbone_config={**bit, **stem, "embedding_dynamic_padding": True},
        hidden_size=16,
        num_hidden_layers=4,
        num_attention_heads=2,
        intermediate_size=32,
        image_size=64,
        patch_size=16,
        backbone_out_indices=[0, 1, 2, 3],
        backbone_featmap_shape=[1, 16, 4, 4],
        neck_ignore_stages=[0, 1],
        neck_hidden_sizes=[16, 16, 16, 16],
        fusion_hidden_size=16,
        readout_type="project",
    )
    return transformers.DPTForDepthEstimation(config), {"size": {"height": 64, "width": 64}}


def dpt_beit() -> tuple[Any, dict[str, Any]]:
    config = transformers.DPTConfig(backbone_config=beit(), readout_type="project", **NECK)
    how = {"size": {"height": 384, "width": 384}, "keep_aspect_ratio": True, "ensure_multiple_of": 32}
    return transformers.DPTForDepthEstimation(config), how


def dpt_dinov2() -> tuple[Any, dict[str, Any]]:
    config = transformers.DPTConfig(backbone_config=dinov2(), add_projection=False, **NECK)
    pixels = {"image_mean": [123.675, 116.28, 103.53], "image_std": [58.395, 57.12, 57.375]}
    how = {"do_rescale": False, "do_resize": False, "do_pad": True, "size_divisor": 14, "resample": 3}
    return transformers.DPTForDepthEstimation(config), {
        **how,
        **pixels,
        "size": {"height": 384, "width": 384},
    }


def zoedepth(heads: int = 1) -> tuple[Any, dict[str, Any]]:
    bins = [
        {"name": f"head{n}", "n_bins": 8, "min_depth": 1e-3, "max_depth": 10.0 * (n + 1)}
        for n in range(heads)
    ]
    config = transformers.ZoeDepthConfig(
        backbone_config=beit(),
        bin_configurations=bins,
        bin_embedding_dim=8,
        bottleneck_features=16,
        num_relative_features=8,
        num_attractors=[4, 2, 2, 1],
        num_patch_transformer_layers=4,
        patch_transformer_hidden_size=128,
        patch_transformer_intermediate_size=16,
        patch_transformer_num_attention_heads=2,
        **NECK,
    )
    how = {"size": {"height": 384, "width": 512}, "keep_aspect_ratio": True, "ensure_multiple_of": 32}
    return transformers.ZoeDepthForDepthEstimation(config), {**how, "resample": 2}


def depth_pro() -> tuple[Any, dict[str, Any]]:
    tiny = {"model_type": "dinov2", "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    part = {**tiny, "image_size": 32, "patch_size": 4, "mlp_ratio": 2}
    config = transformers.DepthProConfig(
        patch_size=32,
        image_model_config=part,
        patch_model_config=part,
        fov_model_config=part,
        fusion_hidden_size=16,
        intermediate_hook_ids=[1, 0],
        intermediate_feature_dims=[8, 8],
        scaled_images_ratios=[0.25, 0.5, 1],
        scaled_images_overlap_ratios=[0.0, 0.5, 0.25],
        scaled_images_feature_dims=[16, 16, 8],
        num_fov_head_layers=0,
        use_fov_model=False,
    )
    return transformers.DepthProForDepthEstimation(config), {"size": {"height": 128, "width": 128}}


def glpn() -> tuple[Any, dict[str, Any]]:
    config = transformers.GLPNConfig(
        hidden_sizes=[8, 8, 16, 16],
        depths=[1, 1, 1, 1],
        num_attention_heads=[1, 1, 2, 2],
        decoder_hidden_size=8,
    )
    return transformers.GLPNForDepthEstimation(config), {"size_divisor": 32, "resample": 2}


FAMILIES: dict[str, Callable[[], tuple[Any, dict[str, Any]]]] = {
    "depth-anything": depth_anything,
    "depth-anything-metric": lambda: depth_anything("metric"),
    "prompt-depth-anything": prompt_depth_anything,
    "dpt-large": dpt_large,
    "dpt-hybrid": dpt_hybrid,
    "dpt-beit": dpt_beit,
    "dpt-dinov2": dpt_dinov2,
    "zoedepth": zoedepth,
    "zoedepth-two-heads": lambda: zoedepth(2),
    "depth-pro": depth_pro,
    "glpn": glpn,
}
PROCESSORS = {
    "depth_anything": "DPTImageProcessor",
    "prompt_depth_anything": "PromptDepthAnythingImageProcessor",
    "dpt": "DPTImageProcessor",
    "zoedepth": "ZoeDepthImageProcessor",
    "depth_pro": "DepthProImageProcessor",
    "glpn": "GLPNImageProcessor",
}


def processor(kind: str) -> Any | None:
    """Transformers' own class on numpy and Pillow, by the network's kind; None where it has it only on
    torchvision. Before 5 these had the plain names."""
    name = PROCESSORS[kind]
    if transformers.__version__ < "5" and kind != "depth_pro":
        return getattr(transformers, name)
    return getattr(transformers, name + "Pil", None)


def write(family: str, folder: Path) -> Any:
    """Make one, and give back its network as transformers holds it."""
    torch.manual_seed(1)
    network, how = FAMILIES[family]()
    gain = 0.5 if family == "depth-pro" else 8.0 if family.startswith("zoedepth") else 6.0
    with torch.no_grad():  # as they are born, the answer is the same everywhere to the sixth digit
        for weight in network.parameters():
            if weight.ndim > 1:
                weight.mul_(gain)
    network.eval().save_pretrained(folder)
    kind = network.config.model_type
    own = processor(kind)
    if own is None:
        told = {
            "image_processor_type": PROCESSORS[kind],
            "do_rescale": True,
            "rescale_factor": 1 / 255,
            "resample": 2,
            **how,
        }
        (folder / "preprocessor_config.json").write_text(json.dumps(told))
    else:
        own(**how).save_pretrained(folder)
    return network
