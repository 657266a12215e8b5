"""torch.compile: an option of networks in torch, which has to prove itself like any other."""

import logging
import os
import subprocess
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from workers.depth._devices import COMPILE
from workers.depth._options import BUILD_LIMIT, proves_itself
from workers.models import cache_folder
from workers.worker import CannotWork, Host

Run = Callable[[Any], npt.NDArray[np.float32]]
COMPILER = (
    "depth.option: torch.compile needs a C++ compiler and finds none; on Debian and Ubuntu: apt install g++, "
    "on Windows: the Build Tools for Visual Studio (C++), on a Mac: xcode-select --install; or set "
    "depth.option to none"
)
TRITON = (
    "depth.option: torch.compile needs Triton for {}, which is not installed or does not know it; pip "
    "install triton (on Windows triton-windows), or set depth.option to none"
)
# Dynamo and Inductor wrap what goes wrong in RuntimeErrors of their own; the others are what a compiler that
# is there, and a full disk, add.
FAILURES = RuntimeError, OSError, ImportError, subprocess.SubprocessError
log = logging.getLogger(__name__)


def compiled(network: Any, name: str, run: Run, device: str, host: Host) -> Any | None:
    """The network as torch.compile builds it, if that answers the same and sooner; else None, and why is
    said. `run` gives a network's answer to one and the same picture. Raises CannotWork."""
    with host.busy(f"building {name} for {COMPILE}", limit=BUILD_LIMIT):
        try:
            require_compiler(device)
            torch = _torch_that_keeps_what_it_built()
            built = torch.compile(network, dynamic=False)
            if proves_itself(COMPILE, name, lambda: run(network), lambda: run(built)):
                return built
        except FAILURES as error:
            log.warning("depth.option: %s cannot run %s, which goes on without: %s", COMPILE, name, error)
    return None


def require_compiler(device: str) -> None:
    """Inductor writes C++ for a processor and Triton for most GPUs. Raises CannotWork where what compiles
    that is not here."""
    from torch._inductor.cpp_builder import get_cpp_compiler
    from torch._inductor.exc import InvalidCxxCompiler
    from torch.utils._triton import has_triton

    if device in ("cuda", "rocm", "xpu") and not has_triton():
        raise CannotWork(TRITON.format(device))
    if device == "cpu":
        try:
            get_cpp_compiler()
        except (InvalidCxxCompiler, RuntimeError) as error:
            raise CannotWork(COMPILER) from error


def _torch_that_keeps_what_it_built() -> Any:
    """Building takes a minute; from the second start on it is found in our cache. It is built in this
    process: Inductor's own would outlive a worker that is killed."""
    import torch
    import torch._inductor.config

    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(cache_folder() / "compiled"))
    torch._inductor.config.compile_threads = 1
    return torch
