"""The training of the built-in network, with little of everything: that it learns, not what."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from scripts.train_depth import Counts, draw
from scripts.training.cache import Group, Pair, make_group, unit_range
from scripts.training.export import export, sha256
from scripts.training.layers import cut_outs, desktop
from scripts.training.losses import aligned, depth_loss, edge_loss
from scripts.training.muon import Muon, orthogonal
from scripts.training.photos import Picture, sharpen
from scripts.training.raycast import BOX, ELLIPSOID, ROOM, Light, View, render, shape
from scripts.training.samples import SHIFT, Samples
from scripts.training.scenes import KINDS, UNSEEN, make_scene
from scripts.training.teacher import Teacher
from scripts.training.trainer import Plan, Trainer, overlap, view

pytestmark = pytest.mark.timeout(120)
ROWS, COLUMNS = 160, 224
LEVEL = View((0, 0, 0), 0, 0, 1.0)
DAY = Light((0, 1, -1), False, 0.7, 0.5, False, 1e4, (0, 0, 0))


@pytest.fixture(scope="module")
def groups(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Group]:
    """Drawn scenes take the place of photos, too, and the teacher has random weights."""
    folder = tmp_path_factory.mktemp("cache")
    makes = list(KINDS.values())

    def scene(i: int) -> Pair:
        return make_scene(makes[i % len(makes)], np.random.default_rng(i), [], ROWS, COLUMNS)

    make_group(folder, "photos", scene, 6, 2, "")
    photos = Group(folder, "photos")
    make_group(folder, "scenes", lambda i: scene(i + 6), 6, 2, "")
    make_group(folder, "cut_outs", lambda i: cut_outs(np.random.default_rng(i), photos), 4, 2, "")
    make_group(folder, "desktops", lambda i: desktop(np.random.default_rng(i), photos), 4, 2, "")
    return {name: Group(folder, name) for name in ("photos", "scenes", "cut_outs", "desktops")}


def trainer(groups: dict[str, Group], folder: Path) -> Trainer:
    made = Trainer(
        Plan(60, 1, 3, "cpu", 1, threads=2), groups, Teacher().encoder.eval(), [groups["scenes"][0]], folder
    )
    made.spent = max(made.spent, 60.0)  # the learning rate is up
    return made


@pytest.mark.long
def test_some_steps_of_training_make_the_loss_fall(groups: dict[str, Group], tmp_path: Path) -> None:
    learner = trainer(groups, tmp_path)
    batch = Samples(groups, 1, 0, 3, early=True).batch(0)
    losses = [learner.learn(batch) for _ in range(36)]
    assert np.mean(losses[-4:]) < 0.75 * np.mean(losses[:4])  # a flat map, as at first, is steady for nothing
    learner.save()
    assert (tmp_path / "validation.png").is_file()
    again = trainer(groups, tmp_path)
    assert (again.step, again.pictures) == (learner.step, learner.pictures)
    for one, other in zip(again.pupil.parameters(), learner.pupil.parameters(), strict=True):
        assert torch.equal(one, other)
    assert again.learn(batch) < 0.8 * losses[0], "it goes on where it stopped"


def test_a_run_ends_in_time_with_a_log_and_files_that_onnxruntime_reads(
    groups: dict[str, Group], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scripts.training.trainer.LOG_EVERY", 1.0)
    plan = Plan(0.1, 1, 2, "cpu", 1, threads=2)
    learner = Trainer(plan, groups, Teacher().encoder.eval(), [groups["scenes"][0]], tmp_path / "run")
    net = learner.run()
    assert learner.progress() >= 1
    assert (tmp_path / "run" / "log.csv").read_text().startswith("step,minutes,rate,order")
    hashes = export(net, tmp_path)
    given = np.random.default_rng(0).uniform(0, 255, (1, 3, 64, 96)).astype(np.float32)
    for name, digest in hashes.items():
        assert sha256(tmp_path / name) == digest
    session = onnxruntime.InferenceSession(
        str(tmp_path / "small_depth.onnx"), providers=["CPUExecutionProvider"]
    )
    with torch.inference_mode():
        unfolded = net.half().float()(torch.from_numpy(given)).numpy()
    np.testing.assert_allclose(session.run(None, {"input": given})[0], unfolded, atol=2e-2)


def test_a_run_with_another_seed_does_not_go_on_with_this_one(
    groups: dict[str, Group], tmp_path: Path
) -> None:
    trainer(groups, tmp_path).save()
    with pytest.raises(SystemExit, match="has a run that began with --seed 1; go on with that, or give"):
        Trainer(Plan(60, 2, 3, "cpu", 1), groups, Teacher().encoder, [groups["scenes"][0]], tmp_path)


def test_pictures_are_drawn_anew_where_what_they_depend_on_has_changed(tmp_path: Path) -> None:
    def drawn(seed: int, photos: list[Picture], teacher: Teacher) -> list[bytes]:
        counts = Counts(scenes=1, cut_outs=1, desktops=1)
        made = draw(tmp_path, photos, teacher, counts, seed, 1)
        return [made[name][0][part].tobytes() for name in ("scenes", "photos") for part in (0, 1)]

    torch.manual_seed(0)
    teacher, photos = Teacher().eval(), [make_scene(KINDS["room"], np.random.default_rng(0), [], 96, 160)[0]]
    first = drawn(1, photos, teacher)
    kept = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert drawn(1, photos, teacher) == first
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == kept
    other_seed = drawn(2, photos, teacher)
    assert other_seed[0] != first[0]
    assert other_seed[2:] == first[2:]
    assert drawn(2, [photos[0][::-1].copy()], teacher)[2] != first[2]
    torch.manual_seed(1)
    assert drawn(2, photos, Teacher().eval())[3] != first[3]


def test_the_same_number_is_the_same_batch(groups: dict[str, Group]) -> None:
    one, other, next_one = (Samples(groups, 5, 0, 2, early=False).batch(number) for number in (7, 7, 8))
    assert torch.equal(one.pictures, other.pictures)
    assert torch.equal(one.depths, other.depths)
    assert one.pictures.shape != next_one.pictures.shape or not torch.equal(one.pictures, next_one.pictures)
    assert float(one.depths.min()) >= 0
    assert (one.pictures.shape[2] - SHIFT) % 32 == (one.pictures.shape[3] - SHIFT) % 32 == 0


def test_a_step_turns_all_that_a_kernel_can_do_by_the_same_amount() -> None:
    torch.manual_seed(0)
    for size in ((2, 24, 90), (1, 40, 16)):
        lopsided = torch.randn(size) * torch.logspace(0, -1.5, size[2])
        before, after = (torch.linalg.svdvals(x) for x in (lopsided, orthogonal(lopsided)))
        assert float(before.max() / before.min()) > 5
        assert 0.6 < float(after.min()) <= float(after.max()) < 1.3


def test_steps_of_muon_go_downhill() -> None:
    torch.manual_seed(0)
    goals = [torch.randn(4, 3, 3, 3), torch.randn(4, 3, 3, 3), torch.randn(8, 4, 1, 1)]
    weights = [torch.zeros_like(goal, requires_grad=True) for goal in goals]
    losses = []
    with ThreadPoolExecutor(2) as pool:
        optimizer = Muon(weights, lr=0.1, decay=0, pool=pool)
        for _ in range(60):
            loss = torch.stack([(w - goal).square().mean() for w, goal in zip(weights, goals, strict=True)])
            optimizer.zero_grad()
            loss.sum().backward()
            optimizer.step()
            losses.append(loss.detach())
    assert (losses[-1] < 0.1 * losses[0]).all()


def test_two_views_of_a_moving_crop_agree_where_they_show_the_same() -> None:
    canvas = torch.rand(2, 1, 32 + SHIFT, 64 + SHIFT)
    for places in (((0, 0), (8, 3)), ((5, 7), (2, 1)), ((4, 0), (4, 0))):
        one, other = overlap(view(canvas, places[0]), view(canvas, places[1]), places)
        assert torch.equal(one, other)
        assert one.numel() > 0


def test_the_loss_does_not_see_shift_and_scale_of_exact_depth_but_its_edges() -> None:
    torch.manual_seed(0)
    truth = torch.rand(2, 1, 32, 32)
    torch.testing.assert_close(aligned(3 * truth + 2), aligned(truth), atol=1e-4, rtol=1e-4)
    exact = torch.tensor([True, True])
    moved = depth_loss(3 * truth + 2, truth, exact)
    assert float(moved["order"]) < 1e-4
    assert float(moved["edges"]) < 1e-3
    assert float(moved["plain"]) > 0.5, "the range is to stay where it is"
    soft = torch.nn.functional.avg_pool2d(truth, 5, 1, 2)
    assert (edge_loss(soft - truth) > 0.1).all()


def test_depth_is_exact() -> None:
    sky = np.full((48, 64, 3), 99, np.uint8)
    textures = np.full((1, 8, 8, 3), 200, np.uint8)
    shapes = np.asarray(
        [shape(BOX, (0, 0, 6), (1, 1, 1)), shape(ELLIPSOID, (-2, 0, 4), (1, 1, 1))], np.float32
    )
    picture, inverse = render(shapes, LEVEL, DAY, textures, sky)
    assert inverse[24, 32] == pytest.approx(1 / 5, rel=1e-4), "the near side of the box"
    assert inverse[:, :20].max() == pytest.approx(1 / 3.1, rel=0.05), "the near side of the ball"
    assert inverse[2, 2] == 0
    assert (picture[2, 2] == 99).all(), "the sky is as it was"
    hall = np.asarray([shape(ROOM, (0, 0, 0), (50, 50, 9))], np.float32)
    _, inverse = render(hall, LEVEL, DAY, textures, sky)
    np.testing.assert_allclose(inverse, 1 / 9, rtol=1e-4, err_msg="a wall has one depth, not one distance")


def test_no_kind_of_scene_is_both_trained_on_and_kept_for_the_evaluation() -> None:
    assert not set(KINDS) & set(UNSEEN)
    assert not set(KINDS.values()) & set(UNSEEN.values())


def test_a_soft_edge_becomes_as_narrow_as_the_picture_s_and_lies_where_it_does() -> None:
    picture = np.full((60, 90, 3), 60, np.uint8)
    picture[:, 47:] = 200
    soft = 1 / (1 + np.exp(-(np.arange(90, dtype=np.float32) - 44) / 3))
    sharp = sharpen(np.repeat(soft[None], 60, axis=0), picture)[30]
    assert soft[42] > 0.3, "it was soft"
    assert soft[46] < 0.7
    assert sharp[42:47].max() < 0.3
    assert sharp[47:51].min() > 0.7


def test_all_depth_is_brought_to_0_to_1() -> None:
    inverse = np.random.default_rng(0).normal(5, 2, (100, 100)).astype(np.float32)
    found = unit_range(inverse)
    assert (found.min(), found.max()) == (0, 1)
    assert (unit_range(np.ones((9, 9), np.float32)) == 0).all()
