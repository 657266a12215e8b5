"""What one pass of a conversion is about, and what lies in its working folder."""

import json
from dataclasses import dataclass
from pathlib import Path

from workers.convert._whole import write_whole

MOST_TOLD = 20  # broken places that are named
WARM_UP = 24  # frames before the first that is written, for what is smoothed over time


@dataclass(frozen=True)
class Conversion:
    """No settings of the file, but seen by workers like a section of them.

    `begin` is the number of the first frame that goes down the line, `first` that of the first one whose
    result is kept. `pictures`: the source is one, or a folder of them; `ending` is that of the file that a
    single one becomes. `keeps_depth`: the first pass keeps its maps for the second. `depth_in`: a folder of
    16-bit PNGs that is read instead of asking a network, `depth_out` one that is written.
    """

    source: Path
    folder: Path
    job: str = "convert"
    begin: int = 0
    first: int = 0
    pictures: bool = False
    ending: str = ""
    keeps_depth: bool = False
    depth_in: Path | None = None
    depth_out: Path | None = None

    @property
    def is_one_picture(self) -> bool:
        return bool(self.ending)

    @property
    def depth_is_known(self) -> bool:
        """A worker reads it instead of asking a network."""
        return self.depth_in is not None or (self.job == "convert" and self.keeps_depth)

    @property
    def survey(self) -> Path:
        """A record for each frame; see _record.py."""
        return self.folder / "survey.bin"

    @property
    def maps(self) -> Path:
        """The network's maps, kept from the first pass for the second; see _record.py."""
        return self.folder / "depth.u16"

    @property
    def scenes(self) -> Path:
        """Written when the first pass is through; see workers/steady/_scenes.py."""
        return self.folder / "scenes.json"

    @property
    def end(self) -> Path:
        """Written by the reading worker once it knows how many frames there are, and what is broken."""
        return self.folder / "end.json"

    @property
    def segments(self) -> Path:
        """Finished parts of the video, or finished pictures."""
        return self.folder / "done"

    @property
    def whole(self) -> Path:
        """Is there once all pictures are made, and some of them may have gone to where they belong."""
        return self.folder / "whole"


@dataclass(frozen=True)
class End:
    """What the reading worker has found: `frames`, how many microseconds the last of them is shown (0: not
    known), and what could not be read, in words."""

    frames: int
    last: int = 0
    broken: tuple[str, ...] = ()

    def write(self, conversion: Conversion) -> None:
        told = [*self.broken[:MOST_TOLD]]
        if len(self.broken) > MOST_TOLD:
            told.append(f"… and {len(self.broken) - MOST_TOLD} more")
        write_whole(conversion.end, {"frames": self.frames, "last": self.last, "broken": told})

    @classmethod
    def read(cls, conversion: Conversion) -> "End | None":
        """None while that is not known."""
        if not conversion.end.exists():
            return None
        said = json.loads(conversion.end.read_text())
        return cls(said["frames"], said.get("last", 0), tuple(said["broken"]))
