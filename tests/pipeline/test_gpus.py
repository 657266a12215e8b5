"""GPUs whose driver answers some questions and not others, with NVIDIA's library stood in for."""

from types import SimpleNamespace
from typing import Any

import pynvml
import pytest

from pipeline.dashboard import _machine
from pipeline.gpus import Gpus
from pipeline.machine import compute_devices, gpu_computes
from tests.workers.test_metrics import AUDIENCE, HOUSE
from workers.sinks._web.metrics import exposition


def no(*about: Any) -> Any:
    raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)


ANSWERS: dict[str, Any] = {
    "nvmlInit": lambda: None,
    "nvmlDeviceGetCount": lambda: 1,
    "nvmlDeviceGetHandleByIndex": lambda number: number,
    "nvmlDeviceGetName": lambda handle: "NVIDIA GB10",
    "nvmlDeviceGetMemoryInfo": lambda handle: SimpleNamespace(used=10**9, total=4 * 10**9),
    "nvmlDeviceGetUtilizationRates": lambda handle: SimpleNamespace(gpu=7),
}


def driver(monkeypatch: pytest.MonkeyPatch, *silent: str) -> None:
    for question, answer in ANSWERS.items():
        monkeypatch.setattr(pynvml, question, no if question in silent else answer)


@pytest.mark.parametrize("silent", ANSWERS)
def test_contract_what_the_driver_does_not_answer_stops_nothing(
    monkeypatch: pytest.MonkeyPatch, silent: str
) -> None:
    driver(monkeypatch, silent)
    there = silent in ("nvmlDeviceGetMemoryInfo", "nvmlDeviceGetUtilizationRates")
    assert gpu_computes() == there
    gpus = Gpus().figures()
    assert len(gpus) == there
    figures = {**AUDIENCE, **HOUSE, "machine": {**HOUSE["machine"], "cores": 2, "gpus": gpus}}
    assert ("GB10" in _machine(figures).plain) == there
    assert exposition(figures)


def test_contract_a_gpu_without_memory_of_its_own_is_listed_without(monkeypatch: pytest.MonkeyPatch) -> None:
    driver(monkeypatch)
    assert compute_devices()[1:] == ["cuda:0: NVIDIA GB10, 4.0 GB"]
    driver(monkeypatch, "nvmlDeviceGetMemoryInfo")
    assert compute_devices()[1:] == ["cuda:0: NVIDIA GB10"]
    (figures,) = Gpus().figures()
    assert (figures["load_percent"], figures["memory_total_mb"]) == (7, None)
