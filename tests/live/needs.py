"""What these tests need of the machine; where it is missing they skip and say what."""

import importlib.util
import os
import shutil
from pathlib import Path

import pytest

CHROMIUM = "/usr/bin/chromium"
MODEL = "depth/tcmonodepth_small_192x320.onnx"


def needs(*names: str) -> pytest.MarkDecorator:
    """`pytestmark = needs("Xvfb", "model")`: programs by name, `model` and `chromium`."""
    missing = [reason for name in names if (reason := _why_not(name)) is not None]
    return pytest.mark.skipif(bool(missing), reason="; ".join(missing))


def _why_not(name: str) -> str | None:
    if name == "model":
        folder = os.environ.get("STEREORING_MODELS")
        if not folder:
            return "STEREORING_MODELS is not set: where are the models?"
        return None if (Path(folder) / MODEL).is_file() else f"there is no {Path(folder) / MODEL}"
    if name == "chromium":
        if importlib.util.find_spec("playwright") is None:
            return "playwright is not installed"
        return None if Path(CHROMIUM).is_file() else f"there is no {CHROMIUM}"
    return None if shutil.which(name) else f"{name} is not installed"
