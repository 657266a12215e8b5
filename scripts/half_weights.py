"""Weights of an ONNX network in half precision; it computes in float32 all the same."""

import numpy as np
import onnx
import onnx.numpy_helper
from onnx import TensorProto, helper

FEW = 8  # what has fewer numbers stays as it is


def store_halves(model: onnx.ModelProto) -> None:
    """The halves are widened once, when the model is loaded."""
    graph = model.graph
    casts = []
    for weight in graph.initializer:
        if weight.data_type != TensorProto.FLOAT or len(weight.dims) == 0 or np.prod(weight.dims) < FEW:
            continue
        name, half = weight.name, f"{weight.name}.half"
        values = onnx.numpy_helper.to_array(weight).astype(np.float16)
        weight.CopyFrom(onnx.numpy_helper.from_array(values, half))
        casts.append(helper.make_node("Cast", [half], [name], name=f"widen {name}", to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
