"""Which device and which option a network gets. What is not here is stood in for at one seam: what
onnxruntime says it has, and the session that it opens, whose signatures are held against the real ones."""

import inspect
import logging
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnxruntime
import pytest
from onnxruntime.capi.onnxruntime_pybind11_state import EPFail

from tests.workers.one_process import patient_host
from workers.depth import Settings, _options
from workers.depth._devices import (
    COMPILE,
    OPTIONS,
    PACKAGES,
    PREFERRED,
    PROVIDERS,
    TORCHES,
    check_option,
    choose_onnx,
    choose_torch,
    torch_devices,
    wants_half,
)
from workers.depth._manifest import BUILT_IN
from workers.depth._models import find
from workers.depth._onnx_network import OnnxNetwork
from workers.depth._options import times
from workers.worker import CannotWork, Host

pytestmark = pytest.mark.timeout(60)
SIZE = (64, 96)
CPU = "CPUExecutionProvider"
REAL = onnxruntime.InferenceSession


@pytest.fixture
def built() -> list[str]:
    """What the supervisor was asked to be patient for."""
    return []


@pytest.fixture
def host(built: list[str]) -> Host:
    return patient_host(built)


class Session:
    """A session on the processor that says it runs on the provider that was asked for. `off` is by
    how much of the range its answer differs; `starts` is False where the provider's hardware is not here."""

    def __init__(self, path: Any, *rest: Any, off: float, starts: bool, **more: Any) -> None:
        given = inspect.signature(REAL.__init__).bind(self, path, *rest, **more).arguments
        self.providers = [entry if isinstance(entry, str) else entry[0] for entry in given["providers"]]
        self.told = dict(entry for entry in given["providers"] if not isinstance(entry, str))
        if not starts and self.providers[0] != CPU:
            self.providers = [CPU]
        self.real = REAL(path, given["sess_options"], providers=[CPU])
        self.off = off if self.providers[0] != CPU else 0.0

    def get_providers(self) -> list[str]:
        return self.providers

    def get_inputs(self) -> Any:
        return self.real.get_inputs()

    def disable_fallback(self) -> None:
        self.real.disable_fallback()

    def run(self, names: Any, inputs: Any) -> Any:
        (found,) = self.real.run(names, inputs)
        return [found + self.off * np.ptp(found)]


Machine = Callable[..., list[Session]]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    """One whose onnxruntime has these providers; gives the sessions as they are opened."""

    def be(*providers: str, quicker: bool = True, off: float = 0.0, starts: bool = True) -> list[Session]:
        opened: list[Session] = []

        def session(*given: Any, **more: Any) -> Session:
            opened.append(Session(*given, off=off, starts=starts, **more))
            return opened[-1]

        monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [*providers, CPU])
        monkeypatch.setattr(onnxruntime, "InferenceSession", session)
        spent = (9.0, 4.0) if quicker else (4.0, 9.0)
        monkeypatch.setattr(_options, "times", lambda one, other: (one(), other(), spent)[2])
        return opened

    return be


def network(host: Host, device: str = "auto", option: str = "none", half: str = "auto") -> OnnxNetwork:
    return OnnxNetwork(find(BUILT_IN), BUILT_IN, SIZE, device, option, half, host)


def answer(network: OnnxNetwork) -> Any:
    found = np.empty(SIZE, np.float32)
    network(np.random.default_rng(0).integers(0, 256, (*SIZE, 3), dtype=np.uint8), found)
    return found


# Names ----------------------------------------------------------------------------------------------------


def test_contract_every_provider_is_one_that_onnxruntime_knows() -> None:
    named = {*PROVIDERS.values(), *OPTIONS.values(), *PACKAGES}
    assert named <= set(onnxruntime.get_all_providers())


def test_contract_the_settings_name_exactly_what_there_is() -> None:
    kinds = inspect.get_annotations(Settings)
    assert (
        set(kinds["device"].__args__)
        == {"auto", *PREFERRED}
        == {"auto", *PROVIDERS}
        == {"auto", "cpu", *TORCHES}
    )
    assert set(kinds["option"].__args__) == {"none", COMPILE, *OPTIONS}
    assert set(kinds["half"].__args__) == {"auto", "always", "never"}


