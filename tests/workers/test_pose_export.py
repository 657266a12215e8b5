"""The pose networks in another engine: what onnxruntime makes of them is what LiteRT makes."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from pipeline.models_command import _export
from tests.workers.people import folder, needs_people, read
from workers.models import find_file
from workers.person._onnx_export import CannotConvert, _Converter, landmarks_as_onnx
from workers.person._pose_models import DETECTOR, POSE_MODELS
from workers.person._pose_networks import CUT, MASK, Detector, _Runtime
from workers.person._prune import without_output

pytestmark = [needs_people(), pytest.mark.timeout(120)]


@pytest.mark.parametrize("name", ["pose-full", "pose-lite"])
def test_contract_another_engine_finds_the_same(name: str) -> None:
    """Points are of a picture of 256 pixels: a thousandth of that is what they may be apart."""
    pixels = []
    for file in ("astronaut.png", "composites/cutout_a_cat.jpg"):
        picture = read(folder() / file)
        pixels.append(Detector(1)(picture)[0].cut(picture, CUT))
    ours = _Runtime(without_output(find_file(POSE_MODELS[name]).read_bytes(), MASK), 1, 1 / 255, 0)
    theirs = onnxruntime.InferenceSession(landmarks_as_onnx(name), providers=["CPUExecutionProvider"])
    for picture in pixels:
        expected = ours(picture)
        found = theirs.run(None, {"input_1": (picture / np.float32(255))[None]})
        assert expected[1] > 0.5, "there is somebody"
        for one, other, unit in zip(expected, found, (CUT, 1, 1, 1), strict=True):
            assert other[0] / unit == pytest.approx(one / unit, abs=1e-3)


def test_contract_what_nobody_has_met_is_named() -> None:
    with pytest.raises(CannotConvert, match="DENSIFY"):
        _Converter(find_file(POSE_MODELS[DETECTOR]).read_bytes()).whole()


def test_a_file_is_written_and_none_over_another(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "pose.onnx"
    assert _export("pose-lite", target) == 0
    written = target.read_bytes()
    assert onnxruntime.InferenceSession(written, providers=["CPUExecutionProvider"]).get_inputs()
    assert _export("pose-lite", target) == 1
    assert "File exists" in capsys.readouterr().err
    assert target.read_bytes() == written
