"""What a stand-in is to do from now on: the words in the file that STAND_IN_TROUBLE names.

A file, because the stand-in is in a worker's process and the test is not.
"""

import os
from pathlib import Path


def trouble() -> list[str]:
    """Its words; none where there is no such file."""
    name = os.environ.get("STAND_IN_TROUBLE")
    try:
        return Path(name).read_text().split() if name else []
    except FileNotFoundError:
        return []
