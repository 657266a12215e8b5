"""Offers a better depth network than the built-in one: once, to who has a GPU and a network."""

import logging

import psutil

from pipeline.machine import compute_devices
from workers.depth._models import is_here
from workers.models import cache_folder

BETTER = "depth-anything-v2-small"
log = logging.getLogger("stereoring.launcher")


def offer() -> str | None:
    """What to say, None where there is nothing to offer. Nobody outside of this machine is asked for it."""
    gpus = [device for device in compute_devices() if not device.startswith("cpu")]
    if not gpus or not has_network() or is_here(BETTER) or not _is_first_time():
        return None
    return (
        f"this machine has a GPU ({gpus[0]}): Depth Anything V2 Small gives better depth than the "
        f"network that comes with the program; `launcher.py models download {BETTER}` says how to get it "
        "(said once)"
    )


def has_network() -> bool:
    """Whether an interface is up that leads out of the machine."""
    return any(state.isup and not name.startswith("lo") for name, state in psutil.net_if_stats().items())


def _is_first_time() -> bool:
    """Remembers that it was asked."""
    told = cache_folder() / f"{BETTER}.offered"
    try:
        told.parent.mkdir(parents=True, exist_ok=True)
        told.touch(exist_ok=False)
    except FileExistsError:
        return False
    except OSError as error:  # the program runs without a cache, too
        log.debug("%s: %s; what is offered now will be offered again", told, error)
    return True
