"""Which build of torch this machine gets, if any: by what the system's own places say, before anything is
installed, or by STEREORING_TORCH. The built-in network needs none."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

VARIABLE = "STEREORING_TORCH"
INDEXES = {  # where PyTorch's builds for each are; these have the version that requirements/torch.txt locks
    "cuda": "https://download.pytorch.org/whl/cu126",
    "cuda13": "https://download.pytorch.org/whl/cu130",
    "rocm": "https://download.pytorch.org/whl/rocm7.2",
    "xpu": "https://download.pytorch.org/whl/xpu",
    "cpu": "https://download.pytorch.org/whl/cpu",
}
WISHES = (*INDEXES, "mps", "directml", "none")
NVIDIA = ("proc/driver/nvidia/version", "usr/lib/wsl/lib/nvidia-smi", "Windows/System32/nvidia-smi.exe")
ASK_NVIDIA = ("usr/bin/nvidia-smi", "usr/lib/wsl/lib/nvidia-smi", "Windows/System32/nvidia-smi.exe")
CAPABILITY = "--query-gpu=compute_cap", "--format=csv,noheader"
# The builds for CUDA 12.6 have kernels for compute capabilities 5.0 to 9.0, those for 13.0 from 7.5 on
# (pytorch/pytorch, RELEASE.md, for 2.13): no build is for all.
BLACKWELL = 10.0
# Those that torch's build for ROCm 7.2 has kernels for, as Linux numbers them: gfx1030 is 10 03 00.
AMD_GPUS = {90000, 90006, 90008, 90010, 90402, 90500, 100300}
AMD_GPUS |= {110000, 110001, 110002, 110500, 110501, 120000, 120001}


class Build(NamedTuple):
    """One of `WISHES`, and why it is that one. `wished`: the user said so."""

    name: str
    why: str
    wished: bool = False


def build_for(system: str, machine: str, root: Path, wish: str) -> Build:
    """`system` is sys.platform, `machine` platform.machine(), `root` the root of the file system, `wish` what
    the user says, empty for nothing. Raises ValueError for a wish that cannot be met."""
    if wish:
        _check(wish, system, machine)
        return Build(_for_cuda(root) if wish == "cuda" else wish, f"{VARIABLE} says so", wished=True)
    if (sign := next((name for name in NVIDIA if (root / name).exists()), None)) is not None:
        return Build(_for_cuda(root), f"NVIDIA's driver is here ({root / sign})")
    if system == "linux" and (gpu := next(_amd_gpus(root), None)) is not None:
        return Build("rocm", f"AMD's driver has a GPU that torch knows ({gpu})")
    if system == "linux" and (gpu := next(_intel_gpus(root), None)) is not None:
        return Build("xpu", f"Intel's driver xe has a GPU ({gpu})")
    if (system, machine) == ("darwin", "arm64"):
        return Build("mps", "this is a Mac with Apple's own processor")
    if system == "win32":
        return Build(
            "none", "onnxruntime runs the built-in network on any GPU through DirectML, without torch"
        )
    return Build("none", "there is no GPU that it would run on")


def commands(build: Build, locks: Path) -> Iterator[list[str]]:
    """What pip is told, one after the other; `locks` is the folder of the locked requirements. The build
    comes first, by its full name: PyPI has another, of gigabytes, under the same version."""
    if build.name == "directml":
        yield ["install", "-r", str(locks / "directml.txt")]
        return
    yield ["install", "-r", str(locks / "run.txt")]
    if build.name in INDEXES:
        index = INDEXES[build.name]
        yield ["install", f"{_locked_torch(locks)}+{index.rpartition('/')[2]}", "--index-url", index]
    if build.name != "none":
        yield ["install", "-r", str(locks / "torch.txt")]


def folder(build: Build) -> str:
    """Of the environment: DirectML's torch is another version, with other packages beside it."""
    return ".venv-directml" if build.name == "directml" else ".venv"


def wish() -> str:
    """As the environment says."""
    return os.environ.get(VARIABLE, "").strip().lower()


def _check(wish: str, system: str, machine: str) -> None:
    if wish not in WISHES:
        raise ValueError(f"{VARIABLE}={wish}: is none of {', '.join(WISHES)}")
    if wish == "directml" and (system, machine) != ("win32", "AMD64"):
        raise ValueError(f"{VARIABLE}=directml: is for 64-bit Windows on Intel's and AMD's processors")
    if (wish == "mps") != (system == "darwin") and wish != "none":
        raise ValueError(f"{VARIABLE}={wish}: there is no such torch for {system}")
    if wish == "rocm" and system != "linux":
        raise ValueError(f"{VARIABLE}=rocm: PyTorch has it for Linux only; on Windows take directml")


def _locked_torch(locks: Path) -> str:
    lines = (locks / "torch.txt").read_text().splitlines()
    return next(line for line in lines if line.startswith("torch=="))


def _for_cuda(root: Path) -> str:
    return "cuda13" if max(_nvidia_gpus(root), default=0.0) >= BLACKWELL else "cuda"


def _nvidia_gpus(root: Path) -> Iterator[float]:
    """Their compute capabilities, as far as the driver's own program tells them."""
    for program in (root / name for name in ASK_NVIDIA):
        if not program.exists():
            continue
        try:
            done = subprocess.run(
                [program, *CAPABILITY], capture_output=True, text=True, check=False, timeout=60
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        for line in done.stdout.splitlines():
            if line.strip().replace(".", "", 1).isdigit():  # an old driver answers with a sentence
                yield float(line)


def _amd_gpus(root: Path) -> Iterator[Path]:
    if not (root / "dev/kfd").exists():
        return
    for properties in sorted(root.glob("sys/class/kfd/kfd/topology/nodes/*/properties")):
        told = dict(line.split(maxsplit=1) for line in properties.read_text().splitlines() if " " in line)
        if int(told.get("gfx_target_version", 0)) in AMD_GPUS:
            yield properties


def _intel_gpus(root: Path) -> Iterator[Path]:
    """Those of the driver xe, Arc and newer; older ones of the driver i915 are too slow to be worth 3 GB."""
    for driver in sorted(root.glob("sys/class/drm/renderD*/device/driver")):
        if driver.resolve().name == "xe":
            yield driver
