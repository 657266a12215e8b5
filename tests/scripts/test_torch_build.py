"""Which torch a machine gets, by the very files that are looked at, under a root of its own."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.torch_build import INDEXES, VARIABLE, WISHES, Build, build_for, commands, folder
from tests.pipeline.running import REPO

pytestmark = pytest.mark.timeout(200)
LOCKS = REPO / "requirements"
WINDOWS, LINUX, MAC = ("win32", "AMD64"), ("linux", "x86_64"), ("darwin", "arm64")


def touch(file: Path, text: str = "") -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def with_amd(root: Path, version: int) -> None:
    nodes = root / "sys/class/kfd/kfd/topology/nodes"
    touch(root / "dev/kfd")
    touch(nodes / "0/properties", "cpu_cores_count 16\ngfx_target_version 0\n")
    touch(nodes / "1/properties", f"simd_count 96\ngfx_target_version {version}\n")


def with_intel(root: Path, driver: str) -> None:
    drivers = root / "sys/bus/pci/drivers" / driver
    drivers.mkdir(parents=True)
    device = root / "sys/class/drm/renderD128/device"
    device.mkdir(parents=True)
    (device / "driver").symlink_to(drivers)


def test_contract_without_a_gpu_there_is_no_torch_and_nothing_more_than_before(tmp_path: Path) -> None:
    build = build_for(*LINUX, tmp_path, "")
    assert build.name == "none"
    assert list(commands(build, LOCKS)) == [["install", "-r", str(LOCKS / "run.txt")]]
    assert folder(build) == ".venv"


@pytest.mark.parametrize(
    ("system", "sign"),
    [
        (LINUX, "proc/driver/nvidia/version"),
        (LINUX, "usr/lib/wsl/lib/nvidia-smi"),
        (WINDOWS, "Windows/System32/nvidia-smi.exe"),
    ],
)
def test_contract_nvidia_s_driver_gets_the_build_for_cuda(
    tmp_path: Path, system: tuple[str, str], sign: str
) -> None:
    touch(tmp_path / sign)
    build = build_for(*system, tmp_path, "")
    assert build.name == "cuda"
    assert sign in build.why
    _, torch, rest = commands(build, LOCKS)
    assert re.fullmatch(r"torch==[\d.]+\+cu126", torch[1])
    assert torch[2:] == ["--index-url", INDEXES["cuda"]]
    assert rest == ["install", "-r", str(LOCKS / "torch.txt")]


@pytest.mark.skipif(sys.platform == "win32", reason="nvidia-smi is a shell script here")
@pytest.mark.parametrize(
    ("told", "name"),
    [
        ("8.9", "cuda"),
        ("9.0", "cuda"),
        ("12.0", "cuda13"),
        ("8.6\n12.1", "cuda13"),
        ("[N/A]", "cuda"),
        ('Field "compute_cap" is not a valid field to query.', "cuda"),
        ("", "cuda"),
    ],
)
def test_contract_gpus_that_cuda_12_s_build_has_no_kernels_for_get_that_for_13(
    tmp_path: Path, told: str, name: str
) -> None:
    """As an RTX 50: torch finds the GPU with the other build, too, and fails with the first kernel."""
    asked = tmp_path / "usr/bin/nvidia-smi"
    touch(tmp_path / "proc/driver/nvidia/version")
    touch(asked, f"#!/bin/sh\necho '{told}'\n")
    asked.chmod(0o700)
    for wish in ("", "cuda"):
        build = build_for(*LINUX, tmp_path, wish)
        assert build.name == name
        torch = list(commands(build, LOCKS))[1]
        assert torch[1].endswith("+cu130" if name == "cuda13" else "+cu126")


@pytest.mark.parametrize(("version", "name"), [(110000, "rocm"), (90010, "rocm"), (90012, "none")])
def test_contract_amd_s_gpus_get_the_build_for_rocm_if_it_knows_them(
    tmp_path: Path, version: int, name: str
) -> None:
    with_amd(tmp_path, version)
    assert build_for(*LINUX, tmp_path, "").name == name


@pytest.mark.parametrize(("driver", "name"), [("xe", "xpu"), ("i915", "none"), ("amdgpu", "none")])
def test_contract_intel_s_gpus_get_the_build_for_xpu_if_they_are_new(
    tmp_path: Path, driver: str, name: str
) -> None:
    with_intel(tmp_path, driver)
    assert build_for(*LINUX, tmp_path, "").name == name


def test_contract_a_mac_of_apple_s_own_gets_the_usual_torch(tmp_path: Path) -> None:
    build = build_for(*MAC, tmp_path, "")
    assert build.name == "mps"
    assert [command[2] for command in commands(build, LOCKS)] == [
        str(LOCKS / "run.txt"),
        str(LOCKS / "torch.txt"),
    ]
    assert build_for("darwin", "x86_64", tmp_path, "").name == "none"


def test_contract_other_gpus_of_windows_are_onnxruntime_s(tmp_path: Path) -> None:
    build = build_for(*WINDOWS, tmp_path, "")
    assert build.name == "none"
    assert "DirectML" in build.why
    lines = (LOCKS / "run.txt").read_text().splitlines()
    elsewhere, there = (
        next(line for line in lines if line.startswith(name))
        for name in ("onnxruntime==", "onnxruntime-directml==")
    )
    assert elsewhere.endswith('; sys_platform != "win32" or platform_machine != "AMD64"')
    assert there.endswith('; sys_platform == "win32" and platform_machine == "AMD64"')


MET_ON = {
    "cuda": {"linux", "win32"},
    "cuda13": {"linux", "win32"},
    "rocm": {"linux"},
    "xpu": {"linux", "win32"},
    "cpu": {"linux", "win32"},
    "mps": {"darwin"},
    "directml": {"win32"},
    "none": {"linux", "win32", "darwin"},
}


@pytest.mark.parametrize("wish", WISHES)
@pytest.mark.parametrize("system", [LINUX, WINDOWS, MAC], ids=lambda system: system[0])
def test_contract_what_the_user_says_is_done_or_refused(
    tmp_path: Path, system: tuple[str, str], wish: str
) -> None:
    touch(tmp_path / "proc/driver/nvidia/version")
    if system[0] in MET_ON[wish]:
        assert build_for(*system, tmp_path, wish) == Build(wish, f"{VARIABLE} says so", wished=True)
        return
    with pytest.raises(ValueError, match=f"{VARIABLE}={wish}: "):
        build_for(*system, tmp_path, wish)


def test_contract_a_wish_that_is_none_of_them_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"{VARIABLE}=vulkan: is none of cuda, cuda13, rocm, xpu, cpu, mps"):
        build_for(*LINUX, tmp_path, "vulkan")


def test_contract_directml_has_an_environment_and_a_lock_of_its_own() -> None:
    build = Build("directml", "")
    assert folder(build) == ".venv-directml"
    assert list(commands(build, LOCKS)) == [["install", "-r", str(LOCKS / "directml.txt")]]
    locked = dict(line.split("==") for line in (LOCKS / "directml.txt").read_text().splitlines()[1:])
    assert locked["torch"] == "2.4.1"
    assert locked["transformers"].startswith("4.57.")
    assert {"torch-directml", "onnxruntime-directml", "windows-capture"} <= set(locked)
    assert not {"onnxruntime"} & set(locked)


def dry_run(command: list[str]) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "pip", *command, "--dry-run", "--quiet"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PIP_DISABLE_PIP_VERSION_CHECK": "1"},
    )
    return "" if done.returncode == 0 else done.stderr


@pytest.mark.parametrize("number", [0, 1, 2], ids=["run", "torch", "rest"])
def test_contract_pip_takes_every_command_for_the_processor(number: int) -> None:
    command = list(commands(Build("cpu", ""), LOCKS))[number]
    if "--index-url" in command:
        _skip_unless_known("download.pytorch.org")
    assert dry_run(command) == ""


def _skip_unless_known(host: str) -> None:
    try:
        socket.getaddrinfo(host, 443)
    except OSError:
        pytest.skip(f"{host} cannot be reached from here")
