"""The words of RTMP: AMF0, as far as servers of streams use it."""

import struct
from typing import Any

NUMBER, BOOLEAN, TEXT, OBJECT, NULL, UNDEFINED, ARRAY, END = 0, 1, 2, 3, 5, 6, 8, 9
_NAMED_END = b"\0\0" + bytes([END])


def encoded(*values: object) -> bytes:
    """Numbers, texts, objects (as dicts) and None, one after the other."""
    return b"".join(map(_encoded, values))


def _encoded(value: object) -> bytes:
    if value is None:
        return bytes([NULL])
    if isinstance(value, str):
        return bytes([TEXT]) + _text(value)
    if isinstance(value, dict):
        return bytes([OBJECT]) + b"".join(_text(name) + _encoded(value[name]) for name in value) + _NAMED_END
    assert isinstance(value, int | float)
    return struct.pack(">Bd", NUMBER, value)


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack(">H", len(data)) + data


def decoded(data: bytes) -> list[Any]:
    """Raises ValueError for what is something else."""
    values, at = [], 0
    try:
        while at < len(data):
            value, at = _decoded(data, at)
            values.append(value)
    except (struct.error, IndexError) as error:
        raise ValueError("the server's answer ends too soon") from error
    return values


def _decoded(data: bytes, at: int) -> tuple[Any, int]:
    kind, at = data[at], at + 1
    if kind == NUMBER:
        return struct.unpack_from(">d", data, at)[0], at + 8
    if kind == BOOLEAN:
        return bool(data[at]), at + 1
    if kind == TEXT:
        return _read_text(data, at)
    if kind in (NULL, UNDEFINED):
        return None, at
    if kind in (OBJECT, ARRAY):
        return _read_object(data, at + 4 if kind == ARRAY else at)
    raise ValueError(f"the server's answer has a value of kind {kind}")


def _read_text(data: bytes, at: int) -> tuple[str, int]:
    (length,) = struct.unpack_from(">H", data, at)
    return data[at + 2 : at + 2 + length].decode(errors="replace"), at + 2 + length


def _read_object(data: bytes, at: int) -> tuple[dict[str, Any], int]:
    found = {}
    while data[at : at + 3] != _NAMED_END:
        name, at = _read_text(data, at)
        found[name], at = _decoded(data, at)
    return found, at + 3
