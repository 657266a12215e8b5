"""A depth network in torch, from a folder as Hugging Face has them: config.json, preprocessor_config.json and
model.safetensors.

Transformers builds the network; the picture is prepared here, because its own processors want torchvision,
whose build has to fit torch's to the letter, and work on the CPU one image at a time.
"""

import importlib.util
import json
import logging
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import numpy.typing as npt

from workers.depth._devices import COMPILE, Choice, choose_torch, torch_device, torch_devices, wants_half
from workers.depth._families import (
    PROMPT_FROM,
    PROMPT_TO,
    Family,
    Feeding,
    Size,
    family_of,
    feeding_of,
    network_size,
    padding,
    resampling,
)
from workers.depth._options import NONE
from workers.depth._torch_compile import compiled
from workers.worker import CannotWork, Host

INSTALL = "pip install -r requirements/torch.txt"
NEAREST = 0.05  # metres; what is said to be nearer is as near as that
MISSING = 0.1  # share of weights that a file may lack: some have none for layers that are never used
FULL = (
    "depth.model: {} needs more memory than {} has free; take a smaller network, a smaller depth.width and "
    "depth.height, or the processor (--set depth.device=cpu): {}"
)
log = logging.getLogger(__name__)


class TorchNetwork:
    """Call it with a picture uint8[rows, columns, 3] RGB and float32[rows, columns] to fill with relative
    inverse depth, greater = nearer. `choice` is what it runs on, `half` whether in half precision, `size` the
    rows and columns that the network itself gets, `option` the option that it runs with."""

    def __init__(self, folder: Path, size: Size, device: str, option: str, half: str, host: Host) -> None:
        """Raises CannotWork."""
        require_torch(str(folder))
        with host.busy("loading torch", limit=120):
            import torch

            torch.set_num_threads(host.threads)
            self.choice: Choice = choose_torch(device, torch_devices(torch))
        self._torch = torch
        self.half = wants_half(half, self.choice.device)
        config = read_json(folder / "config.json")
        self.family: Family = family_of(config)
        self._feeding: Feeding = feeding_of(
            read_json(folder / "preprocessor_config.json"), config["model_type"]
        )
        self.size = network_size(self.family, self._feeding, *size)
        with host.busy(f"loading {folder.name}", limit=600):
            self._start(folder, size, device, half)
        self.option = NONE
        if option == COMPILE:
            self._try_compiled(folder.name, size, host)

    def __call__(self, picture: npt.NDArray[np.uint8], found: npt.NDArray[np.float32]) -> None:
        torch = self._torch
        with torch.no_grad():  # DirectML cannot do inference_mode (microsoft/DirectML#602)
            pixels = torch.tensor(np.ascontiguousarray(picture), device=self._device)
            answer = self._network(pixel_values=self._fed(pixels)).predicted_depth
            found[:] = self._nearness(answer.float(), picture.shape[:2]).cpu().numpy()

    def _start(self, folder: Path, size: Size, wanted: str, half: str) -> None:
        """That torch finds a device does not say that it can use it: where nobody asked for one by name, one
        that fails leaves the CPU. Raises CannotWork."""
        device = self.choice.device
        try:
            answers = self._load(folder, size)
        except RuntimeError as error:
            if "out of memory" in str(error):
                raise CannotWork(FULL.format(folder.name, device, error)) from error
            if wanted != "auto" or device == "cpu":
                raise CannotWork(f"depth.model: {folder.name} cannot run on {device}: {error}") from error
            log.warning("not on %s: %s", device, error)
            self.choice = Choice("cpu", f"{device} does not work here")
            self.half = wants_half(half, "cpu")
            answers = self._load(folder, size)
        if self.half and not answers:
            if half == "always":
                raise CannotWork(
                    f"depth.half: {folder.name} answers no numbers on {device} in half precision"
                )
            log.warning("not in half precision: %s answers no numbers on %s", folder.name, device)
            self.half = False
            self._load(folder, size)

    def _load(self, folder: Path, size: Size) -> bool:
        """With its first run, which chooses kernels. Whether it answers with numbers."""
        torch = self._torch
        self._device = torch_device(self.choice.device, torch)
        self._type = torch.float16 if self.half else torch.float32
        self._network = load(folder, self._type).to(self._device).eval()
        self._prepare(*size)
        noise, found = np.random.default_rng(0), np.empty(size, np.float32)
        self(noise.integers(0, 256, (*size, 3), dtype=np.uint8), found)
        return bool(np.isfinite(found).mean() > 0.5)

    def _try_compiled(self, name: str, size: Size, host: Host) -> None:
        torch = self._torch
        noise = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)

        def run(network: Any) -> npt.NDArray[np.float32]:
            with torch.no_grad():
                answer = network(pixel_values=fed).predicted_depth
            return np.asarray(answer.float().cpu().numpy())

        fed = self._fed(torch.tensor(noise, device=self._device))
        built = compiled(self._network, name, run, self.choice.device, host)
        if built is not None:
            self._network, self.option = built, COMPILE

    def _prepare(self, rows: int, columns: int) -> None:
        """What is the same for all pictures of a size, on the device."""
        torch, feeding = self._torch, self._feeding
        self._mean = torch.tensor(feeding.mean, device=self._device).view(1, 3, 1, 1)
        self._std = torch.tensor(feeding.std, device=self._device).view(1, 3, 1, 1)
        # Twice as precise only where that costs little; elsewhere a pixel in a thousand is one level off.
        exact = torch.float64 if self.choice.device == "cpu" else torch.float32
        down = torch.from_numpy(resampling(rows, self.size[0], feeding.resample)).to(exact)
        across = torch.from_numpy(resampling(columns, self.size[1], feeding.resample)).to(exact)
        self._down, self._across = down.to(self._device), across.T.contiguous().to(self._device)

    def _fed(self, pixels: Any) -> Any:
        """uint8[rows, columns, 3] → the network's input [1, 3, *size]."""
        planes = pixels.permute(2, 0, 1)[None].float()
        scale = self._feeding.scale
        if self.family.pads:
            made = self._normalised(self._cornered(planes * scale))
        elif self.family.last:
            made = self._stretched(self._normalised(planes * scale), self.size)
        else:
            made = self._normalised(self._resized(planes) * scale)
        return made.to(self._type)

    def _normalised(self, planes: Any) -> Any:
        return (planes - self._mean) / self._std

    def _resized(self, planes: Any) -> Any:
        """As Pillow does it: along the rows, then the columns, each time rounded to whole values 0…255, a
        half upwards."""
        if planes.shape[2:] == self.size:
            return planes
        wide = (planes.to(self._across.dtype) @ self._across + 0.5).floor().clamp(0, 255)
        return (self._down @ wide + 0.5).floor().clamp(0, 255).float()

    def _cornered(self, planes: Any) -> Any:
        """As ZoeDepth does it: mirrored at the borders, then resized from corner to corner."""
        top, left = padding(*planes.shape[2:])
        mirrored = self._torch.nn.functional.pad(planes, (left, left, top, top), mode="reflect")
        return self._torch.nn.functional.interpolate(
            mirrored, self.size, mode=self._feeding.resample, align_corners=True
        )

    def _stretched(self, planes: Any, size: Size, mode: str = "bilinear") -> Any:
        return self._torch.nn.functional.interpolate(planes, size, mode=mode, align_corners=False)

    def _nearness(self, answer: Any, size: Size) -> Any:
        """The network's answer [1, rows, columns] of its own size → relative inverse depth [*size]."""
        planes = answer[None]
        if self.family.pads:
            top, left = padding(*size)
            whole = self._stretched(planes, (size[0] + 2 * top, size[1] + 2 * left), "bicubic")
            planes = whole[..., top : top + size[0], left : left + size[1]]
        else:
            planes = self._stretched(planes, size, "bilinear" if self.family.last else "bicubic")
        return inverse(planes[0, 0], self.family)


