"""The two ends of a call, and the .wav sink, without a process of their own: what they refuse, and how."""

import shutil
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from shm.lease import Lease
from tests.workers.one_process import host, open_slot
from tests.workers.small_disk import small_disk
from workers.sinks import _callee, wav
from workers.sinks._wav import WavFile
from workers.sinks.call import Call
from workers.sinks.call import Settings as CallTo
from workers.sound._reading import read_whole
from workers.voice import Settings as Voice
from workers.voice._codecs import LYRA, SOUNDSTREAM, weights_of
from workers.voice._lyra import WEIGHTS
from workers.voice._manifest import BUILT_IN_FOLDER, MODELS, OWN_BOOKS
from workers.voice._packets import BEGINS, LOST, pack
from workers.voice._rtp import (
    NO_PACKET,
    OTHER_CODEC,
    OTHER_WEIGHTS,
    OTHER_WORDS,
    REPLAYED,
    Sealing,
    words_in,
)
from workers.voice._streams import QUIET
from workers.voice.receive import BESIDE, Receive
from workers.voice.receive import Settings as From
from workers.worker import CannotWork

PACKET = pack(np.arange(16, dtype=np.int32) % 16, 4, begins=False)


def receiver(told: list[Any] | None = None, **settings: Any) -> Receive:
    key = settings.pop("key", "")
    worker = Receive(SimpleNamespace(receive=From(**settings), voice=Voice(key=key)), host(told))
    worker.open()
    return worker


def caller(to: str, key: str = "") -> Call:
    worker = Call(SimpleNamespace(call=CallTo(to=to), voice=Voice(key=key)), host())
    worker.open()
    return worker


def sealed(words: str) -> Sealing:
    return Sealing(words, LYRA, WEIGHTS)


@pytest.fixture
def words(tmp_path: Path) -> str:
    """The file that both ends have."""
    (tmp_path / "words.txt").write_text(" blue\nhorse \n")
    return str(tmp_path / "words.txt")


def test_contract_other_machines_are_refused_without_words_that_both_know(words: str) -> None:
    with pytest.raises(CannotWork, match=r"voice\.key is not set"):
        caller("192.0.2.1:1124")
    with pytest.raises(CannotWork, match=r"voice\.key is not set"):
        receiver(port=0, host="0.0.0.0")
    caller("192.0.2.1:1124", words).close()
    receiver(port=0, host="0.0.0.0", key=words).close()


@pytest.mark.parametrize("text", [None, "short", "\xff\xfe bytes"])
def test_contract_words_that_cannot_be_used_are_said(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "words.txt").write_bytes(text.encode("latin-1"))
    for end in (lambda key: caller("127.0.0.1:1124", key), lambda key: receiver(port=0, key=key)):
        with pytest.raises(CannotWork, match=r"voice\.key: .*words\.txt"):
            end(str(tmp_path / "words.txt"))


