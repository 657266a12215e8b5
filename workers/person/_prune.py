"""Takes from a TFLite model what leads to outputs that nobody wants.

The pose networks draw a mask of 256 x 256 besides, which takes a third of their time. In the file (a
FlatBuffer) an operator is a place in a vector; what is not needed is left out of it, and nothing else
changes.
"""

import struct
from collections.abc import Sequence

SUBGRAPHS, INPUTS_OF, OUTPUTS_OF = 2, 1, 2  # fields of a model, and of an operator
OUTPUTS, OPERATORS = 2, 3  # fields of a subgraph


def without_output(model: bytes, unwanted: int) -> bytes:
    """Without its output of this number. The others keep their order."""
    data = bytearray(model)
    graph = _targets(data, _field(data, _follow(data, 0), SUBGRAPHS))[0]
    outputs_at, operators_at = _field(data, graph, OUTPUTS), _field(data, graph, OPERATORS)
    outputs = _numbers(data, outputs_at)
    del outputs[unwanted]
    needed, kept = set(outputs), list[int]()
    for operator in reversed(_targets(data, operators_at)):  # they stand in the order in which they run
        if needed.intersection(_numbers(data, _field(data, operator, OUTPUTS_OF))):
            needed.update(_numbers(data, _field(data, operator, INPUTS_OF)))
            kept.insert(0, operator)
    _write(data, outputs_at, outputs)
    first = operators_at + 4
    _write(data, operators_at, [target - (first + 4 * k) for k, target in enumerate(kept)])
    return bytes(data)


def _follow(data: bytearray, at: int) -> int:
    """Where an offset leads to."""
    return at + int(struct.unpack_from("<I", data, at)[0])


def _field(data: bytearray, table: int, number: int) -> int:
    """Where the vector in this field of a table is."""
    layout = table - int(struct.unpack_from("<i", data, table)[0])
    return _follow(data, table + int(struct.unpack_from("<H", data, layout + 4 + 2 * number)[0]))


def _numbers(data: bytearray, vector: int) -> list[int]:
    (length,) = struct.unpack_from("<I", data, vector)
    return list(struct.unpack_from(f"<{length}i", data, vector + 4))


def _targets(data: bytearray, vector: int) -> list[int]:
    (length,) = struct.unpack_from("<I", data, vector)
    return [_follow(data, vector + 4 + 4 * k) for k in range(length)]


def _write(data: bytearray, vector: int, numbers: Sequence[int]) -> None:
    struct.pack_into(f"<I{len(numbers)}i", data, vector, len(numbers), *numbers)
