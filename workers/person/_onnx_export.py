"""A pose network as an ONNX file, for other engines.

There is no kept converter from TFLite that does without TensorFlow, and these networks have nine kinds of
operators: each is a function here. TFLite has the channels last, ONNX first; so every tensor of four
dimensions is turned where it enters and where it leaves, and is channels first in between.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from workers.models import find_file
from workers.person._pose_models import POSE_MODELS
from workers.person._pose_networks import MASK
from workers.person._prune import without_output

OPSET = 17
SAME = 0  # padding
ACTIVATIONS = {0: None, 1: "Relu", 3: "Relu6"}
FIRST, LAST = [0, 3, 1, 2], [0, 2, 3, 1]  # channels
Array = npt.NDArray[Any]


class CannotConvert(Exception):
    """There is something in the network that nobody has met yet; says what."""


def landmarks_as_onnx(name: str) -> bytes:
    """A network that finds points, without the mask that it draws besides: what the program itself runs.
    Inputs and outputs keep their names and shapes. Raises CannotConvert and ModelError."""
    model = without_output(find_file(POSE_MODELS[name]).read_bytes(), MASK)
    return bytes(_Converter(model).whole().SerializeToString())


class _Converter:
    def __init__(self, model: bytes) -> None:
        from ai_edge_litert import schema_py_generated as schema

        read = schema.ModelT.InitFromObj(schema.Model.GetRootAs(model, 0))
        self._graph, self._codes, self._buffers = read.subgraphs[0], read.operatorCodes, read.buffers
        self._types = {schema.TensorType.FLOAT32: "f4", schema.TensorType.FLOAT16: "f2"}
        self._types[schema.TensorType.INT32] = "i4"
        kinds = {number: name for name, number in vars(schema.BuiltinOperator).items() if name.isupper()}
        self._kinds: dict[int, str] = kinds
        self._constants: dict[int, Array] = {}
        self._nodes: list[onnx.NodeProto] = []
        self._initializers: list[onnx.TensorProto] = []

    def whole(self) -> onnx.ModelProto:
        graph = self._graph
        for number in graph.inputs:
            self._node("Transpose", [self._outer(number)], self._name(number), perm=FIRST)
        for operator in graph.operators:
            self._convert(operator)
        for number in graph.outputs:
            turned = self._rank(number) == 4
            attributes = {"perm": LAST} if turned else {}
            kind = "Transpose" if turned else "Identity"
            self._node(kind, [self._name(number)], self._outer(number), **attributes)
        inputs, outputs = ([self._value(number) for number in some] for some in (graph.inputs, graph.outputs))
        made = helper.make_graph(self._nodes, "pose", inputs, outputs, self._initializers)
        model = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
        onnx.checker.check_model(model)
        return model

    def _convert(self, operator: Any) -> None:
        code = self._codes[operator.opcodeIndex]
        kind = self._kinds[max(code.builtinCode, code.deprecatedBuiltinCode)]
        how: Callable[[Any], None] | None = getattr(self, f"_{kind.lower()}", None)
        if how is None:
            raise CannotConvert(f"the network has an operator {kind}, which is not known here")
        how(operator)

    def _dequantize(self, operator: Any) -> None:
        """Weights are kept in 16 bits."""
        self._constants[operator.outputs[0]] = self._constant(operator.inputs[0]).astype(np.float32)

    def _conv_2d(self, operator: Any) -> None:
        weights = self._constant(operator.inputs[1]).transpose(0, 3, 1, 2)
        self._convolve(operator, weights, group=1)

    def _depthwise_conv_2d(self, operator: Any) -> None:
        weights = self._constant(operator.inputs[1]).transpose(3, 0, 1, 2)
        self._convolve(operator, weights, group=weights.shape[0])

    def _convolve(self, operator: Any, weights: Array, group: int) -> None:
        options = operator.builtinOptions
        window = weights.shape[2:]
        strides = [options.strideH, options.strideW]
        if (options.dilationHFactor, options.dilationWFactor) != (1, 1):
            raise CannotConvert("the network has a dilated convolution, which is not known here")
        given = [
            self._name(operator.inputs[0]),
            self._new(weights),
            self._new(self._constant(operator.inputs[2])),
        ]
        self._activated(
            "Conv",
            given,
            operator,
            group=group,
            kernel_shape=list(window),
            strides=strides,
            pads=self._pads(operator, window, strides),
        )

    def _max_pool_2d(self, operator: Any) -> None:
        options = operator.builtinOptions
        window, strides = [options.filterHeight, options.filterWidth], [options.strideH, options.strideW]
        pads = self._pads(operator, window, strides)
        given = [self._name(operator.inputs[0])]
        self._activated("MaxPool", given, operator, kernel_shape=window, strides=strides, pads=pads)

    def _add(self, operator: Any) -> None:
        self._activated("Add", [self._name(number) for number in operator.inputs], operator)

    def _pad(self, operator: Any) -> None:
        pads = self._constant(operator.inputs[1])[FIRST].astype(np.int64)
        given = [self._name(operator.inputs[0]), self._new(pads.T.ravel())]
        self._node("Pad", given, self._name(operator.outputs[0]))

    def _resize_bilinear(self, operator: Any) -> None:
        if operator.builtinOptions.alignCorners or not operator.builtinOptions.halfPixelCenters:
            raise CannotConvert("the network resizes by the corners' middles, which is not known here")
        sizes = np.array([self._shape(operator.outputs[0])[axis] for axis in FIRST], np.int64)
        given = [self._name(operator.inputs[0]), "", "", self._new(sizes)]
        target = self._name(operator.outputs[0])
        self._node("Resize", given, target, mode="linear", coordinate_transformation_mode="half_pixel")

    def _reshape(self, operator: Any) -> None:
        """The order of all numbers is TFLite's."""
        source, target = operator.inputs[0], operator.outputs[0]
        if self._rank(target) == 4:
            raise CannotConvert("the network makes pictures of vectors, which is not known here")
        turned = f"{self._name(target)}/last"
        self._node("Transpose", [self._name(source)], turned, perm=LAST)
        shape = self._new(np.array(self._shape(target), np.int64))
        self._node("Reshape", [turned, shape], self._name(target))

    def _logistic(self, operator: Any) -> None:
        self._node("Sigmoid", [self._name(operator.inputs[0])], self._name(operator.outputs[0]))

    def _activated(self, kind: str, given: list[str], operator: Any, **attributes: Any) -> None:
        """And then what TFLite has within the operator."""
        target = self._name(operator.outputs[0])
        then = ACTIVATIONS.get(operator.builtinOptions.fusedActivationFunction, "?")
        if then == "?":
            raise CannotConvert(f"the network has an activation after {kind} which is not known here")
        self._node(kind, given, f"{target}/raw" if then else target, **attributes)
        if then == "Relu":
            self._node("Relu", [f"{target}/raw"], target)
        elif then == "Relu6":
            limits = [self._new(np.array(limit, np.float32)) for limit in (0, 6)]
            self._node("Clip", [f"{target}/raw", *limits], target)

    def _pads(self, operator: Any, window: Any, strides: list[int]) -> list[int]:
        """Above, left, below, right; the odd one is below and right."""
        if operator.builtinOptions.padding != SAME:
            return [0, 0, 0, 0]
        before, after = [], []
        for axis, (size, step) in enumerate(zip(window, strides, strict=True), 1):
            seen, made = self._shape(operator.inputs[0])[axis], self._shape(operator.outputs[0])[axis]
            missing = max(0, (made - 1) * step + size - seen)
            before.append(missing // 2)
            after.append(missing - missing // 2)
        return before + after

    def _node(self, kind: str, given: list[str], target: str, **attributes: Any) -> None:
        self._nodes.append(helper.make_node(kind, given, [target], **attributes))

    def _new(self, values: Array) -> str:
        name = f"constant/{len(self._initializers)}"
        self._initializers.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def _constant(self, number: int) -> Array:
        if number not in self._constants:
            tensor = self._graph.tensors[number]
            data = self._buffers[tensor.buffer].data
            if data is None:
                raise CannotConvert("the network computes its own weights, which is not known here")
            self._constants[number] = np.asarray(data).view(self._types[tensor.type]).reshape(tensor.shape)
        return self._constants[number]

    def _value(self, number: int) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(self._outer(number), TensorProto.FLOAT, self._shape(number))

    def _outer(self, number: int) -> str:
        return str(self._graph.tensors[number].name.decode())

    def _name(self, number: int) -> str:
        return f"{number}"

    def _shape(self, number: int) -> list[int]:
        return [int(size) for size in self._graph.tensors[number].shape]

    def _rank(self, number: int) -> int:
        return len(self._graph.tensors[number].shape)