@pytest.mark.parametrize(
    "data",
    [
        "caf\u00e9 horse blue".encode(),
        "cafe\u0301 horse blue\n".encode(),
        "\ufeffcaf\u00e9 horse\r\nblue\r\n".encode(),
        "\ufeffcafe\u0301\u00a0horse\tblue ".encode("utf-16-le"),
        "\ufeffcaf\u00e9 horse blue".encode("utf-16-be"),
    ],
    ids=["plain", "mac", "notepad", "powershell", "big"],
)
def test_contract_the_same_words_are_the_same_whatever_wrote_them(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "words.txt"
    file.write_bytes(data)
    assert words_in(str(file), "voice.key") == "caf\u00e9 horse blue"


@pytest.mark.parametrize("to", ["", "nowhere", "no.such.host.invalid:1124"])
def test_contract_an_address_that_cannot_be_is_said(to: str) -> None:
    with pytest.raises(CannotWork, match=r"call\.to: "):
        caller(to)


BOTH = {"::1": socket.AF_INET6, "127.0.0.1": socket.AF_INET, "127.0.0.2": socket.AF_INET}


def named(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """What every name means from now on."""
    found = [(BOTH[one], socket.SOCK_DGRAM, 17, "", one) for one in addresses]

    def answer(host: str, port: int, **_: Any) -> list[Any]:
        if not found:
            raise socket.gaierror(-3, "Temporary failure in name resolution")
        return [
            (*rest, (one, port, 0, 0) if rest[0] == socket.AF_INET6 else (one, port)) for *rest, one in found
        ]

    monkeypatch.setattr(socket, "getaddrinfo", answer)


@contextmanager
def listening(*hosts: str) -> Iterator[list[socket.socket]]:
    """At one port."""
    with ExitStack() as held:
        ears = [held.enter_context(socket.socket(BOTH[host], socket.SOCK_DGRAM)) for host in hosts]
        for ear, host in zip(ears, hosts, strict=True):
            ear.settimeout(20)
            ear.bind((host, ears[0].getsockname()[1] if ear is not ears[0] else 0))
        yield ears


def said(worker: Call, number: int) -> None:
    lease = SimpleNamespace(frame=np.frombuffer(PACKET, np.uint8), info=SimpleNamespace(seq=number))
    worker.process(cast(Lease, lease))


def test_contract_a_name_with_addresses_of_both_kinds_is_called_at_that_of_ipv4(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    named(monkeypatch, "::1", "127.0.0.1")
    with listening("127.0.0.1") as (ear,):
        worker = caller(f"localhost:{ear.getsockname()[1]}")
        try:
            said(worker, 1)
            assert ear.recv(100)
        finally:
            worker.close()


def test_contract_an_address_that_cannot_be_reached_leaves_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    named(monkeypatch, "::1", "127.0.0.1")
    with listening("::1") as (ear,):
        worker = caller(f"localhost:{ear.getsockname()[1]}")
        try:
            worker._sockets[socket.AF_INET] = socket.socket()  # of a machine without IPv4: sending fails
            for number in range(3):
                said(worker, number)
                assert ear.recv(100)
        finally:
            worker.close()


def test_contract_a_name_that_means_another_address_by_now_is_followed(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    monkeypatch.setattr(_callee, "LOOK_AGAIN", 0.0)
    named(monkeypatch, "127.0.0.1")
    with listening("127.0.0.1", "127.0.0.2") as (ear, other):
        worker = caller(f"localhost:{ear.getsockname()[1]}")
        try:
            said(worker, 0)
            assert ear.recv(100)
            for addresses, words in (((), "it stays with 127.0.0.1"), (("127.0.0.2",), "at 127.0.0.2 now")):
                named(monkeypatch, *addresses)
                for number in range(1, 1000):
                    said(worker, number)
                    if words in caplog.text:
                        break
                    time.sleep(0.02)
                assert caplog.text.count(words) == 1
            assert other.recv(100)
        finally:
            worker.close()


def test_contract_a_port_that_is_taken_is_said() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(CannotWork, match="in use"):
            receiver(port=taken.getsockname()[1])


def test_contract_rubbish_is_counted_and_what_is_said_meanwhile_is_heard(words: str) -> None:
    told: list[Any] = []
    worker, sealing, random = receiver(told, port=0, key=words), sealed("blue horse"), np.random
    try:
        place = worker._socket.getsockname()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for number in range(6):
                for size in (0, 5, 13, 40, 1600, 9000):
                    sender.sendto(random.bytes(size), place)
                sender.sendto(sealed("other words").datagram(3, number, 320 * number, PACKET), place)
                sender.sendto(sealing.datagram(3, number, 320 * number, b"\x7f" + PACKET), place)  # 127 books
                sender.sendto(sealing.datagram(9, number, 320 * number, PACKET), place)
                worker._read()
        heard = [_next(worker) for _ in range(5)]
    finally:
        worker.close()
    assert heard[0] == bytes([PACKET[0] | BEGINS]) + PACKET[1:]
    assert heard[1:] == [PACKET] * 4
    assert worker._wrong == 6 * 8
    assert _next(worker) == LOST, "not waited for"
    assert {"kind": "ready"} in told


def test_contract_each_reason_for_which_packets_are_dropped_is_told_once(
    words: str, caplog: pytest.LogCaptureFixture
) -> None:
    worker, place = receiver(port=0, key=words), ("127.0.0.1", 0)
    try:
        place = worker._socket.getsockname()
        heard = sealed("blue horse").datagram(3, 0, 0, PACKET)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for number in range(3):
                packet = (3, number, 320 * number, PACKET)
                sender.sendto(b"GET / HTTP/1.1", place)
                sender.sendto(sealed("other words").datagram(*packet), place)
                sender.sendto(Sealing("blue horse", SOUNDSTREAM, WEIGHTS).datagram(*packet), place)
                sender.sendto(Sealing("blue horse", LYRA, b"them").datagram(*packet), place)
                sender.sendto(heard, place)
                worker._read()
    finally:
        worker.close()
    told = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    reasons = (NO_PACKET, OTHER_WORDS, OTHER_CODEC, OTHER_WEIGHTS, REPLAYED)
    assert told == [f"what comes from 127.0.0.1 is dropped: {reason}" for reason in reasons]


def test_contract_two_who_speak_at_once_are_told_and_the_first_is_heard(
    caplog: pytest.LogCaptureFixture,
) -> None:
    worker, sealing = receiver(port=0), sealed("")
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for number in range(80):
                for ssrc in (3, 9):
                    datagram = sealing.datagram(ssrc, number, 320 * number, PACKET)
                    sender.sendto(datagram, worker._socket.getsockname())
                worker._read()
    finally:
        worker.close()
    told = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert told == [f"what comes from 127.0.0.1 is dropped: {BESIDE}"]


def test_contract_weights_of_another_training_are_told_apart(tmp_path: Path) -> None:
    folder = tmp_path / "trained"
    shutil.copytree(BUILT_IN_FOLDER, folder)
    ours, same = (Voice(codec="soundstream", weights=where) for where in ("", str(folder)))
    assert weights_of(ours) == weights_of(same)
    books = folder / MODELS[OWN_BOOKS].file
    changed = bytearray(books.read_bytes())
    changed[1000] ^= 1
    books.write_bytes(changed)
    assert len({weights_of(ours), weights_of(same), weights_of(Voice())}) == 3
    books.unlink()
    with pytest.raises(CannotWork, match=r"voice\.weights: .*books\.bin cannot be read"):
        weights_of(same)


def test_contract_a_packet_with_more_in_it_than_belongs_there_is_dropped(words: str) -> None:
    """It would not fit into the ring."""
    worker, sealing = receiver(port=0, key=words), sealed("blue horse")
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for number in range(6):
                for data in (PACKET, PACKET + bytes(1000)):
                    datagram = sealing.datagram(3 if data == PACKET else 4, number, 320 * number, data)
                    sender.sendto(datagram, worker._socket.getsockname())
                worker._read()
        assert [_next(worker) for _ in range(5)][1:] == [PACKET] * 4
        assert worker._wrong == 6
    finally:
        worker.close()


def test_contract_a_call_comes_back_after_the_line_was_away_for_long() -> None:
    worker, sealing = receiver(port=0), sealed("")
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for first in (0, 600):  # 12 s later, by the sender's clock
                time.sleep(2 * QUIET)
                for number in range(first, first + 6):
                    datagram = sealing.datagram(3, number, 320 * number, PACKET)
                    sender.sendto(datagram, worker._socket.getsockname())
                    worker._read()
                heard = [_next(worker) for _ in range(5)]
                assert heard == [bytes([PACKET[0] | BEGINS]) + PACKET[1:], *[PACKET] * 4]
    finally:
        worker.close()


def _next(worker: Receive) -> bytes:
    slot = open_slot(100)
    assert worker.process(slot) is not None
    return bytes(slot._memory[: slot.shape[0]])


# The .wav file ------------------------------------------------------------------------------------------


def test_contract_a_recording_can_be_played_after_a_crash_and_is_gone_on_with(tmp_path: Path) -> None:
    path, pcm = tmp_path / "heard.wav", np.arange(3200, dtype=np.int16)
    first = WavFile(path, 16000)
    first.write(pcm)
    first.note_length()
    first.write(pcm)  # and then it is killed
    assert np.array_equal(read_whole(str(path), 16000), pcm)
    second = WavFile(path, 16000)
    second.write(pcm)
    second.close()
    assert np.array_equal(read_whole(str(path), 16000), np.tile(pcm, 3))
    assert struct.unpack_from("<I", path.read_bytes(), 4)[0] == path.stat().st_size - 8


def test_contract_of_a_full_disk_what_is_written_can_be_played_and_it_goes_on_when_there_is_room(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wav, "LOOK_AGAIN", 0.0)
    info = SimpleNamespace(colour="16000 Hz")
    sound: Any = SimpleNamespace(frame=np.arange(315, dtype=np.int16), info=info)  # no part of a page
    with small_disk(tmp_path, free=50_000) as place:
        worker = wav.Wav(SimpleNamespace(wav=wav.Settings(str(place / "heard.wav"))), host())
        worker.open()
        for _ in range(200):
            worker.process(sound)
        told = f"wav.path: {place / 'heard.wav'}: No space left on device; what is written stays, "
        assert [record.getMessage() for record in caplog.records] == [told + "and it goes on when it can"]
        before = len(read_whole(str(place / "heard.wav"), 16000))
        assert before == ((place / "heard.wav").stat().st_size - 44) // 2 > 100 * 200
        (place / "other").unlink()
        for _ in range(10):
            worker.process(sound)
        worker.close()
        heard = read_whole(str(place / "heard.wav"), 16000)
        assert len(heard) == before + 10 * 315
        assert np.array_equal(heard[-315:], sound.frame)


def test_contract_a_recording_that_cannot_even_begin_leaves_no_file(tmp_path: Path) -> None:
    with small_disk(tmp_path, free=0) as place:
        with pytest.raises(OSError, match="No space left"):
            WavFile(place / "heard.wav", 16000)
        assert not (place / "heard.wav").exists()


@pytest.mark.parametrize("start", [b"", b"a letter to my mother", bytes(200)])
def test_contract_what_is_no_recording_of_ours_is_left_alone(tmp_path: Path, start: bytes) -> None:
    path = tmp_path / "letter.wav"
    path.write_bytes(start)
    with pytest.raises(OSError, match="is there already"):
        WavFile(path, 16000)
    assert path.read_bytes() == start
