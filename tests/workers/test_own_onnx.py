"""Depth networks in ONNX as others export them: of other sizes, in other orders. Small ones, made here."""

from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from onnx import TensorProto, helper, save

from tests.workers.one_process import host, open_slot
from workers.depth import Settings
from workers.depth._onnx_network import OnnxNetwork
from workers.depth.network import Network
from workers.worker import CannotWork

SIZE = (192, 320)
ANY = (1, 3, "rows", "columns")
LIGHT_AND_DARK = np.repeat(np.uint8([[[40] * 3] * 160 + [[200] * 3] * 160]), 192, axis=0)
MEAN = helper.make_node("ReduceMean", ["x"], ["mean"], axes=[1])
Make = Callable[..., OnnxNetwork]


@pytest.fixture
def network(tmp_path: Path) -> Make:
    """Of these nodes, from `x` to `y`, opened for pictures of SIZE."""

    def made(
        nodes: list[Any], shape: Sequence[Any], dims: int = 4, kind: int = TensorProto.FLOAT, **constants: Any
    ) -> OnnxNetwork:
        given = helper.make_tensor_value_info("x", kind, shape)
        answer = helper.make_tensor_value_info("y", kind, [None] * dims)
        values = [
            helper.make_tensor(
                name,
                TensorProto.FLOAT if array.dtype == np.float32 else TensorProto.INT64,
                array.shape,
                array.ravel(),
            )
            for name, array in constants.items()
        ]
        graph = helper.make_graph(nodes, "made", [given], [answer], values)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        save(model, tmp_path / "made.onnx")
        return OnnxNetwork(tmp_path / "made.onnx", "made.onnx", SIZE, "cpu", "none", "auto", host())

    return made


def answer(network: OnnxNetwork) -> npt.NDArray[np.float32]:
    found = np.full(SIZE, np.nan, np.float32)
    network(np.asarray(LIGHT_AND_DARK), found)
    return found


def assert_right(found: npt.NDArray[np.float32]) -> None:
    """Dark on the left, light on the right, and the border between them where it is."""
    assert found[:, :144] == pytest.approx(40, abs=1)
    assert found[:, 176:] == pytest.approx(200, abs=1)
    assert np.abs((found > 120).argmax(axis=1) - 160).max() <= 4


def test_contract_a_network_of_patches_gets_a_size_without_a_rest(network: Make) -> None:
    """As Depth Anything: 14 pixels each; 320 x 192 are 22 x 13 of them and a rest."""
    patches = [
        helper.make_node("AveragePool", ["mean"], ["seen"], kernel_shape=[14, 14], strides=[14, 14]),
        helper.make_node("Resize", ["seen", "", "scale"], ["large"], mode="nearest"),
        helper.make_node("Squeeze", ["large", "one"], ["y"]),
    ]
    running = network([MEAN, *patches], ANY, 3, scale=np.float32([1, 1, 14, 14]), one=np.array([1]))
    assert running.size == (182, 308)
    found = answer(running)
    assert found[:, :140] == pytest.approx(40, abs=1)
    assert found[:, 180:] == pytest.approx(200, abs=1)


def test_contract_a_map_of_another_size_is_brought_to_the_picture_s(network: Make) -> None:
    half = helper.make_node("AveragePool", ["mean"], ["y"], kernel_shape=[2, 2], strides=[2, 2])
    running = network([MEAN, half], ANY)
    assert running.size == SIZE
    assert_right(answer(running))


@pytest.mark.parametrize("side", [98, 518])
def test_contract_a_network_that_takes_one_size_gets_that(network: Make, side: int) -> None:
    running = network([helper.make_node("ReduceMean", ["x"], ["y"], axes=[1])], (1, 3, side, side))
    assert running.size == (side, side)
    assert_right(answer(running))


def test_contract_a_map_may_have_its_channel_last(network: Make) -> None:
    last = helper.make_node("Transpose", ["mean"], ["y"], perm=[0, 2, 3, 1])
    assert_right(answer(network([MEAN, last], ANY)))


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        ((1, 192, 320, 3), TensorProto.FLOAT),
        ((2, 3, 192, 320), TensorProto.FLOAT),
        ((1, 1, 192, 320), TensorProto.FLOAT),
        ((1, 3, 192, 320), TensorProto.FLOAT16),
    ],
    ids=["channels last", "two pictures", "grey", "half"],
)
def test_contract_what_takes_no_picture_is_said_with_what_it_takes(
    network: Make, shape: Sequence[int], kind: int
) -> None:
    with pytest.raises(CannotWork) as caught:
        network([helper.make_node("ReduceMean", ["x"], ["y"], axes=[1])], shape, kind=kind)
    assert f"{list(shape)}, not tensor(float) [1, 3, rows, columns]" in str(caught.value)


def test_contract_what_answers_with_no_map_is_said_with_both_shapes(network: Make) -> None:
    with pytest.raises(CannotWork, match=r"a picture \[1, 3, 192, 320\] with \[1, 3, 192, 320\]; a depth"):
        network([helper.make_node("Relu", ["x"], ["y"])], ANY)


def test_contract_what_cannot_work_on_the_size_is_said_at_the_start(network: Make) -> None:
    only = helper.make_node("Reshape", ["mean", "square"], ["y"])
    with pytest.raises(CannotWork, match=r"made\.onnx cannot work on a picture of 320 x 192 on cpu: "):
        network([MEAN, only], ANY, 2, square=np.array([518, 518]))


def test_contract_a_network_that_answers_no_numbers_is_said_once(
    network: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    nothing = [helper.make_node("Neg", ["mean"], ["less"]), helper.make_node("Sqrt", ["less"], ["y"])]
    network([MEAN, *nothing], ANY)
    settings = Settings(model=str(tmp_path / "made.onnx"), device="cpu")
    worker = Network(SimpleNamespace(depth=settings), host())
    worker.open()
    for _ in range(3):
        small: Any = SimpleNamespace(frame=LIGHT_AND_DARK, info=SimpleNamespace(t_capture=0))
        assert worker.process(small, open_slot(4 * SIZE[0] * SIZE[1]))
    assert caplog.text.count("answers with no number at all") == 1
