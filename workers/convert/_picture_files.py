"""Pictures as the result of a conversion: a file for each, under its own name."""

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from workers.convert._pictures import SECOND, picture_files, profile_of
from workers.convert._whole import put
from workers.worker import CannotWork

JPEG = [cv2.IMWRITE_JPEG_QUALITY, 95]
CARRYING = (".jpg", ".jpeg", ".png", ".webp")  # colour profiles
OPTIONS = {".jpg": JPEG, ".jpeg": JPEG, ".webp": [cv2.IMWRITE_WEBP_QUALITY, 95]}


class PictureFiles:
    """Writes them into the folder. `ending`: of the file that a single picture becomes; else as they have."""

    def __init__(self, folder: Path, source: Path, ending: str) -> None:
        self._folder = folder
        self._files = picture_files(source)
        self._names = [path.name for path in self._files]
        if ending:
            self._names = [f"{Path(name).stem}{ending}" for name in self._names]

    def add(self, number: int, time: int, pixels: npt.NDArray[np.uint8]) -> None:
        """The time says which it is, for what cannot be read has no number. Raises CannotWork."""
        path = self._folder / self._names[time // SECOND]
        bgr = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
        kind = path.suffix.lower()
        try:
            profile = profile_of(self._files[time // SECOND]) if kind in CARRYING else []
            told = [cv2.IMAGE_METADATA_ICCP for _ in profile]
            data = cv2.imencodeWithMetadata(kind, bgr, told, profile, OPTIONS.get(kind, []))[1]
            part = path.with_name(path.name + ".part")
            part.write_bytes(data.tobytes())
            put(part, path)
        except (cv2.error, OSError) as error:
            raise CannotWork(f"{path}: cannot be written: {error}") from error

    def finish(self) -> None:
        """Each is whole already."""
