"""What a network can run on: which of it is here, which is taken and why.

onnxruntime and torch each have their own way to ask. An unavailable device that somebody asked for by name is
an error that says what to install; it is never replaced by another.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workers.worker import CannotWork

PREFERRED = ("cuda", "rocm", "xpu", "mps", "directml", "cpu")  # what `auto` takes first

PROVIDERS = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "rocm": "MIGraphXExecutionProvider",  # onnxruntime's ROCm provider ended with 1.22; AMD follows with this
    "xpu": "OpenVINOExecutionProvider",
    "mps": "CoreMLExecutionProvider",
    "directml": "DmlExecutionProvider",
}
OPTIONS = {
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
    "migraphx": "MIGraphXExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "directml": "DmlExecutionProvider",
}
COMPILE = "compile"  # torch.compile, for networks in torch
PACKAGES = {
    "CUDAExecutionProvider": "pip install onnxruntime-gpu in place of onnxruntime",
    "TensorrtExecutionProvider": "pip install onnxruntime-gpu tensorrt-cu12 in place of onnxruntime",
    "MIGraphXExecutionProvider": "install onnxruntime-migraphx (repo.radeon.com) in place of onnxruntime",
    "OpenVINOExecutionProvider": "pip install onnxruntime-openvino in place of onnxruntime",
    "CoreMLExecutionProvider": "only macOS has it; its onnxruntime comes with it",
    "DmlExecutionProvider": "pip install onnxruntime-directml in place of onnxruntime (Windows)",
}
TORCHES = {
    "cuda": "NVIDIA's driver and a torch with CUDA (start with STEREORING_TORCH=cuda scripts/run)",
    "rocm": "AMD's driver and a torch with ROCm (start with STEREORING_TORCH=rocm scripts/run)",
    "xpu": "Intel's driver and a torch with XPU (start with STEREORING_TORCH=xpu scripts/run)",
    "mps": "a Mac with Apple's own processor",
    "directml": "torch-directml (on Windows: set STEREORING_TORCH=directml, then run.bat)",
}
HALVES = (
    "cuda",
    "rocm",
    "xpu",
)  # where half precision is right and quicker; peers had to turn it off elsewhere


@dataclass(frozen=True)
class Choice:
    """A device and why it is that one."""

    device: str
    why: str


def choose(wanted: str, here: Sequence[str], remedies: Mapping[str, str], runs_it: str) -> Choice:
    """One of `here`; `auto` is the first that is preferred. `remedies` says for each what it takes, `runs_it`
    is who runs the network. Raises CannotWork for one that is asked for and not here."""
    if wanted == "auto":
        device = next(device for device in PREFERRED if device in here)
        why = "the best that is here" if device != "cpu" else f"{runs_it} finds nothing else here"
        return Choice(device, why)
    if wanted not in here:
        raise CannotWork(
            f"depth.device: {runs_it} finds no {wanted} on this machine, only {', '.join(here)}; "
            f"it takes {remedies.get(wanted, 'another machine')}"
        )
    return Choice(wanted, "set by depth.device")


def onnx_devices(providers: Sequence[str]) -> list[str]:
    """The devices of the providers that `onnxruntime.get_available_providers()` names."""
    return [device for device, provider in PROVIDERS.items() if provider in providers]


def choose_onnx(wanted: str, providers: Sequence[str]) -> Choice:
    """For a network in onnxruntime. `auto` is not OpenVINO: that its provider is installed does not say that
    there is a GPU of Intel's. Raises CannotWork."""
    here = onnx_devices(providers)
    if wanted == "auto":
        here = [device for device in here if device != "xpu"]
    remedies = {device: PACKAGES.get(provider, "") for device, provider in PROVIDERS.items()}
    return choose(wanted, here, remedies, "onnxruntime")


def check_option(option: str, providers: Sequence[str]) -> str:
    """The provider behind `depth.option`. Raises CannotWork where the installed onnxruntime has it not."""
    if option == COMPILE:
        raise CannotWork(
            f"depth.option: {COMPILE} is torch.compile, for networks in torch, and this one is in ONNX; set "
            f"depth.option to none or to one of onnxruntime's ({', '.join(OPTIONS)})"
        )
    provider = OPTIONS[option]
    if provider not in providers:
        raise CannotWork(
            f"depth.option: {option} is not in the onnxruntime that is installed "
            f"(it has {', '.join(providers)}); {PACKAGES[provider]}"
        )
    return provider


def check_torch_option(option: str, model: str) -> None:
    """Raises CannotWork for one of onnxruntime's."""
    if option in OPTIONS:
        raise CannotWork(
            f"depth.option: {option} is for networks in ONNX, and {model} runs in torch; set depth.option to "
            f"none or to {COMPILE}"
        )


def torch_devices(torch: Any) -> list[str]:
    """What this torch can run on now. A torch for ROCm calls its devices cuda."""
    here = ["cpu"]
    if torch.cuda.is_available():
        here.append("rocm" if torch.version.hip else "cuda")
    if torch.xpu.is_available():
        here.append("xpu")
    if torch.backends.mps.is_available():
        here.append("mps")
    if directml() is not None:
        here.append("directml")
    return here


def directml() -> Any | None:
    """The package torch_directml, None where it is not installed."""
    try:
        import torch_directml
    except ImportError:
        return None
    return torch_directml


def choose_torch(wanted: str, here: Sequence[str]) -> Choice:
    """For a network in torch, of what `torch_devices` found. Raises CannotWork."""
    return choose(wanted, here, TORCHES, "torch")


def torch_device(device: str, torch: Any) -> Any:
    """The torch.device."""
    if device == "directml":
        package = directml()
        assert package is not None, "chosen only where it is installed"
        return package.device()
    return torch.device("cuda" if device == "rocm" else device)


def wants_half(setting: str, device: str) -> bool:
    """`depth.half`, where auto is yes on a GPU that is known to do it right."""
    return device in HALVES if setting == "auto" else setting == "always"
