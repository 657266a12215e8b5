"""Packets on their way between machines: RTP (RFC 3550), and with a key nobody else can read or make them.

The payload is a packet as it is in the ring (_packets.py). With a key it is sealed by ChaCha20-Poly1305
together with its header; (ssrc, timestamp) is never used twice, since a sender takes a new ssrc at its start
and long before its timestamps come round.
"""

import codecs
import hashlib
import struct
import unicodedata
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

VERSION, MARKER = 0x80, 0x80
HEADER = struct.Struct(">BBHII")
LONGEST = 1500  # bytes; a larger datagram is none of ours
SALT = b"stereoring voice"


FEWEST = 8  # letters of the words that both ends know


class Arrived(NamedTuple):
    ssrc: int
    number: int
    timestamp: int
    payload: bytes


class Sealing:
    """Both ends make the same out of the same words. No words: the packets are open. `kind` is the payload's
    type, which says what codec it is."""

    def __init__(self, words: str, kind: int) -> None:
        self._kind = kind
        key = hashlib.scrypt(words.encode(), salt=SALT, n=1 << 14, r=8, p=1, dklen=32) if words else None
        self._cipher = ChaCha20Poly1305(key) if key else None

    def datagram(self, ssrc: int, number: int, timestamp: int, payload: bytes) -> bytes:
        header = HEADER.pack(VERSION, self._kind, number & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc)
        if self._cipher is not None:
            payload = self._cipher.encrypt(_nonce(header), payload, header)
        return header + payload

    def opened(self, datagram: bytes) -> Arrived | None:
        """None for what is none of ours, or not from who has the key."""
        if not HEADER.size < len(datagram) <= LONGEST:
            return None
        header, payload = datagram[: HEADER.size], datagram[HEADER.size :]
        version, kind, number, timestamp, ssrc = HEADER.unpack(header)
        if version != VERSION or kind & ~MARKER != self._kind:
            return None
        if self._cipher is not None:
            try:
                payload = self._cipher.decrypt(_nonce(header), payload, header)
            except InvalidTag:
                return None
        return Arrived(ssrc, number, timestamp, payload)


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
