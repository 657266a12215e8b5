"""The networks that find people, with their real weights on pictures whose truth is known."""

import shutil
import sys
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import pytest

from tests.workers.people import NAMES, composite, miou, needs_people, truth
from workers.models import ModelError, find_file
from workers.person._fewer_steps import in_fewer_steps
from workers.person._manifest import MODELS
from workers.person._masks import Masks
from workers.person._networks import Network, shrink

pytestmark = [needs_people(), pytest.mark.timeout(60)]
LEAST = {  # mean of the three pictures, a little below what was measured
    "selfie-landscape": 0.94,
    "selfie-general": 0.955,
    "mlkit-selfie": 0.955,
    "meet-full": 0.94,
    "meet-lite": 0.9,
    "pphumanseg-v2": 0.95,
    "bodypix": 0.8,
}


@pytest.mark.parametrize("name", MODELS)
def test_contract_every_network_finds_the_person_and_better_from_closer(name: str) -> None:
    network, true = Network(name, 1), truth()
    scores = [miou(Masks(network)(composite(picture)), true) for picture in NAMES]
    assert np.mean(scores) >= LEAST[name], scores
    assert np.mean(scores) > np.mean([miou(network(composite(picture)), true) for picture in NAMES])


@pytest.mark.parametrize("name", MODELS)
def test_contract_a_mask_is_of_the_whole_frame_and_from_0_to_1(name: str) -> None:
    mask = Network(name, 1)(composite("cat"))
    assert mask.dtype == np.float32
    assert mask.shape == MODELS[name].size
    assert mask.min() >= 0
    assert mask.max() <= 1


@pytest.mark.parametrize(
    ("name", "least"), [("selfie-general", 0.98), ("selfie-landscape", 0.9), ("pphumanseg-v2", 0.94)]
)
def test_contract_a_frame_that_is_higher_than_wide_is_as_good(name: str, least: float) -> None:
    frame, true = composite("coffee")[:, 440:845], truth()[:, 440:845]
    mask = Network(name, 1)(np.ascontiguousarray(frame))
    assert miou(mask, true) >= least


def test_contract_pphumanseg_sees_a_frame_stretched_a_little_and_answers_for_that_alone() -> None:
    network = Network("pphumanseg-v2", 1)
    high = network(np.ascontiguousarray(composite("cat")[:, 440:845]))
    assert high.shape == network.seen.shape[:2] == (144, 113), "by 1.4"
    wide = network(composite("cat"))
    assert wide.shape == (144, 256)
    assert np.array_equal(wide, Network("pphumanseg-v2", 1)(composite("cat"))), "nothing is left of the other"


def test_contract_pphumanseg_in_fewer_steps_answers_what_the_published_file_does() -> None:
    path = find_file(MODELS["pphumanseg-v2"])
    given = cv2.dnn.blobFromImage(composite("cat"), 1 / 127.5, (256, 144), (127.5, 127.5, 127.5))
    cpu = ["CPUExecutionProvider"]
    (published,) = onnxruntime.InferenceSession(path, providers=cpu).run(None, {"x": given})
    (ours,) = onnxruntime.InferenceSession(in_fewer_steps(path), providers=cpu).run(None, {"x": given})
    assert ours.shape == (1, 1, 144, 256)
    assert np.abs(ours[0, 0] - published[0, 1]).max() < 1e-5


def test_contract_pphumanseg_wants_red_first() -> None:
    """The published sample gives it blue first, and loses by it."""
    network, true = Network("pphumanseg-v2", 1), truth()
    right = [miou(network(composite(name)), true) for name in NAMES]
    wrong = [miou(network(np.ascontiguousarray(composite(name)[..., ::-1])), true) for name in NAMES]
    assert np.mean(right) > np.mean(wrong) + 0.005


def test_contract_an_altered_file_is_refused_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STEREORING_MODELS", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(ModelError, match=r"segment\.model: meet-lite is not on this machine; get it with"):
        Network("meet-lite", 1)
    (tmp_path / "person").mkdir()
    (tmp_path / "person" / "meet_lite.tflite").write_bytes(b"anything")
    with pytest.raises(ModelError, match="is not meet-lite: its sha256 is"):
        Network("meet-lite", 1)
    shutil.rmtree(tmp_path / "person")


@pytest.mark.parametrize("size", [(720, 1280), (1080, 1920), (100, 90), (144, 256), (2160, 3840)])
def test_contract_shrinking_keeps_everything_where_it_is(size: tuple[int, int]) -> None:
    frame = np.zeros((*size, 3), np.uint8)
    frame[size[0] // 2 :, size[1] // 2 :] = 255
    small = np.empty((144, 256, 3), np.uint8)
    shrink(frame, small)
    assert (small[75:, 132:] == 255).all()
    assert not small[:69].any()
    assert not small[:, :124].any()


def test_contract_without_litert_it_is_said_what_can_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a system that it has no package for."""
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    with pytest.raises(ModelError, match=r"LiteRT .* is not there for this system .*pphumanseg-v2"):
        Network("selfie-landscape", 1)
    assert Network("pphumanseg-v2", 1)(composite("cat")).shape == (144, 256)
