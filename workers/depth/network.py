"""A depth network through onnxruntime."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np

from shm.lease import Lease, OpenSlot
from workers.depth._models import find
from workers.worker import CannotWork, Worker

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
        import onnxruntime  # here, where it is needed: every process that looks at settings imports this file

        depth = self.settings.depth
        path = find(depth.model)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.host.threads
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime has an exception class for each of its status codes
            raise CannotWork(f"depth.model: {path} is not a model that onnxruntime reads: {error}") from error
        self._input = check_input(self._session, depth.model, depth.height, depth.width)
        self._looked_at = 0
        self._batch = np.empty((1, 3, depth.height, depth.width), np.float32)
        self.log.info("%s at %d x %d, %d threads", depth.model, depth.width, depth.height, self.host.threads)

    def process(self, small: Lease, depth: OpenSlot) -> bool:
        """False for a frame that comes sooner than `depth.fps` allows."""
        fps, now = self.settings.depth.fps, small.info.t_capture
        if fps and now - self._looked_at < 1e9 / fps - EARLY:
            return False
        self._looked_at = now
        np.copyto(self._batch[0], small.frame.transpose(2, 0, 1))
        (found,) = self._session.run(None, {self._input: self._batch})
        target = depth.view(self._batch.shape[2:], np.float32)
        np.copyto(target, found.reshape(target.shape))
        return True


def check_input(session: Any, name: str, height: int, width: int) -> str:
    """The name of the model's input. Raises CannotWork when it does not take this size."""
    (entry, *more) = session.get_inputs()
    shape = entry.shape
    if more or len(shape) != 4 or entry.type != "tensor(float)":
        raise CannotWork(f"depth.model: {name} takes {entry.type} {shape}, not float [1, 3, rows, columns]")
    wanted = (1, 3, height, width)
    if any(isinstance(axis, int) and axis != want for axis, want in zip(shape, wanted, strict=True)):
        rows, columns = shape[2:]
        raise CannotWork(
            f"depth.model: {name} takes {columns} x {rows} only; set depth.width and depth.height"
        )
    return str(entry.name)
