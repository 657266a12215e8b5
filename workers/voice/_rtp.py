"""Packets on their way between machines: RTP (RFC 3550), and with a key nobody else can read or make them.

The payload is a stamp and a packet as it is in the ring (_packets.py). The stamp names the weights, for
others would make noise of the packet, and says when it was sent, so that a recording cannot be sent again.
With a key both are sealed by ChaCha20-Poly1305 together with the header; (ssrc, timestamp) is never used
twice, since a sender takes a new ssrc at its start and long before its timestamps come round.
"""

import codecs
import hashlib
import struct
import time
import unicodedata
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from workers.voice._codecs import CODECS, Codec
from workers.voice._replays import APART, Replays

VERSION, MARKER = 0x80, 0x80
HEADER = struct.Struct(">BBHII")
STAMP = struct.Struct(">4sI")
SECONDS = 1 << 32  # after which the stamp's come round
LONGEST = 1500  # bytes; a larger datagram is none of ours
SALT = b"stereoring voice"
FEWEST = 8  # letters of the words that both ends know
KINDS = {codec.kind for codec in CODECS.values()}

NO_PACKET = "it is no packet of speech"
OTHER_WORDS = "the words in voice.key do not open it: the other end has others, or none"
OTHER_CODEC = "the other end has another voice.codec; both need the same"
OTHER_WEIGHTS = "the other end has other weights (voice.weights) or another version; both need the same"
OPEN_HERE = OTHER_WEIGHTS + ", or it has words (voice.key) and this one none"
OTHER_TIME = (
    f"it was sent more than {APART // 60} minutes ago, or later than now: set the clocks of both machines, "
    "unless somebody sends a recording"
)
REPLAYED = "it was here before: the line brings it twice, or somebody sends a recording"


class Refused(Exception):
    """Why a datagram is not taken: one of the texts above."""


class Arrived(NamedTuple):
    ssrc: int
    number: int
    timestamp: int
    payload: bytes


class Sealing:
    """Both ends make the same out of the same words. No words: the packets are open, and nobody looks whether
    they were here before. `weights` are the four bytes that name them."""

    def __init__(self, words: str, codec: Codec, weights: bytes) -> None:
        self._codec, self._weights, self._replays = codec, weights, Replays(codec.frame)
        key = hashlib.scrypt(words.encode(), salt=SALT, n=1 << 14, r=8, p=1, dklen=32) if words else None
        self._cipher = ChaCha20Poly1305(key) if key else None

    def datagram(self, ssrc: int, number: int, timestamp: int, payload: bytes) -> bytes:
        header = HEADER.pack(VERSION, self._codec.kind, number & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc)
        stamped = STAMP.pack(self._weights, int(time.time()) % SECONDS) + payload
        if self._cipher is not None:
            stamped = self._cipher.encrypt(_nonce(header), stamped, header)
        return header + stamped

    def opened(self, datagram: bytes) -> Arrived:
        """Raises Refused."""
        if not HEADER.size + STAMP.size < len(datagram) <= LONGEST:
            raise Refused(NO_PACKET)
        header = datagram[: HEADER.size]
        version, kind, number, timestamp, ssrc = HEADER.unpack(header)
        if version != VERSION or kind & ~MARKER not in KINDS:
            raise Refused(NO_PACKET)
        stamped = self._unsealed(header, datagram[HEADER.size :])
        if kind & ~MARKER != self._codec.kind:
            raise Refused(OTHER_CODEC)
        weights, sent = STAMP.unpack_from(stamped)
        if weights != self._weights:
            raise Refused(OPEN_HERE if self._cipher is None else OTHER_WEIGHTS)
        if self._cipher is not None:
            self._require_new(ssrc, timestamp, sent)
        return Arrived(ssrc, number, timestamp, stamped[STAMP.size :])

    def _unsealed(self, header: bytes, sealed: bytes) -> bytes:
        if self._cipher is None:
            return sealed
        try:
            return self._cipher.decrypt(_nonce(header), sealed, header)
        except InvalidTag:
            raise Refused(OTHER_WORDS) from None

    def _require_new(self, ssrc: int, timestamp: int, sent: int) -> None:
        ago = (int(time.time()) - sent + SECONDS // 2) % SECONDS - SECONDS // 2
        if abs(ago) > APART:
            raise Refused(OTHER_TIME)
        if not self._replays.is_new(ssrc, timestamp, time.monotonic()):
            raise Refused(REPLAYED)


def _nonce(header: bytes) -> bytes:
    return bytes(4) + header[4:]  # timestamp and ssrc


def words_in(file: str, setting: str) -> str:
    """Of the file that `setting` names; none for no file. The same words are the same, whatever wrote them:
    Windows marks how its text is encoded, a Mac may write é as two letters. Raises ValueError."""
    if not file:
        return ""
    try:
        text = _text_of(Path(file).read_bytes())
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{setting}: {file} cannot be read: {error}") from error
    words = " ".join(unicodedata.normalize("NFC", text).split())
    if len(words) < FEWEST:
        raise ValueError(f"{setting}: {file} has to have {FEWEST} letters at least")
    return words


def _text_of(data: bytes) -> str:
    """Raises UnicodeDecodeError."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):  # as PowerShell's `>` writes it
        return data.decode("utf-16")
    return data.decode("utf-8-sig")


def address(text: str, setting: str) -> tuple[str, int]:
    """HOST:PORT. Raises ValueError."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError(f"{setting}: {text!r} is no HOST:PORT")
    return host.strip("[]"), int(port)


def require_sealing(words: str, host: str, what: str) -> None:
    """Nothing goes open to other machines or comes from them. Raises ValueError; `what` names the host."""
    if not words and not is_this_machine(host):
        raise ValueError(
            f"{what}, and voice.key is not set: write some words into a file that both ends have"
        )


def is_this_machine(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")
