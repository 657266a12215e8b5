"""A depth network: an ONNX file through onnxruntime, a Hugging Face folder through torch."""

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np

from shm.lease import Lease, OpenSlot
from workers.depth._devices import check_torch_option
from workers.depth._models import find
from workers.worker import Worker

if TYPE_CHECKING:
    from workers.depth._onnx_network import OnnxNetwork
    from workers.depth._torch_network import TorchNetwork

EARLY = 5e6  # ns by which a frame may be captured too early and still count


class Network(Worker):
    """small uint8[h, w, 3] RGB → relative inverse depth float32[h, w] of the same frame."""

    reads = "small"
    writes = {"depth": "relative"}
    heavy = True

    @classmethod
    def sizes(cls, settings: SimpleNamespace, rings: Mapping[str, int]) -> dict[str, int]:
        return {"depth": settings.depth.height * settings.depth.width * 4}

    def open(self) -> None:
        path = find(self.settings.depth.model)
        self._network = self._in_torch(path) if path.is_dir() else self._in_onnx(path)
        self._looked_at, self._warned = 0, False

    def _in_onnx(self, path: Path) -> "OnnxNetwork":
        from workers.depth._onnx_network import (
            OnnxNetwork,
        )  # every process that looks at settings imports this

        depth = self.settings.depth
        size = depth.height, depth.width
        network = OnnxNetwork(path, depth.model, size, depth.device, depth.option, depth.half, self.host)
        how = f"{self.host.threads} threads, on {network.choice.device}: {network.choice.why}"
        rows, columns = network.size
        self.log.info("%s at %d x %d, %s", depth.model, columns, rows, how)
        return network

    def _in_torch(self, folder: Path) -> "TorchNetwork":
        from workers.depth._torch_network import TorchNetwork

        depth = self.settings.depth
        check_torch_option(depth.option, depth.model)  # before torch is loaded
        size = depth.height, depth.width
        network = TorchNetwork(folder, size, depth.device, depth.option, depth.half, self.host)
        how = f"in torch on {network.choice.device}: {network.choice.why}"
        rows, columns = network.size
        precision = "half" if network.half else "single"
        self.log.info(
            "%s (%s) at %d x %d, %s precision, %s",
            depth.model,
            network.family.name,
            columns,
            rows,
            precision,
            how,
        )
        return network

    def process(self, small: Lease, depth: OpenSlot) -> bool:
        """False for a frame that comes sooner than `depth.fps` allows."""
        fps, now = self.settings.depth.fps, small.info.t_capture
        if fps and now - self._looked_at < 1e9 / fps - EARLY:
            return False
        self._looked_at = now
        found = depth.view(small.frame.shape[:2], np.float32)
        self._network(small.frame, found)
        if not self._warned and not np.isfinite(found).any():
            self._warned = True
            self.log.warning(
                "depth.model: %s answers with no number at all, and the picture stays flat; try depth.half: "
                "never, or another network",
                self.settings.depth.model,
            )
        return True
