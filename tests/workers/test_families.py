"""Every family of depth networks: its sizes, how it is fed, and which way is near; small networks with random
weights in the files of the real ones, beside transformers' own pipeline.

Transformers has Depth Pro's processor only on torchvision, and ZoeDepth's post-processing; for these two the
other side is written here, from what transformers documents.
"""

import json
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers", reason="transformers is not installed")

import torch.nn.functional as F  # noqa: E402

from tests.pipeline.running import launched  # noqa: E402
from tests.workers.checkpoints import FAMILIES, processor, write  # noqa: E402
from tests.workers.one_process import row  # noqa: E402
from workers.depth import _torch_network  # noqa: E402
from workers.depth._families import (  # noqa: E402
    family_of,
    feeding_of,
    network_size,
    padding,
    resampling,
)
from workers.depth._folders import cached  # noqa: E402
from workers.depth._torch_network import NEAREST, TorchNetwork, inverse  # noqa: E402
from workers.worker import CannotWork, Host  # noqa: E402

pytestmark = pytest.mark.timeout(120)
# Rows and columns of the pictures. No portraits: where rows shrink and columns grow Pillow 13 takes the other
# direction first, which rounds elsewhere.
SIZES = ((192, 320), (128, 128), (96, 160))
TOLERANCE = 1e-3  # of the range
IN_METRES = {"depth-anything-metric", "dpt-dinov2", "zoedepth", "zoedepth-two-heads", "glpn"}
Floats = npt.NDArray[np.float32]


def host() -> Host:
    def busy(what: str, limit: float) -> AbstractContextManager[None]:
        return nullcontext()

    def tell(kind: str, **what: Any) -> None:
        """Nobody listens."""

    return Host(busy, tell, 1)


