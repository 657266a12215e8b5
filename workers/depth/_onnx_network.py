"""A depth network in ONNX, through onnxruntime: on a device, and with an option that has to prove itself."""

import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as status

from workers.depth._devices import OPTIONS, PROVIDERS, Choice, check_option, choose_onnx
from workers.depth._families import Size
from workers.depth._options import BUILD_LIMIT, NONE, proves_itself
from workers.models import cache_folder, for_onnxruntime
from workers.worker import CannotWork, Host

LOAD_LIMIT = 600  # seconds
LARGEST_PATCH = 32  # pixels
ON_GPU = {"device_type": "GPU"}  # OpenVINO takes the processor unless it is told
# onnxruntime has an exception class for each of its status codes, and none above them.
FAILURES: tuple[type[Exception], ...] = (
    *(kind for kind in vars(status).values() if isinstance(kind, type) and issubclass(kind, Exception)),
    RuntimeError,
    ValueError,
)
log = logging.getLogger(__name__)


class OnnxNetwork:
    """Call it with a picture uint8[rows, columns, 3] RGB and float32[rows, columns] to fill with relative
    inverse depth, greater = nearer. `choice` is what it runs on, `size` the rows and columns that the network
    itself gets, `option` the option that it runs with."""

    def __init__(
        self, path: Path, name: str, size: Size, device: str, option: str, half: str, host: Host
    ) -> None:
        """Raises CannotWork."""
        self._path, self._name, self._wanted, self._host = path, name, size, host
        self._may_give_way = device == "auto"
        available = onnxruntime.get_available_providers()
        self.choice: Choice = choose_onnx(device, available)
        self.option = NONE
        with host.busy(f"loading {name}", limit=LOAD_LIMIT):
            self._session = self._plain()
        if option != NONE:
            self._try(option, check_option(option, available), half)

    def __call__(self, picture: npt.NDArray[np.uint8], found: npt.NDArray[np.float32]) -> None:
        np.copyto(self._batch[0], _resized(picture, self.size).transpose(2, 0, 1))
        try:
            answer = self._answer(self._session)
        except FAILURES as error:  # the driver was replaced, the GPU fell asleep for good
            if not self._may_give_way or self.choice.device == "cpu":
                raise
            with self._host.busy(f"loading {self._name}", limit=LOAD_LIMIT):
                self._session = self._on_cpu(error)
            self(picture, found)
            return
        found[:] = _resized(answer, (found.shape[0], found.shape[1]))

    def _answer(self, session: Any) -> npt.NDArray[np.float32]:
        """Of a size of its own. Raises CannotWork where it is no map."""
        answer = np.asarray(session.run(None, {self._input: self._batch})[0])
        values = answer.squeeze()
        if values.ndim != 2:
            raise CannotWork(
                f"depth.model: {self._name} answers a picture {list(self._batch.shape)} with "
                f"{list(answer.shape)}; a depth network answers with one map, [rows, columns]"
            )
        return np.asarray(values, np.float32)

    def _plain(self) -> Any:
        """The session without an option. That onnxruntime has a provider does not say that its hardware is
        here; so where nobody asked for a device by name, one that does not start leaves the CPU."""
        try:
            return self._on_device(PROVIDERS[self.choice.device])
        except CannotWork as error:
            if not self._may_give_way or self.choice.device == "cpu":
                raise
            return self._on_cpu(error)

    def _on_cpu(self, error: Exception) -> Any:
        """What its device has failed with is said, and that it goes on without."""
        log.warning("not on %s: %s", self.choice.device, error)
        self.choice, self.option = Choice("cpu", f"{self.choice.device} does not work here"), NONE
        return self._on_device(PROVIDERS["cpu"])

    def _on_device(self, provider: str) -> Any:
        """Raises CannotWork, also where onnxruntime quietly took the CPU instead."""
        try:
            session = self._open(provider, ON_GPU if self.choice.device == "xpu" else {})
        except FAILURES as error:
            raise CannotWork(
                f"depth.model: {self._path} is not a model that onnxruntime reads: {error}"
            ) from error
        if session.get_providers()[0] != provider:
            raise CannotWork(
                f"depth.device: onnxruntime has {provider}, but cannot start it here; it said why. "
                "Install the driver, or take the processor: --set depth.device=cpu"
            )
        self._input, self.size, free = check_input(session, self._name, self._wanted)
        try:
            self._settle(session, free)
        except FAILURES as error:
            rows, columns = self.size
            raise CannotWork(
                f"depth.model: {self._name} cannot work on a picture of {columns} x {rows} on "
                f"{self.choice.device}: {error}. Try another depth.width and depth.height (448 x 224 are "
                "multiples of 14 as well), or --set depth.device=cpu"
            ) from error
        return session

    def _settle(self, session: Any, free: bool) -> None:
        """The first run. A network of patches leaves out what is over at the right and at the bottom; where
        it takes any size it gets one without, for a map of less would be drawn out over the whole."""
        self._batch = np.random.default_rng(0).uniform(0, 255, (1, 3, *self.size)).astype(np.float32)
        rows, columns = self._answer(session).shape
        over = self.size[0] - rows, self.size[1] - columns
        if free and max(over) > 0 and all(0 <= side < LARGEST_PATCH for side in over):
            self.size = rows, columns
            self._settle(session, free=False)

    def _open(self, provider: str, its_options: dict[str, Any]) -> Any:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._host.threads
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        if provider == PROVIDERS["directml"]:  # it can do neither
            options.enable_mem_pattern = False
            options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        providers: list[Any] = [(provider, its_options)]
        if provider != PROVIDERS["cpu"]:
            providers.append(PROVIDERS["cpu"])  # for what the other has no kernel for
        session = onnxruntime.InferenceSession(for_onnxruntime(self._path), options, providers=providers)
        session.disable_fallback()  # or a device that fails later leaves the CPU, and only stdout hears of it
        return session

    def _try(self, option: str, provider: str, half: str) -> None:
        """Keeps the option's session only if it answers the same, sooner."""
        if provider == PROVIDERS[self.choice.device]:
            log.info("depth.option: %s is what %s runs with anyway", option, self.choice.device)
            return
        with self._host.busy(f"building {self._name} for {option}", limit=BUILD_LIMIT):
            try:
                session = self._open(provider, provider_options(option, half))
                if session.get_providers()[0] != provider:
                    raise RuntimeError(f"onnxruntime has {provider} but could not start it")
                self._batch[:] = np.random.default_rng(0).uniform(0, 255, self._batch.shape)
                plain, other = (partial(self._answer, which) for which in (self._session, session))
                kept = proves_itself(option, self._name, plain, other)
            except FAILURES as error:
                log.warning(
                    "depth.option: %s cannot run %s, which goes on without: %s", option, self._name, error
                )
                return
        if kept:
            self._session, self.option = session, option


