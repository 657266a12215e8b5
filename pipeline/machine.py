"""What this machine computes with, and `launcher.py devices`."""

import os
import platform
import sys
from pathlib import Path

import psutil

from pipeline.gpus import Gpus
from workers.capture._monitors import monitors, unavailable
from workers.capture._x11 import unavailable as no_windows
from workers.capture._x11 import windows


def compute_devices() -> list[str]:
    """The CPU, and the GPUs whose driver answers."""
    cpu = f"cpu: {cpu_name()}, {psutil.cpu_count(logical=False) or '?'} cores, {os.cpu_count()} threads"
    return [cpu, *Gpus().described()]


def gpu_computes() -> bool:
    """Whether there is a GPU that torch can use: one whose CUDA driver answers."""
    return len(compute_devices()) > 1


def gpu_draws() -> bool:
    """Whether OpenGL runs on a GPU. Linux has a render node for each; elsewhere one draws every desktop."""
    return sys.platform != "linux" or gpu_computes() or any(Path("/dev/dri").glob("renderD*"))


def cpu_name() -> str:
    """As the system calls it."""
    try:
        with open("/proc/cpuinfo") as file:
            names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    except FileNotFoundError:  # not Linux
        names = []
    return names[0] if names else platform.processor() or platform.machine()


def _print_windows() -> None:
    if sys.platform == "win32":
        from workers.capture import _win32 as win32

        print("windows (screen_windows_capture.handle and title)")
        for found in win32.windows():
            print(f"  {found.handle}: {found.title}")
        return
    print("windows (window_x11.title)")
    why_not = no_windows()
    if why_not is not None:
        print(f"  none: {why_not}")
    for window in windows():
        print(f"  {window.width} x {window.height} {window.title}{'' if window.shown else '  (minimised)'}")


def _print_cameras() -> None:
    from workers.capture._cameras import cameras, unavailable  # brings FFmpeg, which no other command needs

    print("cameras (camera.which)")
    why_not = unavailable()
    if why_not is not None:
        print(f"  none: {why_not}")
    for number, camera in enumerate(cameras() if why_not is None else [], start=1):
        print(f"  {number}: {camera.name}")


def _print_sound() -> None:
    from workers.sound._soundcard import NoSound, names, soundcard

    for what, setting, speakers in (
        ("microphones", "microphone.which, audio.which", False),
        ("speakers", "speaker.which, system_sound.which, audio.which", True),
    ):
        print(f"{what} ({setting})")
        try:
            found = names(soundcard(), speakers)
        except NoSound as error:
            print(f"  none: {error}")
            continue
        for name in found or ["none"]:
            print(f"  {name}")


def devices_command() -> int:
    """`launcher.py devices`."""
    print("monitors (screen_mss.monitor)")
    why_not = unavailable()
    if why_not is not None:
        print(f"  none: {why_not}")
    for number, monitor in enumerate(monitors(), start=1):
        name = monitor.get("name") or monitor.get("output") or ""
        place = f"{monitor['width']} x {monitor['height']} at {monitor['left']}, {monitor['top']}"
        print(f"  {number}: {place} {name}{'  (primary)' if monitor.get('is_primary') else ''}")
    _print_windows()
    _print_cameras()
    _print_sound()
    print("compute devices")
    for device in compute_devices():
        print(f"  {device}")
    return 0
