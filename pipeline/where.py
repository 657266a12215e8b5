"""In which folder this process stands. Python starts nothing from one that was removed."""

import os
from pathlib import Path

from workers.house import home


def stand_somewhere() -> str | None:
    """What to tell the user, where we had to go elsewhere; all paths that are not whole count from there."""
    try:
        os.getcwd()
    except FileNotFoundError:
        there = next(folder for folder in (home(), Path("/")) if folder.is_dir())
        os.chdir(there)
        return f"the folder from which this was started is gone; paths count from {there} now"
    return None