# Devices --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("providers", "device"),
    [
        ([CPU], "cpu"),
        (["AzureExecutionProvider", CPU], "cpu"),
        (["CUDAExecutionProvider", CPU], "cuda"),
        (["TensorrtExecutionProvider", "CUDAExecutionProvider", CPU], "cuda"),
        (["MIGraphXExecutionProvider", CPU], "rocm"),
        (["CoreMLExecutionProvider", CPU], "mps"),
        (["DmlExecutionProvider", CPU], "directml"),
        (["OpenVINOExecutionProvider", CPU], "cpu"),
    ],
    ids=str,
)
def test_contract_auto_takes_the_best_that_onnxruntime_has(providers: list[str], device: str) -> None:
    choice = choose_onnx("auto", providers)
    assert choice.device == device
    assert choice.why


def test_contract_openvino_is_taken_for_xpu_only_if_somebody_says_so() -> None:
    assert choose_onnx("xpu", ["OpenVINOExecutionProvider", CPU]).device == "xpu"


@pytest.mark.parametrize("device", [device for device in PREFERRED if device != "cpu"])
def test_contract_a_device_that_is_not_here_is_an_error_that_says_what_it_takes(device: str) -> None:
    with pytest.raises(CannotWork) as caught:
        choose_onnx(device, [CPU])
    assert f"depth.device: onnxruntime finds no {device} on this machine, only cpu" in str(caught.value)
    assert PACKAGES[PROVIDERS[device]] in str(caught.value)
    with pytest.raises(CannotWork) as caught:
        choose_torch(device, ["cpu"])
    assert f"depth.device: torch finds no {device} on this machine, only cpu" in str(caught.value)
    assert TORCHES[device] in str(caught.value)


@pytest.mark.parametrize(
    ("cuda", "hip", "xpu", "mps", "device"),
    [
        (False, None, False, False, "cpu"),
        (True, None, False, False, "cuda"),
        (True, "6.4", False, False, "rocm"),
        (False, None, True, False, "xpu"),
        (False, None, False, True, "mps"),
    ],
)
def test_contract_torch_is_asked_what_it_has(cuda: bool, hip: Any, xpu: bool, mps: bool, device: str) -> None:
    stand_in = SimpleNamespace(
        cuda=SimpleNamespace(is_available=lambda: cuda),
        version=SimpleNamespace(hip=hip),
        xpu=SimpleNamespace(is_available=lambda: xpu),
        backends=SimpleNamespace(mps=SimpleNamespace(is_available=lambda: mps)),
    )
    assert choose_torch("auto", torch_devices(stand_in)).device == device


def test_contract_the_real_torch_answers_what_it_is_asked() -> None:
    torch = pytest.importorskip("torch")
    assert "cpu" in torch_devices(torch)


def test_contract_half_precision_is_for_devices_that_do_it_right() -> None:
    assert [device for device in PREFERRED if wants_half("auto", device)] == ["cuda", "rocm", "xpu"]
    assert wants_half("always", "cpu")
    assert not wants_half("never", "cuda")


def test_contract_a_provider_without_its_hardware_leaves_the_cpu_if_nobody_asked_for_it(
    host: Host, machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    machine("CUDAExecutionProvider", starts=False)
    assert network(host).choice.device == "cpu"
    assert "not on cuda: " in caplog.text
    with pytest.raises(
        CannotWork, match=r"CUDAExecutionProvider, but cannot start it here.*--set depth\.device=cpu"
    ):
        network(host, "cuda")


class Dead:
    """What is behind a real session, once its device is gone."""

    def __init__(self, alive: Any) -> None:
        self.alive = alive

    def __getattr__(self, name: str) -> Any:
        return getattr(self.alive, name)

    def run(self, *given: Any) -> Any:
        raise EPFail("the device is gone")


def test_contract_a_device_that_fails_later_is_said_and_left_if_nobody_asked_for_it(
    host: Host, machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    opened = machine("CUDAExecutionProvider")
    running = network(host)
    opened[0].real._sess = Dead(opened[0].real._sess)
    assert np.isfinite(answer(running)).all()
    assert (running.choice.device, opened[1].providers) == ("cpu", [CPU])
    assert "not on cuda: the device is gone" in caplog.text
    asked_for = network(host, "cuda")
    opened[2].real._sess = Dead(opened[2].real._sess)
    with pytest.raises(EPFail):
        answer(asked_for)


# Options --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("option", OPTIONS)
def test_contract_an_option_that_is_not_installed_is_an_error_with_what_to_install(option: str) -> None:
    with pytest.raises(CannotWork) as caught:
        check_option(option, [CPU])
    assert f"depth.option: {option} is not in the onnxruntime that is installed" in str(caught.value)
    assert PACKAGES[OPTIONS[option]] in str(caught.value)


@pytest.mark.parametrize("option", OPTIONS)
def test_contract_an_option_that_is_quicker_is_kept_and_said(
    host: Host, machine: Machine, built: list[str], caplog: pytest.LogCaptureFixture, option: str
) -> None:
    caplog.set_level(logging.INFO)
    opened = machine(OPTIONS[option])
    running = network(host, "cpu", option)
    assert f"{option} takes 4.0 ms, plain 9.0 ms: kept" in caplog.text
    assert running._session is opened[1]
    assert opened[1].providers == [OPTIONS[option], CPU]
    assert built == [f"loading {BUILT_IN}", f"building {BUILT_IN} for {option}"]


def test_contract_an_option_that_is_slower_is_not_kept_and_said(
    host: Host, machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    opened = machine("OpenVINOExecutionProvider", quicker=False)
    assert network(host, "cpu", "openvino")._session is opened[0]
    assert "openvino takes 9.0 ms, plain 4.0 ms: not kept" in caplog.text


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"off": 0.2}, "its answer is off by 20% of the range"),
        ({"off": float("nan")}, "its answer is off by nan%"),
    ],
    ids=str,
)
def test_contract_an_option_that_answers_otherwise_is_not_kept(
    host: Host, machine: Machine, caplog: pytest.LogCaptureFixture, how: Any, said: str
) -> None:
    opened = machine("OpenVINOExecutionProvider", **how)
    assert network(host, "cpu", "openvino")._session is opened[0]
    assert said in caplog.text
    assert f"{BUILT_IN} goes on without openvino" in caplog.text


