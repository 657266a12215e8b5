"""The segments of a stream by HLS, and the parts that they are made of (RFC 8216bis): pure bookkeeping."""

from collections import deque
from dataclasses import dataclass, field

from workers.sinks._web.fragments import Fragment

SEGMENT, PART = 1.0, 0.2  # seconds; a segment ends at the first key frame after its time
SLACK = 0.005  # seconds that a picture may come too early
PART_AT_MOST = 0.35  # seconds that we promise: pictures do not come to the millisecond
KEPT, WITH_PARTS = 8, 3  # segments that can still be had, and that are listed with their parts
HEAD = """#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:{target}
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK={hold_back:.3f}
#EXT-X-PART-INF:PART-TARGET={part:.3f}
#EXT-X-MEDIA-SEQUENCE:{first}
#EXT-X-DISCONTINUITY-SEQUENCE:{breaks}
"""


@dataclass
class Part:
    """`seconds` is known once it is whole."""

    begins: int
    key: bool
    data: bytearray = field(default_factory=bytearray)
    seconds: float = 0.0


@dataclass
class Segment:
    """`beginning` is the number of what comes before it, in what a player needs."""

    number: int
    beginning: int
    anew: bool
    parts: list[Part] = field(default_factory=list)
    whole: bool = False

    @property
    def seconds(self) -> float:
        return sum(part.seconds for part in self.parts)

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
        self._part: Part | None = None
        self._longest = SEGMENT

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
        self._part = None

    def begin(self, beginning: bytes) -> None:
        """What comes now is not continued from what was."""
        if self.segments:
            self._end_segment(None)
        self._begun += 1
        self.beginnings[self._begun] = beginning
        self._open_segment(anew=self._begun > 0)

    def add(self, fragment: Fragment) -> bool:
        """A part ends before a picture, and a segment before one at which a decoder can begin. True: a part
        has become whole."""
        ended = False
        if fragment.picture and self._part is not None:
            seconds = (fragment.time - self._part.begins) / 1e6
            ended = fragment.key or seconds >= PART - SLACK
            if ended:
                self._end_part(fragment.time)
            if fragment.key:
                self._end_segment(fragment.time)
                self._open_segment(anew=False)
        if self._part is None:
            self._part = Part(fragment.time, fragment.key)
            self.segments[-1].parts.append(self._part)
        self._part.data += fragment.data
        return ended

    def has(self, number: int, part: int | None) -> bool:
        """Whether this segment, or this part of it, is whole; or so old that it was."""
        last = self.segments[-1] if self.segments else None
        if last is None or number > last.number:
            return False
        if number < last.number:
            return True
        return part is not None and part < len(self._whole_parts(last))

    def part(self, number: int, part: int) -> bytes | None:
        found = next((one for one in self.segments if one.number == number), None)
        parts = self._whole_parts(found) if found else []
        return bytes(parts[part].data) if part < len(parts) else None

    def segment(self, number: int) -> bytes | None:
        return next((one.data for one in self.segments if one.number == number and one.whole), None)

    def playlist(self) -> str:
        target = max(1, round(self._longest))
        head = {"target": target, "hold_back": 3 * PART_AT_MOST, "part": PART_AT_MOST}
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
                lines += [f"#EXTINF:{segment.seconds:.5f},", f"segment{segment.number}.mp4"]
        if self.segments:
            last = self.segments[-1]
            name = f"part{last.number}.{len(self._whole_parts(last))}.mp4"
            lines.append(f'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="{name}"')
        return "\n".join([*lines, ""])

    def _part_lines(self, segment: Segment) -> list[str]:
        return [
            f'#EXT-X-PART:DURATION={part.seconds:.5f},URI="part{segment.number}.{number}.mp4"'
            + ",INDEPENDENT=YES" * part.key
            for number, part in enumerate(self._whole_parts(segment))
        ]

    def _whole_parts(self, segment: Segment) -> list[Part]:
        return (
            segment.parts if self._part is None else [one for one in segment.parts if one is not self._part]
        )

    def _open_segment(self, anew: bool) -> None:
        self.segments.append(Segment(self._next, self._begun, anew))
        self._next += 1
        while len(self.segments) > KEPT + 1:
            self._breaks += self.segments.popleft().anew
        for old in [one for one in self.beginnings if one < self.segments[0].beginning]:
            del self.beginnings[old]

    def _end_part(self, time: int) -> None:
        assert self._part is not None
        self._part.seconds = (time - self._part.begins) / 1e6
        self._part = None

    def _end_segment(self, time: int | None) -> None:
        """Without a time: its last part has lasted as long as it was to, as far as anybody knows."""
        segment = self.segments[-1]
        if self._part is not None:
            self._end_part(time if time is not None else self._part.begins + int(PART * 1e6))
        if segment.parts:
            segment.whole = True
            self._longest = max(self._longest, segment.seconds)
        else:
            self.segments.pop()
