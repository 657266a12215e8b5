"""A file of packets; docs/voice-format.md says every byte of it."""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple, Self

from workers.voice import _lyra, _lyra_books
from workers.voice._packets import COUNT, nbytes

MAGIC = b"VOICE\r\n\x01"
HEADER = struct.Struct("<8sBBHI4sQ")
CHUNK = struct.Struct("<HI")
SUM = struct.Struct("<I")
LYRA, NOT_KNOWN = 1, (1 << 64) - 1
AT_ONCE = 50  # packets in a chunk: what is lost if the file ends in the middle of one
MOST_BYTES = 1 << 20  # of a chunk


class NotVoice(ValueError):
    """What is wrong with the file. `seconds` of it could be read."""

    def __init__(self, what: str, seconds: float = 0.0) -> None:
        super().__init__(what)
        self.seconds = seconds


class Header(NamedTuple):
    """`samples` is None where the writer did not come to its end."""

    rate: int
    frame: int
    samples: int | None


class Writer:
    """`with Writer(path) as writer: writer.add(packet) …; writer.samples = 12345`."""

    def __init__(self, path: Path) -> None:
        self.samples: int | None = None
        self._packets: list[bytes] = []
        self._file = path.open("wb")
        self._file.write(_header(None))

    def add(self, packet: bytes) -> None:
        self._packets.append(packet)
        if len(self._packets) == AT_ONCE:
            self._flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with self._file:
            if kind is not None:  # the disk may be full; the header says already that this is not its end
                return
            if self._packets:
                self._flush()
            self._file.seek(0)
            self._file.write(_header(self.samples))

    def _flush(self) -> None:
        data = b"".join(self._packets)
        chunk = CHUNK.pack(len(self._packets), len(data)) + data
        self._file.write(chunk + SUM.pack(zlib.crc32(chunk)))
        self._packets = []


def packets_of(path: Path) -> tuple[Header, Iterator[bytes]]:
    """Raises NotVoice, also between packets, and OSError."""
    file = path.open("rb")
    try:
        header = _read_header(file, path)
    except (NotVoice, OSError):
        file.close()
        raise
    return header, _packets(file, path, header)


def _header(samples: int | None) -> bytes:
    count = NOT_KNOWN if samples is None else samples
    start = HEADER.pack(MAGIC, LYRA, _lyra_books.BITS, _lyra.FRAME, _lyra.RATE, _lyra.WEIGHTS, count)
    return start + SUM.pack(zlib.crc32(start))


def _read_header(file: BinaryIO, path: Path) -> Header:
    start, total = file.read(HEADER.size), file.read(SUM.size)
    if not start.startswith(MAGIC[:5]):
        raise NotVoice(f"{path}: is not a file that `launcher.py voice encode` wrote")
    if len(total) < SUM.size:
        raise NotVoice(f"{path}: ends in the middle of its header")
    if SUM.unpack(total)[0] != zlib.crc32(start):
        raise NotVoice(f"{path}: its header is damaged")
    magic, codec, bits, frame, rate, weights, samples = HEADER.unpack(start)
    found = (magic, codec, bits, frame, rate, weights)
    if found != HEADER.unpack(_header(None)[: HEADER.size])[:-1]:
        raise NotVoice(f"{path}: was made by another codec or other weights than these (Lyra V2)")
    return Header(rate, frame, None if samples == NOT_KNOWN else samples)


def _packets(file: BinaryIO, path: Path, header: Header) -> Iterator[bytes]:
    done = 0

    def seconds() -> float:
        return done * header.frame / header.rate

    with file:
        while start := file.read(CHUNK.size):
            packets = _chunk(file, start)
            if packets is None:
                raise NotVoice(
                    f"{path}: is damaged or cut off after {seconds():.1f} s; what comes before that is kept",
                    seconds(),
                )
            yield from packets
            done += len(packets)
    if header.samples is None or done * header.frame < header.samples:
        raise NotVoice(f"{path}: is cut off after {seconds():.1f} s", seconds())


def _chunk(file: BinaryIO, start: bytes) -> list[bytes] | None:
    """None for one that is damaged, or not whole."""
    if len(start) < CHUNK.size:
        return None
    count, size = CHUNK.unpack(start)
    data = file.read(min(size, MOST_BYTES))
    total = file.read(SUM.size)
    if len(total) < SUM.size or SUM.unpack(total)[0] != zlib.crc32(start + data):
        return None
    packets, at = [], 0
    for _ in range(count):
        if at < size and data[at] & COUNT > _lyra_books.BOOKS:
            return None
        end = at + nbytes(data[at] & COUNT, _lyra_books.BITS) if at < size else size + 1
        packets.append(data[at:end])
        at = end
    return packets if at == size else None
