"""Pictures as the result of a conversion: a file for each, under its own name."""

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from workers.convert._pictures import SECOND, picture_files
from workers.worker import CannotWork

JPEG = [cv2.IMWRITE_JPEG_QUALITY, 95]
OPTIONS = {".jpg": JPEG, ".jpeg": JPEG, ".webp": [cv2.IMWRITE_WEBP_QUALITY, 95]}


class PictureFiles:
    """Writes them into the folder. `ending`: of the file that a single picture becomes; else as they have."""

    def __init__(self, folder: Path, source: Path, ending: str) -> None:
        self._folder = folder
        self._names = [path.name for path in picture_files(source)]
        if ending:
            self._names = [f"{Path(name).stem}{ending}" for name in self._names]

    def add(self, number: int, time: int, pixels: npt.NDArray[np.uint8]) -> None:
        """The time says which it is, for what cannot be read has no number. Raises CannotWork."""
        path = self._folder / self._names[time // SECOND]
        bgr = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
        try:
            data = cv2.imencode(path.suffix, bgr, OPTIONS.get(path.suffix.lower(), []))[1]
            part = path.with_name(path.name + ".part")
            part.write_bytes(data.tobytes())
            part.replace(path)
        except (cv2.error, OSError) as error:
            raise CannotWork(f"{path}: cannot be written: {error}") from error

    def finish(self) -> None:
        """Each is whole already."""
