"""scripts/eval_depth.py: maps that are exactly right, or wrong in a known way, get what they deserve."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from scripts.evaluating import edges, pan
from scripts.evaluating.measures import Figures, figures
from scripts.evaluating.subjects import drawn
from workers.depth._models import is_here

REPO = Path(__file__).parents[2]
ROWS, COLUMNS = 192, 320
Floats = npt.NDArray[np.float32]

pytestmark = pytest.mark.timeout(120)


def ramp(rows: int = ROWS, columns: int = COLUMNS) -> Floats:
    """Inverse depth that grows downwards."""
    return np.repeat(np.linspace(0.1, 1, rows, dtype=np.float32)[:, None], columns, axis=1)


def noise() -> Floats:
    return np.random.default_rng(5).random((ROWS, COLUMNS), np.float32)


# The four figures ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("scale", "shift"), [(1, 0), (250, 0), (0.01, 3)])
def test_contract_a_map_that_is_right_but_for_scale_and_shift_is_perfect(scale: float, shift: float) -> None:
    found = figures(ramp() * scale + shift, 1 / ramp())
    assert found.absrel < 1e-4
    assert (found.delta1, found.ordinal) == (1, 1)
    assert found.spearman == pytest.approx(1)


def test_contract_a_map_that_takes_near_for_far_has_all_pairs_wrong() -> None:
    found = figures(-(ramp() ** 3), 1 / ramp())
    assert found.ordinal == 0
    assert found.spearman == pytest.approx(-1)


def test_contract_noise_is_right_half_of_the_time() -> None:
    found = figures(noise(), 1 / ramp())
    assert found.ordinal == pytest.approx(0.5, abs=0.01)
    assert found.spearman == pytest.approx(0, abs=0.01)
    assert found.absrel > 0.3


def test_contract_a_flat_map_gets_no_order_for_nothing() -> None:
    found = figures(np.ones_like(ramp()), 1 / ramp())
    assert (found.spearman, found.ordinal) == (0, 0.5)


@pytest.mark.parametrize("unknown", [0, np.nan, np.inf])
def test_contract_places_of_unknown_depth_do_not_count(unknown: float) -> None:
    wrong, depth = ramp(), 1 / ramp()
    hole = np.s_[40:90, 100:200]
    wrong[hole], depth[hole] = 77, unknown
    assert figures(wrong, depth).absrel < 1e-4


@pytest.mark.parametrize("value", [0.0, 4.0], ids=["nothing is known", "all is equally far"])
def test_contract_depth_without_differences_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="fewer than two depths"):
        figures(ramp(), np.full((ROWS, COLUMNS), value, np.float32))


# Edges and flicker --------------------------------------------------------------------------------------


def board() -> Floats:
    """A near board before a far wall."""
    inverse = np.full((ROWS, COLUMNS), 0.1, np.float32)
    inverse[60:150, 100:220] = 0.8
    return inverse


@pytest.mark.parametrize(("blur", "width"), [(0, 0.6), (1.5, 2.5), (3, 5.05)])
def test_contract_the_width_of_an_edge_is_that_of_its_blur(blur: float, width: float) -> None:
    """20 to 80 % of a step that is blurred by a Gaussian lie 1.683 of its sigmas apart."""
    soft = cv2.GaussianBlur(board(), (0, 0), blur) if blur else board()
    found = [w for w in edges.widths(soft, edges.steps_in(board())) if w is not None]
    assert len(found) > 100
    assert np.median(found) == pytest.approx(width, abs=0.15)


def test_contract_where_a_network_sees_no_step_there_is_no_width() -> None:
    steps = edges.steps_in(board())
    assert steps
    assert set(edges.widths(1 - board(), steps)) == {None}, "near and far exchanged is no step seen"


def test_contract_a_map_that_moves_with_the_picture_does_not_flicker() -> None:
    picture = np.random.default_rng(2).integers(0, 255, (240, 500, 3), np.uint8)
    frames = pan.frames_of(picture)
    assert [frame.shape for frame in frames] == [(pan.ROWS, pan.COLUMNS, 3)] * pan.FRAMES
    assert pan.jitter(lambda frame: frame[..., 0].astype(np.float32), frames) < 1e-4
    flicker = iter(range(1000))
    breathing: Callable[..., Any] = lambda frame: ramp() * (1 + 0.1 * (next(flicker) % 2))  # noqa: E731
    assert 3 < pan.jitter(breathing, frames) < 10


# The pictures -------------------------------------------------------------------------------------------


def test_contract_drawn_scenes_are_the_same_every_time_and_of_untrained_kinds() -> None:
    from scripts.training.scenes import KINDS, UNSEEN

    assert not set(KINDS) & set(UNSEEN)
    one, other = ({s.name: s for _, s in zip(range(3), drawn(), strict=False)} for _ in range(2))
    assert one.keys() == other.keys() == {"stairs1", "stairs2", "stairs3"}
    for name in one:
        np.testing.assert_array_equal(one[name].picture, other[name].picture)


# The command --------------------------------------------------------------------------------------------


def run(*options: str) -> subprocess.CompletedProcess[str]:
    script = str(REPO / "scripts" / "eval_depth.py")
    return subprocess.run(
        [sys.executable, script, *options], capture_output=True, text=True, timeout=100, check=False, cwd="/"
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two pictures of which a bottom-near ramp knows all."""
    for name, kind in (("plain", "png"), ("wide", "jpg")):
        picture = np.random.default_rng(1).integers(0, 255, (120, 200, 3), np.uint8)
        cv2.imwrite(str(tmp_path / f"{name}.{kind}"), picture)
        depth = 1 / ramp(120, 200)
        depth[:10] = np.nan
        depth[-5:] = 0
        np.save(tmp_path / f"{name}_depth.npy", depth)
    return tmp_path


