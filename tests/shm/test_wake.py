"""Sleeping on ends whose descriptors have large numbers."""

import socket
import sys
from collections.abc import Iterator

import pytest

from shm.wake import quick_pair, wait

if sys.platform == "win32":
    pytest.skip("select takes all there", allow_module_level=True)

import fcntl
import resource

FAR = 1500  # above what select takes


@pytest.fixture
def far_ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard <= FAR + 1:
        pytest.skip(f"this user may have {hard} files open")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, FAR + 10), hard))
    near = quick_pair()
    far = [socket.socket(fileno=fcntl.fcntl(end, fcntl.F_DUPFD, FAR)) for end in near]
    for end in far:
        end.setblocking(False)
    yield far[0], far[1]
    for end in (*near, *far):
        end.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_contract_a_descriptor_above_1023_wakes_like_any(
    far_ends: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = far_ends
    both = [ours.fileno(), theirs.fileno()]
    assert wait([], 0.05, both) == []
    theirs.send(b"x")
    assert wait([], None, both) == both[:1]
    ours.send(b"x")
    assert wait([], 1.0, both) == both
