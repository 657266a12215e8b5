"""The peer: the same stages as threads of one process, each handing on through a blocking queue of one.

That is how the best-known program of this kind (Desktop2Stereo) is built: its queues have room for one frame
and `put` waits, so in front of every slow stage one frame is in the queue and one in the hands of whoever
waits to put it there, and all of them grow old. The stages themselves are ours, so that only the way frames
travel differs; its end is the encoded picture (ours is measured at a client behind the web server).

python -m scripts.live_paths.threaded_line SETTINGS_JSON: prints one JSON object.
"""

import json
import os
import queue
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
import simplejpeg

from workers.capture import Settings as CaptureSettings
from workers.capture._frames import shrink
from workers.capture._time_code import draw_time_code
from workers.capture.scene import Scene
from workers.capture.scene import Settings as SceneSettings
from workers.depth._models import find
from workers.stereo import Settings as StereoSettings
from workers.stereo._layout import lay_out
from workers.stereo._parallax import parallax_for
from workers.stereo.warp import warp_views
from workers.worker import Host

WARM_UP = 3.0  # seconds
SMALL = (192, 320)


@dataclass
class Item:
    """A frame on its way."""

    number: int
    t_capture: int
    frame: npt.NDArray[np.uint8]
    small: npt.NDArray[np.uint8] | None = None
    nearness: npt.NDArray[np.float32] | None = None


class ThreadedLine:
    """capture → resize → depth → render, three queues of one between four threads."""

    def __init__(self, width: int, height: int, fps: float, depth_ms: float | None) -> None:
        """`depth_ms`: sleep so long instead of asking the network."""
        self._fps, self._depth_ms = fps, depth_ms
        self._film = make_film(width, height, round(fps))
        self._queues: list[queue.Queue[Item]] = [queue.Queue(maxsize=1) for _ in range(3)]
        self._stop = False
        self.numbers: list[int] = []
        self.ages_ms: list[float] = []
        if depth_ms is None:
            self._session = onnxruntime.InferenceSession(
                str(find("tcmonodepth-small")), providers=["CPUExecutionProvider"]
            )

    def run(self, seconds: float) -> dict[str, Any]:
        stages: list[Callable[[], None]] = [self._capture, self._resize, self._depth, self._render]
        threads = [threading.Thread(target=stage, daemon=True) for stage in stages]
        self._begin = time.perf_counter() + WARM_UP
        for thread in threads:
            thread.start()
        time.sleep(WARM_UP + seconds)
        self._stop = True
        return {"seconds": seconds, "numbers": self.numbers, "ages_ms": self.ages_ms}

    def _capture(self) -> None:
        """At its rate; it waits with everybody when the queue is full."""
        due, number = time.perf_counter(), 0
        while not self._stop:
            time.sleep(max(0.0, due - time.perf_counter()))
            due = max(due + 1 / self._fps, time.perf_counter() - 0.1)
            t_capture = time.perf_counter_ns()
            frame = self._film[number % len(self._film)].copy()
            draw_time_code(frame, number)
            self._queues[0].put(Item(number, t_capture, frame))
            number += 1

    def _resize(self) -> None:
        while not self._stop:
            item = self._queues[0].get()
            item.small = np.empty((*SMALL, 3), np.uint8)
            shrink(item.frame, item.small)
            self._queues[1].put(item)

    def _depth(self) -> None:
        batch = np.empty((1, 3, *SMALL), np.float32)
        while not self._stop:
            item = self._queues[1].get()
            assert item.small is not None
            if self._depth_ms is not None:
                time.sleep(self._depth_ms / 1e3)
                item.nearness = np.full(SMALL, 0.5, np.float32)
            else:
                np.copyto(batch[0], item.small.transpose(2, 0, 1))
                (found,) = self._session.run(None, {self._session.get_inputs()[0].name: batch})
                low, high = np.percentile(found, (1.0, 99.5))
                steady = np.clip((found.reshape(SMALL) - low) / max(high - low, 1e-9), 0, 1)
                item.nearness = steady.astype(np.float32)
            self._queues[2].put(item)

    def _render(self) -> None:
        stereo = StereoSettings()
        height, width = self._film[0].shape[:2]
        layout = lay_out(stereo.layout, height, width, stereo.fill_16_9)
        picture = np.zeros((layout.rows, layout.columns, 3), np.uint8)
        while not self._stop:
            item = self._queues[2].get()
            assert item.nearness is not None
            warp_views(item.frame, item.nearness, parallax_for(stereo, width), picture, layout)
            simplejpeg.encode_jpeg(
                picture, quality=85, colorspace="RGB", colorsubsampling="420", fastdct=True
            )
            if time.perf_counter() >= self._begin:
                self.numbers.append(item.number)
                self.ages_ms.append((time.perf_counter_ns() - item.t_capture) / 1e6)


def make_film(width: int, height: int, frames: int) -> list[npt.NDArray[np.uint8]]:
    """The pictures that our own scene plays when it is pre-rendered."""
    settings = SimpleNamespace(
        scene=SceneSettings(width=width, height=height, prerendered=frames), capture=CaptureSettings(fps=30)
    )
    scene = Scene(settings, Host(busy=None, tell=lambda *_, **__: None, threads=1))  # type: ignore[arg-type]
    scene.open()
    return [picture for picture, _ in scene._film]


if __name__ == "__main__":
    options = json.loads(sys.argv[1])
    seconds = options.pop("seconds")
    print(json.dumps(ThreadedLine(**options).run(seconds)), flush=True)
    os._exit(0)  # its threads wait for each other in their queues
