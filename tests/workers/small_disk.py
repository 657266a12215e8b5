"""A disk that is nearly full."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SIZE = 4 << 20
PAGE = 4096


@contextmanager
def small_disk(folder: Path, free: int) -> Iterator[Path]:
    """Of 4 MB, all but so many bytes of which a file `other` takes; only root can make one."""
    place = folder / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small disk can only be made by root")
    try:
        (place / "other").write_bytes(b"x" * ((SIZE - free) // PAGE * PAGE))
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)
