"""The cameras of this machine, and how FFmpeg opens one on each system."""

import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import av

FORMATS = {"linux": "v4l2", "win32": "dshow", "darwin": "avfoundation"}
LISTED_BY_LINUX = Path("/sys/class/video4linux")


class Camera(NamedTuple):
    """`address` is what FFmpeg knows it by: /dev/video0, video=@device_pnp_…, 0:none."""

    name: str
    address: str


class Opening(NamedTuple):
    """The arguments of `av.open`."""

    file: str
    format: str
    options: dict[str, str]


def unavailable() -> str | None:
    """Why there is no camera here, if so."""
    if sys.platform not in FORMATS:
        return f"it is not known how cameras are opened on {sys.platform}"
    try:
        return None if cameras() else "this machine has no camera"
    except (av.FFmpegError, OSError) as error:
        return f"the cameras cannot be listed: {error}"


def cameras() -> list[Camera]:
    """In the order in which `launcher.py devices` numbers them. Raises FFmpegError or OSError."""
    if sys.platform == "linux":
        return of_linux(LISTED_BY_LINUX)
    kind = FORMATS[sys.platform]
    return of_ffmpeg(kind, av.enumerate_input_devices(kind))


def of_linux(folder: Path) -> list[Camera]:
    """The first device of each; a camera's others give no pictures but figures about them."""
    found = []
    for device in folder.glob("video*"):
        index = device / "index"
        if not index.exists() or index.read_text().strip() == "0":
            number = int(device.name.removeprefix("video"))
            found.append((number, Camera((device / "name").read_text().strip(), f"/dev/{device.name}")))
    return [camera for _, camera in sorted(found)]


def of_ffmpeg(kind: str, devices: Sequence[Any]) -> list[Camera]:
    """What PyAV lists for dshow or avfoundation: microphones are among them, and macOS' screens."""
    address = {"dshow": "video={}", "avfoundation": "{}:none"}[kind]
    return [
        Camera(device.description or device.name, address.format(device.name))
        for device in devices
        if "video" in device.media_types and not device.description.startswith("Capture screen")
    ]


def wanted(which: int | str, there: Sequence[Camera]) -> Camera:
    """By its number from 1, a part of its name (case does not matter) or its path in /dev. Raises ValueError
    that says which there are."""
    if isinstance(which, int) and 1 <= which <= len(there):
        return there[which - 1]
    if isinstance(which, str) and which.startswith("/dev/") and Path(which).exists():
        return Camera(which, which)
    if isinstance(which, str) and which:
        for camera in there:
            if which.casefold() in camera.name.casefold():
                return camera
    listed = ", ".join(f"{number}: {camera.name}" for number, camera in enumerate(there, start=1)) or "none"
    raise ValueError(f"camera.which: there is no camera {which!r} (there are {listed})")


def opening(settings: SimpleNamespace) -> Opening:
    """For the camera that `settings` (the section `camera`) name. Raises ValueError for one that is not
    there."""
    camera = wanted(settings.which, cameras())
    options = {}
    if settings.width and settings.height:
        options["video_size"] = f"{settings.width}x{settings.height}"
    if settings.fps:
        options["framerate"] = str(settings.fps)
    elif sys.platform == "darwin":
        options["framerate"] = "30"  # else FFmpeg asks for 29.97, which hardly any Mac's camera offers
    return Opening(camera.address, FORMATS[sys.platform], options)