@pytest.fixture(scope="module", params=FAMILIES)
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def folder(family: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp(family)
    write(family, folder)
    return folder


def picture(rows: int, columns: int) -> npt.NDArray[np.uint8]:
    """Large patches and noise, uint8[rows, columns, 3]."""
    rng = np.random.default_rng(rows)
    patches = rng.integers(0, 200, (rows // 32, columns // 32, 3)).repeat(32, 0).repeat(32, 1)
    return np.asarray(patches + rng.integers(0, 56, patches.shape), np.uint8)


def ours(folder: Path, given: npt.NDArray[np.uint8]) -> Floats:
    found = np.empty(given.shape[:2], np.float32)
    TorchNetwork(folder, given.shape[:2], "cpu", "none", "auto", host())(given, found)
    return found


def theirs(folder: Path, given: npt.NDArray[np.uint8]) -> Floats:
    """What transformers says of the picture at the same size, before anything is turned round."""
    network = transformers.AutoModelForDepthEstimation.from_pretrained(folder).eval()
    kind = network.config.model_type
    with torch.inference_mode():
        if kind == "depth_pro":
            return after_depth_pro(network(pixel_values=before_depth_pro(folder, given)), given)
        feeder = processor(kind).from_pretrained(folder)
        answer = network(**feeder(given, return_tensors="pt", **asked(folder, given)))
        if kind == "zoedepth":
            return after_zoedepth(answer, given)
        (made,) = feeder.post_process_depth_estimation(answer, target_sizes=[given.shape[:2]])
    return np.asarray(made["predicted_depth"], np.float32)


def asked(folder: Path, given: npt.NDArray[np.uint8]) -> dict[str, Any]:
    """What their processor is told, so that it aims at the size of the picture and not at its own."""
    rows, columns = given.shape[:2]
    config = json.loads((folder / "config.json").read_text())
    if config["model_type"] == "glpn":
        return {}
    if config.get("is_hybrid"):
        return {"size": {"height": 64, "width": 64}}
    backbone = (config.get("backbone_config") or {}).get("model_type")
    if backbone is None:
        side = round((rows * columns) ** 0.5 / 32) * 32
        return {"size": {"height": side, "width": side}}
    size = {
        "size": {"height": rows, "width": columns},
        "do_resize": True,
        "do_pad": config["model_type"] == "zoedepth",
    }
    return {**size, "ensure_multiple_of": 14 if backbone == "dinov2" else 32}


def before_depth_pro(folder: Path, given: npt.NDArray[np.uint8]) -> Any:
    """DepthProImageProcessor._preprocess: values 0…1, (x - 0.5) / 0.5, then bilinear without antialiasing."""
    size = json.loads((folder / "preprocessor_config.json").read_text())["size"]
    pixels = torch.from_numpy(given).permute(2, 0, 1)[None] / 255
    return F.interpolate((pixels - 0.5) / 0.5, (size["height"], size["width"]), mode="bilinear")


def after_depth_pro(answer: Any, given: npt.NDArray[np.uint8]) -> Floats:
    """DepthProImageProcessor.post_process_depth_estimation: bilinear, and metres are one through it."""
    return np.asarray(F.interpolate(answer.predicted_depth[None], given.shape[:2], mode="bilinear")[0, 0])


def after_zoedepth(answer: Any, given: npt.NDArray[np.uint8]) -> Floats:
    """ZoeDepthImageProcessor.post_process_depth_estimation: bicubic without antialiasing to the size of the
    padded picture, then the padding is cut off."""
    rows, columns = given.shape[:2]
    top, left = (int(np.sqrt(side / 2) * 3) for side in (rows, columns))
    size = rows + 2 * top, columns + 2 * left
    whole = F.interpolate(answer.predicted_depth[None], size, mode="bicubic")[0, 0]
    return np.asarray(whole[top:-top, left:-left])


def as_nearness(found: Floats, family: str) -> Floats:
    if family == "prompt-depth-anything":
        return 1 / (0.5 + 4.5 * found)
    return 1 / np.maximum(found, NEAREST) if family in IN_METRES else found


# Beside transformers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_contract_it_is_what_transformers_finds(family: str, folder: Path, size: tuple[int, int]) -> None:
    given = picture(*size)
    found, wanted = ours(folder, given), as_nearness(theirs(folder, given), family)
    assert found.shape == wanted.shape == size
    spread = float(np.ptp(wanted))
    assert spread > 1e-3 * float(np.abs(wanted).max()), "a flat answer would prove nothing"
    assert float(np.abs(found - wanted).max()) <= TOLERANCE * spread


def test_contract_what_the_family_calls_near_is_large(family: str, folder: Path) -> None:
    """In the order in which transformers' own pipeline has it: metres fall as nearness rises."""
    given = picture(192, 320)
    found, said = ours(folder, given), theirs(folder, given)
    metres = family in IN_METRES or family == "prompt-depth-anything"
    related = float(np.corrcoef(found.ravel(), said.ravel())[0, 1])
    assert related < -0.5 if metres else related > 0.99
    assert np.isfinite(found).all()


def test_contract_transformers_makes_metres_of_depth_pro_by_turning_it_round() -> None:
    """The trap: it is called a metric network, yet what comes out of it is inverse depth already."""
    source = Path(str(transformers.models.depth_pro.__path__[0])) / "image_processing_depth_pro.py"
    assert "depth = 1.0 / torch.clamp(depth" in source.read_text()
    assert family_of({"model_type": "depth_pro"}).answers == "nearness"


@pytest.mark.parametrize(
    ("config", "answers"),
    [
        ({"model_type": "depth_anything", "depth_estimation_type": "relative"}, "nearness"),
        ({"model_type": "depth_anything"}, "nearness"),
        ({"model_type": "depth_anything", "depth_estimation_type": "metric"}, "metres"),
        ({"model_type": "prompt_depth_anything"}, "prompted"),
        ({"model_type": "dpt"}, "nearness"),
        ({"model_type": "dpt", "is_hybrid": True, "backbone_config": {"model_type": "bit"}}, "nearness"),
        ({"model_type": "dpt", "backbone_config": {"model_type": "beit"}}, "nearness"),
        ({"model_type": "dpt", "backbone_config": {"model_type": "swinv2"}}, "nearness"),
        ({"model_type": "dpt", "backbone_config": {"model_type": "dinov2"}}, "metres"),
        ({"model_type": "zoedepth"}, "metres"),
        ({"model_type": "depth_pro"}, "nearness"),
        ({"model_type": "glpn"}, "metres"),
    ],
    ids=str,
)
def test_contract_two_metres_are_nearer_than_four_whatever_a_family_answers(
    config: dict[str, Any], answers: str
) -> None:
    family = family_of(config)
    assert family.answers == answers
    said = {"nearness": [0.5, 0.25], "metres": [2.0, 4.0], "prompted": [1 / 3, 7 / 9]}[answers]
    assert inverse(torch.tensor(said), family).tolist() == pytest.approx([0.5, 0.25])


def test_what_is_said_to_be_at_the_lens_is_not_endlessly_near() -> None:
    metres = family_of({"model_type": "zoedepth"})
    assert inverse(torch.tensor([0.0, -1.0]), metres).tolist() == pytest.approx([1 / NEAREST] * 2)


# Sizes and pixels -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "size", "wanted"),
    [
        ({"model_type": "depth_anything"}, (192, 320), (196, 322)),
        ({"model_type": "depth_anything"}, (64, 64), (70, 70)),
        ({"model_type": "depth_anything", "patch_size": 16}, (192, 320), (192, 320)),
        ({"model_type": "dpt"}, (192, 320), (256, 256)),
        ({"model_type": "dpt", "backbone_config": {"model_type": "beit"}}, (192, 320), (192, 320)),
        ({"model_type": "dpt", "is_hybrid": True, "image_size": 384}, (192, 320), (384, 384)),
        ({"model_type": "depth_pro"}, (192, 320), (1536, 1536)),
        ({"model_type": "zoedepth"}, (192, 320), (192, 320)),
        ({"model_type": "zoedepth"}, (384, 512), (384, 512)),
    ],
    ids=str,
)
def test_contract_each_family_gets_a_size_that_it_takes(
    config: dict[str, Any], size: tuple[int, int], wanted: tuple[int, int]
) -> None:
    feeding = feeding_of({"size": {"height": 1536, "width": 1536}}, config["model_type"])
    assert network_size(family_of(config), feeding, *size) == wanted


def test_contract_a_network_of_one_size_that_names_none_is_refused() -> None:
    family = family_of({"model_type": "depth_pro"})
    with pytest.raises(CannotWork, match=r"preprocessor_config\.json names none"):
        network_size(family, feeding_of({}, "depth_pro"), 192, 320)


@pytest.mark.parametrize("sides", [(320, 322), (192, 98), (100, 300), (64, 64)], ids=str)
@pytest.mark.parametrize(("kind", "number"), [("bilinear", 2), ("bicubic", 3)])
def test_contract_pixels_are_weighed_as_pillow_does(sides: tuple[int, int], kind: Any, number: int) -> None:
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    line = np.random.default_rng(1).uniform(0, 255, (1, sides[0])).astype(np.float32)
    wanted = np.asarray(image.fromarray(line).resize((sides[1], 1), number))
    np.testing.assert_allclose(line @ resampling(*sides, kind).T, wanted, atol=1e-2)


def test_padding_is_three_times_the_root_of_half_the_side() -> None:
    assert padding(192, 320) == (29, 37)


# In the program -------------------------------------------------------------------------------------------


def test_contract_the_depth_worker_runs_a_folder_at_the_size_that_is_set(tmp_path: Path) -> None:
    write("depth-anything", tmp_path)
    wanted = f"depth.model={tmp_path}", "depth.width=128", "depth.height=96", "stereo.layout=depth"
    with row(*wanted) as line, line.picture() as shown:
        assert shown.frame.std() > 5, "the answer of random weights is not flat either"


def test_contract_the_depth_worker_runs_a_name_from_hugging_face_s_own_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    name = "depth-anything/Depth-Anything-V2-Small-hf"
    folder = tmp_path / cached(name) / "snapshots" / ("0" * 40)
    folder.mkdir(parents=True)
    write("depth-anything", folder)
    with row(f"depth.model={name}", "depth.width=128", "depth.height=96") as line, line.picture() as shown:
        assert shown.frame.any()


def test_contract_the_real_processes_run_it_and_say_how(tmp_path: Path) -> None:
    folder = tmp_path / "network"
    write("depth-anything-metric", folder)
    size = "depth.width=128", "depth.height=96"
    with launched(tmp_path, "capture.source=scene", f"depth.model={folder}", *size) as launcher:
        launcher.until_running("capture", "depth", "steady", "stereo", "null")
        launcher.until(lambda: launcher.ring("picture")["seq"] > 5, "pictures come")
        assert "(depth-anything) at 126 x 98, single precision, in torch on cpu: " in launcher.log


def test_contract_an_option_for_onnx_is_refused_for_a_network_in_torch(tmp_path: Path) -> None:
    write("depth-anything", tmp_path)
    with (
        pytest.raises(CannotWork, match=r"depth\.option: openvino is for networks in ONNX"),
        row(f"depth.model={tmp_path}", "depth.option=openvino"),
    ):
        raise AssertionError("it ran")


# What cannot be run ---------------------------------------------------------------------------------------


def test_contract_a_network_of_an_unknown_kind_is_refused_with_the_known_ones() -> None:
    with pytest.raises(CannotWork, match=r"'segformer'; the program knows how to feed depth_anything, "):
        family_of({"model_type": "segformer"})


def test_contract_without_transformers_one_line_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(CannotWork) as caught:
        TorchNetwork(tmp_path, (192, 320), "auto", "none", "auto", host())
    assert "torch and transformers is not installed" in str(caught.value)
    assert "`pip install -r requirements/torch.txt`" in str(caught.value)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (
            lambda folder: (folder / "preprocessor_config.json").unlink(),
            r"preprocessor_config\.json cannot be read",
        ),
        (lambda folder: (folder / "config.json").write_text("{"), r"config\.json cannot be read"),
        (
            lambda folder: (folder / "model.safetensors").write_bytes(b"PK"),
            "is not a network that transformers",
        ),
        (lambda folder: (folder / "model.safetensors").unlink(), "is not a network that transformers"),
        (lambda folder: without_weights(folder), r"has no weights for \d+ of its network's \d+ parts"),
    ],
    ids=["no preprocessor", "no config", "no safetensors", "no weights file", "other weights"],
)
def test_contract_a_spoiled_folder_is_refused_by_its_name(tmp_path: Path, spoil: Any, said: str) -> None:
    write("depth-anything", tmp_path)
    spoil(tmp_path)
    with pytest.raises(CannotWork, match=said) as caught:
        TorchNetwork(tmp_path, (64, 64), "cpu", "none", "auto", host())
    assert str(tmp_path) in str(caught.value)


