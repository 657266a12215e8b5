"""Writes the trained network as ONNX and safetensors, weights in half precision, and says their sha256."""

import io
import warnings
from pathlib import Path

import onnx
import torch
from safetensors.torch import save_file

from scripts.half_weights import store_halves
from workers.depth._small_net import SmallDepth, folded
from workers.models import sha256

NAME = "small_depth"
OPSET = 17


def export(net: SmallDepth, folder: Path) -> dict[str, str]:
    """`NAME.onnx` and `NAME.safetensors`; file name -> sha256. `net` is in eval mode."""
    folder.mkdir(parents=True, exist_ok=True)
    net = folded(net.cpu().eval()).half().float()  # both files hold the same numbers
    weights = {name: weight.half().contiguous() for name, weight in net.state_dict().items()}
    save_file(
        weights, folder / f"{NAME}.safetensors", metadata={"network": "workers.depth._small_net.SmallDepth"}
    )
    (folder / f"{NAME}.safetensors").chmod(0o644)  # it is written for its owner only
    (folder / f"{NAME}.onnx").write_bytes(to_onnx(net))
    return {f"{NAME}.{kind}": sha256(folder / f"{NAME}.{kind}") for kind in ("onnx", "safetensors")}


def to_onnx(net: SmallDepth) -> bytes:
    """Computes in float32; the halves are widened once, when the model is loaded."""
    buffer = io.BytesIO()
    sizes = {"input": {2: "rows", 3: "columns"}, "depth": {2: "rows", 3: "columns"}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # torch's other exporter needs one package more
        torch.onnx.export(
            net, (torch.zeros(1, 3, 192, 320),), buffer, input_names=["input"], output_names=["depth"],
            dynamic_axes=sizes, opset_version=OPSET, dynamo=False,
        )  # fmt: skip
    model = onnx.load_from_string(buffer.getvalue())
    store_halves(model)
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())
