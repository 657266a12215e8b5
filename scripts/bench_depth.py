#!/usr/bin/env python3
"""How long a depth map takes: by network, size, device and option, the same network in plain torch beside it.

    scripts/bench_depth.py                       what is here
    scripts/bench_depth.py NAME FOLDER …         others, by name, ONNX file or Hugging Face folder
    scripts/bench_depth.py --device cuda --option tensorrt

ms        from a picture uint8 to a map float32, as the depth worker does it
torch     the network alone in torch, single precision, on the same device, fed with a ready tensor
weights   real, or random: as quick, but what it says is noise

Each row's two take turns; the first figure is the median, the one in brackets the quickest round.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pipeline.machine import cpu_name
from scripts.evaluating.speed import Picture, Run, times
from workers.depth import Settings
from workers.depth._devices import COMPILE, OPTIONS, check_torch_option
from workers.depth._manifest import BUILT_IN, BUILT_IN_FOLDER
from workers.depth._models import find
from workers.depth._onnx_network import OnnxNetwork
from workers.depth._options import NONE
from workers.worker import CannotWork, Host

TEACHER = "tcmonodepth-small"
ANYTHING = "depth-anything/Depth-Anything-V2-Small-hf"
SIZES = ((192, 320), (256, 448))  # rows, columns


@dataclass(frozen=True)
class Contender:
    """A network that is ready, `size` rows and columns that it gets, and the same in plain torch."""

    device: str
    option: str
    size: tuple[int, int]
    network: Callable[[Picture, Any], None]
    plain: Run | None


@dataclass(frozen=True)
class Row:
    """`rows` x `columns` is the picture, `network_rows` x `network_columns` what the network makes of it.
    `option` is the one that was kept, `half` besides in torch, or none. ms, with and without the program
    around the network; None where there is no network in torch to compare."""

    model: str
    weights: str
    rows: int
    columns: int
    network_rows: int
    network_columns: int
    device: str
    option: str
    ms: float
    least_ms: float
    torch_ms: float | None
    torch_least_ms: float | None


def main() -> int:
    options = parse()
    cv2.setNumThreads(1)
    rows: list[Row] = []
    left_out: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for name in options.models:
            for size in options.size or SIZES:
                try:
                    rows.append(measure(name, size, options, Path(folder)))
                except CannotWork as error:
                    left_out.append(f"{name} at {size[1]} x {size[0]}: {error}")
    report = {"machine": cpu_name(), "threads": options.threads, "left_out": left_out}
    report["rows"] = [asdict(row) for row in rows]
    print(json.dumps(report) if options.json else text_of(rows, left_out, options))
    return 0 if rows else 1


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "models", nargs="*", default=[BUILT_IN, TEACHER, ANYTHING], help="names, files or folders"
    )
    parser.add_argument("--size", type=_size, action="append", metavar="COLUMNSxROWS", help="can be repeated")
    parser.add_argument("--device", default=Settings.device, help="as depth.device (auto)")
    parser.add_argument(
        "--option", default=NONE, choices=[NONE, COMPILE, *OPTIONS], help="as depth.option (none)"
    )
    parser.add_argument("--half", default=Settings.half, help="as depth.half (auto)")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="of the processor (all)")
    parser.add_argument("--rounds", type=int, default=20, help="of each row (20)")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    return parser.parse_args()


def _size(text: str) -> tuple[int, int]:
    columns, rows = text.split("x")
    return int(rows), int(columns)


def measure(name: str, size: tuple[int, int], options: argparse.Namespace, folder: Path) -> Row:
    """Raises CannotWork where the network is not here or does not take the size."""
    path, weights = found(name, folder)
    host = Host(quietly, lambda kind, **what: None, options.threads)
    made = (in_torch if path.is_dir() else in_onnx)(name, path, size, options, host)
    map_of = np.empty(size, np.float32)

    def run(picture: Picture) -> Any:
        made.network(picture, map_of)
        return map_of

    runs: dict[str, Run] = {"ours": run, **({"torch": made.plain} if made.plain else {})}
    picture = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    spent = times(runs, picture, options.rounds)
    ms, least = figures(spent["ours"])
    plain_ms, plain_least = figures(spent["torch"]) if made.plain else (None, None)
    place = made.device, made.option
    return Row(name, weights, *size, *made.size, *place, ms, least, plain_ms, plain_least)


def figures(spent: Any) -> tuple[float, float]:
    return float(np.median(spent)), float(np.min(spent))


def found(name: str, folder: Path) -> tuple[Path, str]:
    """The network's file or folder, and whether its weights are real. Of the one that peers start with, which
    is seldom on a machine of ours, there is always the architecture. Raises CannotWork."""
    try:
        return find(name), "real"
    except CannotWork:
        if name != ANYTHING:
            raise
    return with_random_weights(folder / "random"), "random"


def with_random_weights(folder: Path) -> Path:
    """Depth Anything V2 Small as its config.json has it (24.8 M parameters), in the files of the real one."""
    if folder.is_dir():
        return folder
    from workers.depth._torch_network import require_torch

    require_torch(ANYTHING)
    import torch
    import transformers

    backbone = transformers.Dinov2Config(
        image_size=518,
        patch_size=14,
        hidden_size=384,
        num_attention_heads=6,
        out_features=["stage3", "stage6", "stage9", "stage12"],
        reshape_hidden_states=False,
    )
    config = transformers.DepthAnythingConfig(
        backbone_config=backbone,
        reassemble_hidden_size=384,
        neck_hidden_sizes=[48, 96, 192, 384],
        fusion_hidden_size=64,
    )
    transformers.utils.logging.disable_progress_bar()
    torch.manual_seed(0)
    transformers.DepthAnythingForDepthEstimation(config).save_pretrained(folder)
    normal = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225], "resample": 3}
    (folder / "preprocessor_config.json").write_text(json.dumps({"do_normalize": True, **normal}))
    return folder


def in_onnx(
    name: str, path: Path, size: tuple[int, int], options: argparse.Namespace, host: Host
) -> Contender:
    network = OnnxNetwork(path, name, size, options.device, options.option, options.half, host)
    plain = torch_twin(name, network.size, network.choice.device, options.threads)
    return Contender(network.choice.device, network.option, network.size, network, plain)


def torch_twin(name: str, size: tuple[int, int], device: str, threads: int) -> Run | None:
    """The networks whose architecture is in this repository."""
    if device not in ("cpu", "cuda"):
        return None
    if name == BUILT_IN:
        from workers.depth._small_net import load

        return plain_torch(load(BUILT_IN_FOLDER / "small_depth.safetensors"), size, device, threads)
    if name == TEACHER:
        from scripts.training.teacher import load_teacher

        return plain_torch(load_teacher(), size, device, threads)
    return None


def in_torch(
    name: str, path: Path, size: tuple[int, int], options: argparse.Namespace, host: Host
) -> Contender:
    from workers.depth._torch_network import TorchNetwork, load

    check_torch_option(options.option, name)
    network = TorchNetwork(path, size, options.device, options.option, options.half, host)
    import torch

    plain = None
    if network.choice.device in ("cpu", "cuda"):
        same = load(path, torch.float32).eval()
        plain = plain_torch(same, network.size, network.choice.device, options.threads)
    kept = [*(["half"] if network.half else []), *([network.option] if network.option != NONE else [])]
    return Contender(network.choice.device, "+".join(kept) or NONE, network.size, network, plain)


def plain_torch(network: Any, size: tuple[int, int], device: str, threads: int) -> Run:
    """The network alone; a GPU is waited for."""
    import torch

    torch.set_num_threads(threads)
    network = network.to(device)
    ready = torch.rand(1, 3, *size, device=device)

    def run(picture: Picture) -> Any:
        with torch.inference_mode():
            answer = network(ready)
        if device == "cuda":
            torch.cuda.synchronize()
        return answer

    return run


@contextmanager
def quietly(what: str, limit: float) -> Iterator[None]:
    """Nobody waits."""
    yield


def text_of(rows: list[Row], left_out: list[str], options: argparse.Namespace) -> str:
    """For a person."""
    lines = [f"{cpu_name()}, {options.threads} threads", ""]
    lines.append(line_of("model", "weights", "picture", "network", "device", "option", "ms", "torch ms"))
    for row in rows:
        picture, inside = f"{row.columns}x{row.rows}", f"{row.network_columns}x{row.network_rows}"
        ours, plain = written(row.ms, row.least_ms), written(row.torch_ms, row.torch_least_ms)
        lines.append(line_of(row.model, row.weights, picture, inside, row.device, row.option, ours, plain))
    lines += [f"left out: {line}" for line in left_out]
    if any(row.weights == "random" for row in rows):
        lines.append("random: the real one is not on this machine; the same architecture with random weights")
    return "\n".join(lines)


def line_of(model: str, *cells: str) -> str:
    *texts, ours, plain = cells
    return f"{model:<44}" + "".join(f"{text:<13}" for text in texts) + f"{ours:>17}{plain:>17}"


def written(median: float | None, least: float | None) -> str:
    return "-" if median is None else f"{median:.1f} ({least:.1f})"


if __name__ == "__main__":
    sys.exit(main())
