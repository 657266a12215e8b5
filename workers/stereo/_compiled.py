"""Compiling with numba, once."""

import os
from pathlib import Path
from typing import Any

import numba

compiled: Any = numba.njit(nogil=True, fastmath=True)
"""For a function that others are made of; it is compiled with them and for each of them."""


def forget_stale(file: str) -> None:
    """Throw away what was compiled from this module when one of its neighbours is newer: numba looks at the
    age of the file whose function it keeps, and not at those whose functions that one has taken in."""
    module = Path(file)
    newest = max(source.stat().st_mtime for source in module.parent.glob("*.py"))
    kept = Path(os.environ.get("NUMBA_CACHE_DIR") or module.parent / "__pycache__")
    for binary in kept.rglob(f"{module.stem}.*.nb[ic]"):
        try:
            if binary.stat().st_mtime < newest:
                binary.unlink(missing_ok=True)
        except FileNotFoundError:
            continue  # another process has just thrown it away