def without_weights(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    kept = {name: weight for name, weight in weights.items() if "neck" not in name}
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})


def test_contract_a_pickle_with_code_in_it_runs_none(tmp_path: Path) -> None:
    write("depth-anything", tmp_path)
    (tmp_path / "model.safetensors").unlink()
    torch.save({"head.conv1.weight": Bomb(tmp_path / "exploded")}, tmp_path / "pytorch_model.bin")
    with pytest.raises(CannotWork):
        TorchNetwork(tmp_path, (64, 64), "cpu", "none", "auto", host())
    assert not (tmp_path / "exploded").exists()


class Bomb:
    """Makes a file when it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> Any:
        return (Path.touch, (self.file,))


def test_contract_weights_of_a_bin_are_read_without_code(tmp_path: Path) -> None:
    network = write("depth-anything", tmp_path)
    wanted = ours(tmp_path, picture(64, 64))
    (tmp_path / "model.safetensors").unlink()
    torch.save(network.state_dict(), tmp_path / "pytorch_model.bin")
    np.testing.assert_allclose(ours(tmp_path, picture(64, 64)), wanted)


def test_half_precision_answers_nearly_the_same(tmp_path: Path) -> None:
    write("dpt-beit", tmp_path)
    given = picture(64, 64)
    found = np.empty((64, 64), np.float32)
    network = TorchNetwork(tmp_path, (64, 64), "cpu", "none", "always", host())
    network(given, found)
    wanted = ours(tmp_path, given)
    assert network.half
    assert float(np.abs(found - wanted).max()) <= 0.05 * float(np.ptp(wanted))


# What a GPU can do to it ----------------------------------------------------------------------------------


class Gpu:
    """A network that is to go to a GPU, which fails; elsewhere it is the real one."""

    def __init__(self, network: Any, failure: Exception) -> None:
        self.network, self.failure = network, failure

    def to(self, device: Any) -> Any:
        if device.type == "cuda":
            raise self.failure
        return self.network.to(device)


@pytest.fixture
def with_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Opens a network where torch finds a GPU that fails so."""
    write("depth-anything", tmp_path)
    real = _torch_network.load
    monkeypatch.setattr(_torch_network, "torch_devices", lambda torch: ["cpu", "cuda"])

    def opened(device: str, failure: Exception) -> TorchNetwork:
        monkeypatch.setattr(_torch_network, "load", lambda *given: Gpu(real(*given), failure))
        return TorchNetwork(tmp_path, (56, 56), device, "none", "auto", host())

    return opened


