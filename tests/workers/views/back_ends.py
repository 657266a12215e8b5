"""The three that make views, called alike: compiled, torch, and the window's shaders on their own screen."""

import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt

from tests.live.display import Display
from tests.pipeline.running import REPO
from tests.shm.ring_processes import die_with_parent
from workers.stereo._layout import Layout
from workers.stereo._parallax import Parallax
from workers.stereo.warp import warp_views

Picture = npt.NDArray[np.uint8]
Map = npt.NDArray[np.float32]
BackEnd = Callable[[Picture, Map, Parallax, Layout, int], Picture]
"""frame uint8[H, W, 3], nearness float32[h, w], …, phase → picture uint8[layout.rows, layout.columns, 3]."""


def compiled(frame: Picture, nearness: Map, parallax: Parallax, layout: Layout, phase: int = 0) -> Picture:
    picture = np.zeros((layout.rows, layout.columns, 3), np.uint8)
    warp_views(frame, nearness, parallax, picture, layout, "best", phase)
    return picture


def with_torch(frame: Picture, nearness: Map, parallax: Parallax, layout: Layout, phase: int = 0) -> Picture:
    import torch

    from workers.stereo._torch_views import warp_views_on

    torch.set_num_threads(1)  # pictures are tiny here
    picture = np.zeros((layout.rows, layout.columns, 3), np.uint8)
    warp_views_on(torch.device("cpu"), frame, nearness, parallax, picture, layout, "best", phase)
    return picture


@contextmanager
def shaders() -> Iterator[BackEnd]:
    """Makes views."""
    with canvas() as ask:

        def render(
            frame: Picture, nearness: Map, parallax: Parallax, layout: Layout, phase: int = 0
        ) -> Picture:
            return ask("views", frame, nearness, parallax, layout, phase)

        yield render


@contextmanager
def canvas() -> Iterator[Callable[..., Picture]]:
    """Asked by name for what the functions of shaders.py make: that is a process with a window on an X server
    without a monitor."""
    with Display.started(640, 480) as display:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.workers.views.shaders"],
            cwd=REPO,
            env=os.environ | {"DISPLAY": display.name},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            preexec_fn=die_with_parent,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        asks, answers = process.stdin, process.stdout

        def ask(*what: object) -> Picture:
            pickle.dump(what, asks)
            asks.flush()
            picture: Picture = pickle.load(answers)
            return picture

        yield ask
        process.kill()
        process.wait()
        asks.close()
        answers.close()