def test_contract_an_exact_model_gets_perfect_figures_on_a_folder(folder: Path) -> None:
    done = run("built-in", "--folder", str(folder), "--parts", "rows", "--json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["rows"]
    for row in rows:
        assert list(row) == ["model", "picture", "absrel", "delta1", "spearman", "ordinal", "ms"]
    found = {(row["model"], row["picture"]): row for row in rows}
    models = {"built-in", "ramp"} | ({"teacher"} if is_here("tcmonodepth-small") else set())
    assert set(found) == {(model, picture) for model in models for picture in ("plain", "wide")}
    for picture in ("plain", "wide"):
        row = found["ramp", picture]
        exact = Figures(*(row[key] for key in ("absrel", "delta1", "spearman", "ordinal")))
        assert exact.absrel < 0.02  # the ramp is as wide as the network's map, and then scaled
        assert (exact.delta1, exact.ordinal) == (1, 1)
        assert exact.spearman == pytest.approx(1, abs=1e-3)
        assert found["built-in", picture]["ordinal"] < 1
        assert found["built-in", picture]["ms"] > 0


def test_contract_the_sheet_shows_every_picture_of_a_folder(folder: Path) -> None:
    file = folder / "sheets" / "sheet.png"
    done = run("--folder", str(folder), "--parts", "rows", "--sheet", str(file))
    assert done.returncode == 0, done.stderr
    assert "built-in" in done.stdout
    picture = cv2.imread(str(file))
    assert picture is not None
    assert picture.std() > 10


@pytest.mark.parametrize(
    ("missing", "says"),
    [
        ("plain.png", "plain.png or plain.jpg is missing"),
        ("plain_depth.npy wide_depth.npy", "has no NAME_depth.npy"),
    ],
)
def test_contract_a_folder_that_misses_something_is_told_what(folder: Path, missing: str, says: str) -> None:
    for name in missing.split():
        (folder / name).unlink()
    done = run("--folder", str(folder), "--parts", "rows")
    assert done.returncode == 1
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_contract_a_model_that_is_not_there_is_told_with_those_that_are(folder: Path) -> None:
    done = run("nodepth", "--folder", str(folder))
    assert done.returncode == 1
    assert "there is no model and no file 'nodepth' (models: " in done.stderr