def inverse(answer: Any, family: Family) -> Any:
    """Greater = nearer, of what a family answers."""
    if family.answers == "metres":
        return 1 / answer.clamp(min=NEAREST)
    if family.answers == "prompted":
        return 1 / (PROMPT_FROM + (PROMPT_TO - PROMPT_FROM) * answer.clamp(0, 1))
    return answer


def require_torch(model: str) -> None:
    """Raises CannotWork where a network of transformers cannot run for want of a package."""
    missing = [name for name in ("torch", "transformers") if importlib.util.find_spec(name) is None]
    if missing:
        raise CannotWork(
            f"depth.model: {model} runs in torch, and {' and '.join(missing)} is not installed here; "
            f"install it with `{INSTALL}`"
        )


def read_json(file: Path) -> Any:
    """A JSON file of a network's folder. Raises CannotWork."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CannotWork(f"depth.model: {file} cannot be read: {error}; download the network anew") from error


def load(folder: Path, precision: Any) -> Any:
    """The network as transformers builds it. Nothing is fetched, no code of the folder runs, and weights come
    from .safetensors, or from a .bin by torch.load(weights_only=True). Raises CannotWork."""
    from safetensors import SafetensorError
    from transformers import AutoModelForDepthEstimation
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # the log is no terminal
    failures = OSError, ValueError, RuntimeError, KeyError, ImportError, UnpicklingError, SafetensorError
    try:
        network, told = AutoModelForDepthEstimation.from_pretrained(
            folder,
            dtype=precision,
            local_files_only=True,
            trust_remote_code=False,
            weights_only=True,
            output_loading_info=True,
        )
    except failures as error:
        raise CannotWork(
            f"depth.model: {folder} is not a network that transformers builds: {error}"
        ) from error
    missing = sorted(told["missing_keys"])
    if len(missing) > MISSING * len(network.state_dict()):
        raise CannotWork(
            f"depth.model: {folder} has no weights for {len(missing)} of its network's "
            f"{len(network.state_dict())} parts ({missing[0]} …): another network's; download it anew"
        )
    if missing:
        log.warning("%s has no weights for %s; it runs without", folder, ", ".join(missing))
    return network
