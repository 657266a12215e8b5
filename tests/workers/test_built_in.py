"""The depth network that comes with the program: its files, and what it makes of pictures."""

import csv
import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
import pytest
import torch

from tests.pipeline.running import launched
from tests.workers.one_process import REPO, row
from workers.depth._manifest import BUILT_IN, BUILT_IN_FOLDER
from workers.depth._models import find
from workers.depth._small_net import around, both, load, sharpened

MOST_PARAMETERS, MOST_BYTES = 1_500_000, 4_000_000
FILES = ("small_depth.onnx", "small_depth.safetensors")
SIZES = ((32, 32), (64, 96), (192, 320), (256, 448), (320, 192))  # rows, columns


@pytest.fixture(scope="module")
def session() -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(str(find(BUILT_IN)), providers=["CPUExecutionProvider"])


def picture(rows: int, columns: int) -> npt.NDArray[np.float32]:
    """Some floor, some sky and a board, with noise; float32[1, 3, h, w] RGB 0…255."""
    canvas = np.random.default_rng(1).uniform(0, 40, (1, 3, rows, columns))
    canvas[:, :, : rows // 2] += np.array([110, 150, 210])[None, :, None, None]
    canvas[:, :, rows // 2 :] += 80
    canvas[:, 0, rows // 4 : rows * 3 // 4, columns // 3 : columns // 2] += 120
    return np.clip(canvas, 0, 255).astype(np.float32)


def test_the_files_are_what_the_training_wrote_and_small() -> None:
    trained = json.loads((BUILT_IN_FOLDER / "training.json").read_text())
    assert set(trained["sha256"]) == set(FILES)
    for name in FILES:
        content = (BUILT_IN_FOLDER / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == trained["sha256"][name]
        assert len(content) <= MOST_BYTES
    with (BUILT_IN_FOLDER / "training.csv").open() as file:
        log = list(csv.DictReader(file))
    assert 0 <= trained["run"]["steps"] - int(log[-1]["step"]) < trained["run"]["steps"] / 10
    assert float(log[-1]["loss"]) < float(log[0]["loss"])


def test_the_network_is_small() -> None:
    net = load(BUILT_IN_FOLDER / "small_depth.safetensors")
    assert sum(weight.numel() for weight in net.parameters()) <= MOST_PARAMETERS


def test_a_pixel_knows_the_farthest_and_the_nearest_around_it() -> None:
    depth = torch.full((1, 1, 32, 64), 0.5)
    depth[..., 32:] = 0.8
    depth[..., 10, 10] = 0.1
    far, near = around(both(depth))
    assert far.shape == near.shape == (1, 1, 64, 128)
    assert float(far[0, 0, 20, 20]) == pytest.approx(0.1), "a small thing is not lost"
    assert float(far[0, 0, 40, 61]) == pytest.approx(0.5)
    assert float(near[0, 0, 40, 61]) == pytest.approx(0.8), "both sides of an edge are known near it"
    assert float(near[0, 0, 40, 56]) == pytest.approx(0.5), "and not far from it"


def test_a_soft_step_becomes_narrow_and_a_slope_stays() -> None:
    places = torch.arange(64.0)
    step = torch.sigmoid((places - 31.5) / 1.5).expand(1, 1, 32, 64)
    narrow = sharpened(step)[0, 0, 16]
    inside = ((narrow > 0.2) & (narrow < 0.8)).sum()
    assert inside <= 2 < ((step[0, 0, 16] > 0.2) & (step[0, 0, 16] < 0.8)).sum()
    assert bool((narrow.diff() >= -1e-4).all()), "nothing overshoots"
    slope = (places / 63).expand(1, 1, 32, 64)
    assert float((sharpened(slope) - slope).abs()[..., 8:-8].max()) < 0.02


@pytest.mark.parametrize(("rows", "columns"), SIZES)
def test_onnx_and_torch_agree_at_any_multiple_of_32(
    session: onnxruntime.InferenceSession, rows: int, columns: int
) -> None:
    given = picture(rows, columns)
    (ours,) = session.run(None, {"input": given})
    with torch.inference_mode():
        theirs = load(BUILT_IN_FOLDER / "small_depth.safetensors")(torch.from_numpy(given)).numpy()
    assert ours.shape == (1, 1, rows, columns)
    assert ours.dtype == np.float32
    assert ours.min() >= 0
    np.testing.assert_allclose(ours, theirs, atol=1e-3)


def test_the_floor_before_the_feet_is_nearer_than_the_sky(session: onnxruntime.InferenceSession) -> None:
    (found,) = session.run(None, {"input": picture(192, 320)})
    assert found[0, 0, -40:].mean() > found[0, 0, :40].mean() + 0.2 * (found.max() - found.min())


def test_the_program_needs_no_torch_for_it() -> None:
    code = "import sys, pipeline.pick, workers.depth.network; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=REPO, check=False).returncode == 0


def test_the_depth_worker_runs_with_it_at_the_size_that_is_set() -> None:
    for size in ((320, 192), (256, 128)):
        wanted = f"depth.model={BUILT_IN}", f"depth.width={size[0]}", f"depth.height={size[1]}"
        with row(*wanted, "stereo.layout=depth") as line, line.picture() as shown:
            assert shown.frame.std() > 5, "the depth of a floor under a sky is not flat"


@pytest.mark.timeout(90)
def test_a_fresh_clone_without_a_network_has_depth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("STEREORING_MODELS", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for variable in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")  # where nobody answers
    with launched(tmp_path, "depth.model=auto", "capture.source=auto") as launcher:
        launcher.until_running("capture", "depth", "steady", "stereo", "null")
        launcher.until(lambda: launcher.ring("picture")["seq"] > 5, "pictures come")
        assert f"depth: {BUILT_IN}, basic depth" in launcher.log
        assert "true depth" not in launcher.log
    assert not (tmp_path / "cache" / "stereoring").exists(), "nothing was downloaded"
