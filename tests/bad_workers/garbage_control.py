"""A sink that sends rubbish to the launcher on its control socket; which, is in the worker's name.

Outcome: it is killed and started again, by name, until it is "failed"; the launcher and everybody else
take no harm.
"""

import json
import logging
import os
import socket
import struct

from shm.lease import Lease
from workers.worker import Worker


def framed(data: bytes) -> bytes:
    return struct.pack("<I", len(data)) + data


def message(**fields: object) -> bytes:
    return framed(json.dumps({"fds": 0, **fields}).encode())


RUBBISH: dict[str, bytes] = {
    "noise": bytes(range(256)) * 4,
    "huge_length": struct.pack("<I", 0x7FFF_FFFF) + b"x" * 100,
    "not_json": framed(b"{'kind': ready"),
    "not_text": framed(b"\xff\xfe\x00"),
    "a_list": framed(b"[1, 2, 3]"),
    "a_number": framed(b"17"),
    "deep": framed(b"[" * 50_000),
    "no_kind": message(text="hello"),
    "unknown_kind": message(kind="make_coffee"),
    "fds_is_text": framed(b'{"kind": "ready", "fds": "many"}'),
    "log_without_text": message(kind="log", level=20, time=0.0),
    "log_level_is_text": message(kind="log", level="high", time=0.0, text="hello"),
    "log_time_is_text": message(kind="log", level=50, time="noon", text="hello"),
    "larger_is_text": message(kind="too_large", ring="picture", nbytes="a lot"),
    "larger_is_a_part": message(kind="too_large", ring="picture", nbytes=1e9 + 0.5),
    "larger_of_no_ring": message(kind="too_large", ring="moon", nbytes=1_000_000),
    "larger_of_another_s_ring": message(kind="too_large", ring="frame", nbytes=10_000_000),
    "looking_is_text": message(kind="looking", rings="picture"),
    "set_without_value": message(kind="set", section="stereo", key="strength"),
    "set_what_is_not_there": message(kind="set", section="stereo", key="__class__", value=1),
    "set_what_it_does_not_see": message(kind="set", section="kitchen", key="light", value=True),
    "quit_without_a_reason": message(kind="quit"),
    "corrupt_no_ring": message(kind="corrupt", ring="moon"),
    "corrupt_ring_is_a_list": message(kind="corrupt", ring=["picture"]),
}


class GarbageControl(Worker):
    reads = "picture"

    def process(self, picture: Lease) -> None:
        from multiprocessing import current_process

        control: socket.socket = logging.getLogger().handlers[0]._control._end  # type: ignore[attr-defined]
        control.setblocking(True)
        name = current_process().name
        if name == "descriptors":  # well-formed, with files nobody asked for
            with open(os.devnull) as file:
                for _ in range(20):
                    socket.send_fds(control, [message(kind="ready", fds=1)], [file.fileno()])
        elif name == "flood":  # as much as the launcher will take
            while True:
                control.sendall(message(kind="ready") * 1000)
        else:
            control.sendall(RUBBISH[name])