def provider_options(option: str, half: str) -> dict[str, Any]:
    """What the provider behind an option is told, by its own names. TensorRT keeps its engines, or it would
    build for minutes at each start."""
    if option == "tensorrt":
        engines = cache_folder() / "engines"
        engines.mkdir(parents=True, exist_ok=True)
        return {
            "trt_fp16_enable": half != "never",
            "trt_engine_cache_enable": True,
            "trt_engine_cache_path": str(engines),
        }
    if option == "coreml":
        return {"ModelFormat": "MLProgram"}
    assert option in OPTIONS, f"{option} has no provider"
    return {}


def check_input(session: Any, name: str, wanted: Size) -> tuple[str, Size, bool]:
    """The name of the model's input, the size that it takes, `wanted` if it can, and whether it takes others
    as well. Raises CannotWork when it is no picture that it takes."""
    (entry, *more) = session.get_inputs()
    shape = entry.shape
    if more or len(shape) != 4 or entry.type != "tensor(float)" or not _fit(shape[:2], (1, 3)):
        raise CannotWork(
            f"depth.model: {name} takes {entry.type} {shape}, not tensor(float) [1, 3, rows, columns]; "
            "export it anew for one picture in float32, its channels before its rows"
        )
    rows, columns = (
        axis if isinstance(axis, int) else side for axis, side in zip(shape[2:], wanted, strict=True)
    )
    return str(entry.name), (rows, columns), not any(isinstance(axis, int) for axis in shape[2:])


def _fit(shape: Sequence[Any], wanted: Sequence[int]) -> bool:
    """Whether what a model says of its axes (a number, or a name for any) goes with these numbers."""
    return all(not isinstance(axis, int) or axis == want for axis, want in zip(shape, wanted, strict=True))


def _resized(picture: npt.NDArray[Any], size: Size) -> npt.NDArray[Any]:
    rows, columns = size
    if picture.shape[:2] == (rows, columns):
        return picture
    larger = columns > picture.shape[1]
    return cv2.resize(picture, (columns, rows), interpolation=cv2.INTER_LINEAR if larger else cv2.INTER_AREA)
