"""Two machines with a line between them, as far as a program can tell: two network namespaces. Before each of
`machines` is a relay that loses, delays and mixes up what comes (lossy_relay.py; not every kernel has tc's
netem)."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

ADDRESSES = {"a": "10.77.11.1", "b": "10.77.11.2"}
IN, OUT = 1125, 1124  # ports: the relay's, and that of who is behind it
LINE = "line"  # the network interface of each
RELAY = Path(__file__).with_name("lossy_relay.py")


def needs_namespaces() -> pytest.MarkDecorator:
    """Root, and the tool; where they are missing a test skips and says what."""
    why_not = "network namespaces take root" if os.geteuid() != 0 else ""
    if shutil.which("ip") is None:
        why_not = "`ip` is not there (package iproute2)"
    return pytest.mark.skipif(bool(why_not), reason=why_not)


@contextmanager
def machines() -> Iterator[dict[str, str]]:
    """Name → network namespace. What is sent by UDP to IN of one of them comes to its OUT."""
    with joined_machines() as spaces, ExitStack() as relays:
        for name, space in spaces.items():
            relays.enter_context(_relay(space, ADDRESSES[name]))
        yield spaces


@contextmanager
def joined_machines() -> Iterator[dict[str, str]]:
    """Name → network namespace. Nothing is lost between them."""
    spaces = {name: f"stereoring-{os.getpid()}-{name}" for name in ADDRESSES}
    try:
        for space in spaces.values():
            _run("netns", "add", space)
        ends = ("type", "veth", "peer", LINE, "netns", spaces["b"])
        _run("-n", spaces["a"], "link", "add", LINE, *ends)
        for name, space in spaces.items():
            _run("-n", space, "address", "add", f"{ADDRESSES[name]}/24", "dev", LINE)
            _run("-n", space, "link", "set", "lo", "up")
            _run("-n", space, "link", "set", LINE, "up")
        yield spaces
    finally:
        for space in spaces.values():
            subprocess.run(["ip", "netns", "del", space], check=False, capture_output=True)


def inside(space: str) -> tuple[str, ...]:
    """What stands before a command that is to run there."""
    return ("ip", "netns", "exec", space)


@contextmanager
def line_down(space: str) -> Iterator[None]:
    """Nothing comes from or to that machine meanwhile."""
    _run("-n", space, "link", "set", LINE, "down")
    try:
        yield
    finally:
        _run("-n", space, "link", "set", LINE, "up")


@contextmanager
def _relay(space: str, host: str) -> Iterator[None]:
    program = [*inside(space), sys.executable, str(RELAY), f"{host}:{IN}", f"{host}:{OUT}"]
    with subprocess.Popen(program) as process:
        try:
            yield
        finally:
            process.kill()


def _run(*command: str) -> None:
    subprocess.run(["ip", *command], check=True, capture_output=True, timeout=10)
