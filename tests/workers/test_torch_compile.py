"""torch.compile for real, on the processor, with a small network in the files of a real one."""

import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers", reason="transformers is not installed")

from tests.pipeline.running import REPO
from tests.workers.checkpoints import write
from tests.workers.one_process import patient_host
from workers.depth import _options
from workers.depth._torch_network import TorchNetwork
from workers.worker import CannotWork, Host

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(not shutil.which("g++"), reason="there is no C++ compiler (g++)"),
]
SIZE = (28, 56)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compiled") / "anything"
    write("depth-anything", folder)
    return folder


@pytest.fixture
def built() -> list[str]:
    """What the supervisor was asked to be patient for."""
    return []


@pytest.fixture
def host(built: list[str]) -> Host:
    return patient_host(built)


def answer(network: TorchNetwork) -> Any:
    found = np.empty(SIZE, np.float32)
    network(np.random.default_rng(1).integers(0, 256, (*SIZE, 3), dtype=np.uint8), found)
    return found


def load(folder: Path, option: str, host: Host) -> TorchNetwork:
    return TorchNetwork(folder, SIZE, "cpu", option, "auto", host)


def said_under(folder: Path, cache: Path, **environment: str) -> str:
    """What the network says, in a process of its own, in which `environment` holds: torch looks for a
    compiler once."""
    script = (
        "import logging, sys; from contextlib import nullcontext; from pathlib import Path\n"
        "from workers.depth._torch_network import TorchNetwork; from workers.worker import CannotWork, Host\n"
        "logging.basicConfig(level=logging.INFO, stream=sys.stdout)\n"
        "host = Host(lambda what, limit: nullcontext(), print, 1)\n"
        f"try: print(TorchNetwork(Path({str(folder)!r}), {SIZE}, 'cpu', 'compile', 'auto', host).option)\n"
        "except CannotWork as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=REPO,
        env=os.environ | {"XDG_CACHE_HOME": str(cache), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    return done.stdout + done.stderr


@pytest.mark.long
def test_contract_it_is_built_once_measured_and_kept_only_where_it_is_quicker(
    folder: Path,
    host: Host,
    built: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("TORCHINDUCTOR_CACHE_DIR", raising=False)
    cache = tmp_path / "stereoring" / "models" / "compiled"
    plain = answer(load(folder, "none", host))

    monkeypatch.setattr(_options, "times", lambda one, other: (9.0, 4.0))
    quicker = load(folder, "compile", host)
    assert quicker.option == "compile"
    assert "depth.option: compile takes 4.0 ms, plain 9.0 ms: kept" in caplog.text
    assert "building anything for compile" in built
    assert np.abs(answer(quicker) - plain).max() < 1e-3 * np.ptp(plain)
    kernels = set(cache.rglob("*.so"))
    assert kernels, "what was built is kept"

    monkeypatch.setattr(_options, "times", lambda one, other: (4.0, 9.0))
    slower = load(folder, "compile", host)
    assert slower.option == "none"
    assert "depth.option: compile takes 9.0 ms, plain 4.0 ms: not kept" in caplog.text
    assert (answer(slower) == plain).all()
    assert set(cache.rglob("*.so")) == kernels, "it is not built again"


@pytest.mark.long
def test_contract_without_a_c_compiler_it_says_what_to_install(folder: Path, tmp_path: Path) -> None:
    said = said_under(folder, tmp_path, PATH=str(tmp_path))
    assert "depth.option: torch.compile needs a C++ compiler and finds none" in said
    assert "apt install g++" in said


@pytest.mark.long
def test_contract_a_compiler_that_fails_is_said_and_plain_runs(folder: Path, tmp_path: Path) -> None:
    broken = tmp_path / "g++"
    broken.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && echo "g++ 12.2.0" && exit 0\necho no room; exit 1\n'
    )
    broken.chmod(0o700)
    said = said_under(folder, tmp_path, PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert "depth.option: compile cannot run anything, which goes on without: " in said
    assert said.rstrip().endswith("none")


def test_contract_onnx_networks_refuse_it(host: Host) -> None:
    from workers.depth._manifest import BUILT_IN
    from workers.depth._models import find
    from workers.depth._onnx_network import OnnxNetwork

    with pytest.raises(CannotWork, match=r"depth\.option: compile is torch\.compile, for networks in torch"):
        OnnxNetwork(find(BUILT_IN), BUILT_IN, (64, 96), "cpu", "compile", "auto", host)
