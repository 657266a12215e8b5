"""Files that have their name only once all of them is on the disk: whoever ends what when, the machine by its
plug included, there is all of a file or what was there before."""

import errno
import json
import os
import sys
from pathlib import Path
from typing import Any


def put(part: Path, path: Path) -> None:
    """The file `part` becomes `path`, over what was there. Raises OSError."""
    with part.open("rb+") as file:  # Windows syncs only what can be written
        os.fsync(file.fileno())
    part.replace(path)
    keep_names(path.parent)


def keep_names(folder: Path) -> None:
    """The names of the files in it are on the disk, too. Raises OSError."""
    if sys.platform == "win32":
        return  # it opens no folders, and keeps names by itself
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # a folder of another machine may not know how
            raise
    finally:
        os.close(handle)


def write_whole(path: Path, data: Any) -> None:
    """As JSON. Raises OSError."""
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(data))
    put(part, path)