def test_contract_a_gpu_without_kernels_leaves_the_cpu_if_nobody_asked_for_it(
    with_gpu: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """As an RTX 50 with a torch from before it: torch finds it all the same."""
    no_kernel = torch.AcceleratorError("CUDA error: no kernel image is available for execution on the device")
    running = with_gpu("auto", no_kernel)
    assert (running.choice.device, running.half) == ("cpu", False)
    assert "not on cuda: CUDA error: no kernel image" in caplog.text
    with pytest.raises(CannotWork, match=r"cannot run on cuda: CUDA error: no kernel image"):
        with_gpu("cuda", no_kernel)


@pytest.mark.parametrize("device", ["auto", "cuda"])
def test_contract_a_gpu_without_enough_memory_is_said_with_what_needs_less(
    with_gpu: Any, device: str
) -> None:
    full = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 148.00 MiB.")
    with pytest.raises(CannotWork, match=r"more memory than cuda has free; take a smaller network.*148\.00"):
        with_gpu(device, full)


def test_contract_half_precision_that_answers_no_numbers_is_left_or_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As on a GTX 16xx."""
    write("depth-anything", tmp_path)
    real = _torch_network.load

    def load(folder: Path, precision: Any) -> Any:
        network = real(folder, precision)
        if precision == torch.float16:
            network.register_forward_hook(no_numbers)
        return network

    def no_numbers(network: Any, given: Any, answer: Any) -> None:
        answer.predicted_depth.fill_(float("nan"))

    monkeypatch.setattr(_torch_network, "load", load)
    with pytest.raises(CannotWork, match=r"depth\.half: .* answers no numbers on cpu in half precision"):
        TorchNetwork(tmp_path, (56, 56), "cpu", "none", "always", host())
    monkeypatch.setattr(_torch_network, "wants_half", lambda half, device: True)
    running = TorchNetwork(tmp_path, (56, 56), "cpu", "none", "auto", host())
    assert not running.half
    assert "not in half precision" in caplog.text
    found = np.empty((56, 56), np.float32)
    running(picture(64, 64)[:56, :56], found)
    assert np.isfinite(found).all()