def test_contract_an_option_that_does_not_start_is_said_and_plain_runs(
    host: Host, machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    opened = machine("TensorrtExecutionProvider", starts=False)
    running = network(host, "cpu", "tensorrt")
    assert running._session is opened[0]
    assert "onnxruntime has TensorrtExecutionProvider but could not start it" in caplog.text
    assert np.isfinite(answer(running)).all()


def test_contract_an_option_that_throws_is_said_and_plain_runs(
    host: Host, machine: Machine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    machine("CoreMLExecutionProvider")
    opening = onnxruntime.InferenceSession

    def session(*given: Any, **more: Any) -> Any:
        if more["providers"][0][0] != CPU:
            raise RuntimeError("no kernel")
        return opening(*given, **more)

    monkeypatch.setattr(onnxruntime, "InferenceSession", session)
    assert np.isfinite(answer(network(host, "cpu", "coreml"))).all()
    assert f"coreml cannot run {BUILT_IN}, which goes on without: no kernel" in caplog.text


def test_contract_openvino_is_told_to_take_the_gpu_and_not_the_processor(
    host: Host, machine: Machine
) -> None:
    opened = machine("OpenVINOExecutionProvider")
    network(host, "xpu")
    assert opened[0].told == {"OpenVINOExecutionProvider": {"device_type": "GPU"}}


def test_contract_tensorrt_keeps_its_engines_and_heeds_depth_half(
    host: Host, machine: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    opened = machine("TensorrtExecutionProvider", "CUDAExecutionProvider")
    network(host, "cuda", "tensorrt", half="never")
    told = opened[1].told["TensorrtExecutionProvider"]
    assert told["trt_fp16_enable"] is False
    assert told["trt_engine_cache_enable"] is True
    assert Path(told["trt_engine_cache_path"]).is_dir()


def test_an_option_that_is_the_device_s_own_is_not_measured_against_itself(
    host: Host, machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    assert len(machine("CUDAExecutionProvider")) == 0
    network(host, "cuda", "cuda")
    assert "cuda is what cuda runs with anyway" in caplog.text


def test_the_times_are_those_of_each() -> None:
    import time

    quick, slow = times(lambda: time.sleep(0.001), lambda: time.sleep(0.004))
    assert 1 <= quick < slow
    assert slow >= 4


# Nothing stood in for --------------------------------------------------------------------------------------


def test_contract_the_real_onnxruntime_runs_the_built_in_network_here(host: Host) -> None:
    running = network(host)
    assert running.choice.device in PREFERRED
    found = answer(running)
    assert found.min() >= 0
    assert found.std() > 0


@pytest.mark.skipif(
    "OpenVINOExecutionProvider" not in onnxruntime.get_available_providers(),
    reason="this onnxruntime has no OpenVINO (pip install onnxruntime-openvino)",
)
def test_contract_the_real_openvino_is_measured(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    network(host, "cpu", "openvino")
    assert "depth.option: openvino takes " in caplog.text
    if not list(Path("/dev/dri").glob("renderD*")):
        with pytest.raises(CannotWork):
            network(host, "xpu")
