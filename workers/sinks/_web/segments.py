"""The segments of a stream by HLS, and the parts that they are made of (RFC 8216bis): pure bookkeeping."""

from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

SEGMENT, PART = 1_000_000, 200_000  # µs; a segment ends at the first key frame after its time
SLACK = 5_000  # µs that a picture may come too early
PART_AT_MOST, TARGET = 0.5, 2  # seconds that we promise: pictures do not come to the millisecond
SEGMENT_AT_MOST = 2_400_000  # µs: rounded that is TARGET
KEPT, WITH_PARTS = 8, 3  # segments that can still be had, and that are listed with their parts
HEAD = """#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:{target}
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK={hold_back:.3f}
#EXT-X-PART-INF:PART-TARGET={part:.3f}
#EXT-X-MEDIA-SEQUENCE:{first}
#EXT-X-DISCONTINUITY-SEQUENCE:{breaks}
"""


class Fragment(NamedTuple):
    """A picture of so many µs, or sound (0). `key`: a decoder can begin at it; `ends`: or at the next."""

    data: bytes
    lasts: int = 0
    key: bool = False
    ends: bool = False


@dataclass
class Part:
    """µs that it lasts; `key`: a decoder can begin at it."""

    lasts: int = 0
    key: bool = False
    data: bytearray = field(default_factory=bytearray)


@dataclass
class Segment:
    """`beginning` is the number of what comes before it, in what a player needs; the parts are whole."""

    number: int
    beginning: int
    anew: bool
    parts: list[Part] = field(default_factory=list)
    whole: bool = False

    @property
    def lasts(self) -> int:
        return sum(part.lasts for part in self.parts)

    @property
    def data(self) -> bytes:
        return b"".join(part.data for part in self.parts)


class Segments:
    """Fragments in, playlists and bytes out."""

    def __init__(self) -> None:
        self.beginnings: dict[int, bytes] = {}
        self.segments: deque[Segment] = deque()
        self._next = self._breaks = 0
        self._begun = -1
        self._part = Part()  # which is being made

    @property
    def playable(self) -> bool:
        """Players want a whole segment to begin with."""
        return bool(self.segments) and self.segments[0].whole

    @property
    def last(self) -> int:
        """The number of the newest segment that there is or was; -1 before the first."""
        return self._next - 1

    def forget(self) -> None:
        """All that there is, for it is long past. Numbers go on, for players that come back."""
        self._breaks += sum(segment.anew for segment in self.segments)
        self.segments.clear()
        self.beginnings.clear()
        self._part = Part()

    def begin(self, beginning: bytes) -> None:
        """What comes now is not continued from what was."""
        if self.segments:
            self._end_segment()
        self._part = Part()
        self._begun += 1
        self.beginnings[self._begun] = beginning
        self._open_segment(anew=self._begun > 0)

    def add(self, fragment: Fragment) -> bool:
        """Sound that comes behind a part's last picture is in the next. True: a part has become whole."""
        ended = self._part.lasts > 0 and self._part.lasts + fragment.lasts > PART_AT_MOST * 1e6
        if ended:
            self._end_part()
        self._part.key |= fragment.key
        self._part.lasts += fragment.lasts
        self._part.data += fragment.data
        if fragment.ends:
            self._end_segment()
            self._open_segment(anew=False)
        elif self._part.lasts >= PART - SLACK:
            self._end_part()
        else:
            return ended
        return True

    def room(self) -> int:
        """µs that what is being made may last yet."""
        return SEGMENT_AT_MOST - self.segments[-1].lasts - self._part.lasts

    def has(self, number: int, part: int | None) -> bool:
        """Whether this segment, or this part of it, is whole; or so old that it was."""
        last = self.segments[-1] if self.segments else None
        if last is None or number > last.number:
            return False
        if number < last.number:
            return True
        return part is not None and part < len(last.parts)

    def part(self, number: int, part: int) -> bytes | None:
        found = next((one for one in self.segments if one.number == number), None)
        parts = found.parts if found else []
        return bytes(parts[part].data) if part < len(parts) else None

    def segment(self, number: int) -> bytes | None:
        return next((one.data for one in self.segments if one.number == number and one.whole), None)

    def playlist(self) -> str:
        head = {"target": TARGET, "hold_back": 2 * PART_AT_MOST, "part": PART_AT_MOST}
        first = self.segments[0].number if self.segments else 0
        lines = [HEAD.format(**head, first=first, breaks=self._breaks).rstrip()]
        beginning = None
        for place, segment in enumerate(self.segments):
            if segment.anew:
                lines.append("#EXT-X-DISCONTINUITY")
            if segment.beginning != beginning:
                beginning = segment.beginning
                lines.append(f'#EXT-X-MAP:URI="init{beginning}.mp4"')
            if len(self.segments) - place <= WITH_PARTS + 1:
                lines += self._part_lines(segment)
            if segment.whole:
                lines += [f"#EXTINF:{segment.lasts / 1e6:.6f},", f"segment{segment.number}.mp4"]
        if self.segments:
            last = self.segments[-1]
            name = f"part{last.number}.{len(last.parts)}.mp4"
            lines.append(f'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="{name}"')
        return "\n".join([*lines, ""])

    def _part_lines(self, segment: Segment) -> list[str]:
        return [
            f'#EXT-X-PART:DURATION={part.lasts / 1e6:.6f},URI="part{segment.number}.{number}.mp4"'
            + ",INDEPENDENT=YES" * part.key
            for number, part in enumerate(segment.parts)
        ]

    def _open_segment(self, anew: bool) -> None:
        self.segments.append(Segment(self._next, self._begun, anew))
        self._next += 1
        while len(self.segments) > KEPT + 1:
            self._breaks += self.segments.popleft().anew
        for old in [one for one in self.beginnings if one < self.segments[0].beginning]:
            del self.beginnings[old]

    def _end_part(self) -> None:
        self.segments[-1].parts.append(self._part)
        self._part = Part()

    def _end_segment(self) -> None:
        """Sound alone is no part, and nothing is no segment."""
        if self._part.lasts:
            self._end_part()
        if self.segments[-1].parts:
            self.segments[-1].whole = True
        else:
            self._next = self.segments.pop().number
