"""Compiling with numba, once."""

import os
from glob import escape, glob
from pathlib import Path
from typing import Any

import numba
from numba.misc import appdirs

compiled: Any = numba.njit(nogil=True, fastmath=True)
"""For a function that others are made of; it is compiled with them and for each of them."""
_cache_dir: Any = appdirs.user_cache_dir


def forget_stale(file: str) -> None:
    """Throw away what was compiled from this module when one of its neighbours is newer: numba looks at the
    age of the file whose function it keeps, and not at those whose functions that one has taken in. It is
    kept beside the module or, where nobody may write there, with what else is the user's."""
    module = Path(file)
    newest = max(source.stat().st_mtime for source in module.parent.glob("*.py"))
    users = os.environ.get("NUMBA_CACHE_DIR") or _cache_dir("numba", appauthor=False)
    for folder in (escape(f"{module.parent}/__pycache__"), f"{escape(users)}/{module.parent.name}_*"):
        for binary in map(Path, glob(f"{folder}/{module.stem}.*.nb[ic]")):
            try:
                if binary.stat().st_mtime < newest:
                    binary.unlink(missing_ok=True)
            except OSError:
                continue  # another process has thrown it away, or it is root's, and numba does not take it
