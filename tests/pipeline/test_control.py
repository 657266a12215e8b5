"""The control queue on real socket pairs, against peers that stop, die and talk rubbish."""

import json
import logging
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from pipeline.child import ControlLogHandler
from pipeline.control import MAX_BYTES, MAX_QUEUED, Channel, ControlError, Message
from tests.pipeline.running import until

pytestmark = [pytest.mark.timeout(60), pytest.mark.usefixtures("collected")]


@pytest.fixture
def pair() -> Iterator[tuple[Channel, Channel]]:
    """The launcher's end and the worker's."""
    ours, theirs = Channel.pair()
    channels = ours, Channel(theirs)
    yield channels
    for channel in channels:
        channel.close()


@pytest.fixture
def raw() -> Iterator[tuple[Channel, socket.socket]]:
    """The launcher's end, and a socket on which anything can be sent."""
    channel, end = Channel.pair()
    yield channel, end
    channel.close()
    end.close()


def framed(data: bytes) -> bytes:
    return struct.pack("<I", len(data)) + data


def packet(**message: object) -> bytes:
    return framed(json.dumps({"fds": 0, **message}).encode())


def kinds(channel: Channel) -> list[str]:
    return [message["kind"] for message, _ in channel.receive()]


def fill(channel: Channel) -> int:
    """Send until the socket takes no more and one message waits in the queue; how many went."""
    sent = 0
    while not channel._queue:
        channel.send({"kind": "filler", "text": "x" * 10_000})
        sent += 1
    return sent


def pumped(sender: Channel, receiver: Channel) -> list[Message]:
    """All that is on the way."""
    received: list[Message] = []
    while True:
        sender.flush()
        messages = receiver.receive()
        if not messages and not sender._queue:
            return received
        received += [message for message, _ in messages]


def open_fds() -> int:
    return len(os.listdir("/proc/self/fd"))


# Framing ------------------------------------------------------------------------------------------------


def test_contract_what_is_sent_arrives_in_order(pair: tuple[Channel, Channel]) -> None:
    ours, theirs = pair
    for i in range(100):
        ours.send({"kind": "count", "value": i, "text": "größer ▶"})
    assert pumped(ours, theirs) == [{"kind": "count", "value": i, "text": "größer ▶"} for i in range(100)]
    theirs.send({"kind": "ready"})
    assert kinds(ours) == ["ready"]


def test_contract_messages_split_at_every_byte_are_put_together_again(
    raw: tuple[Channel, socket.socket],
) -> None:
    channel, end = raw
    data = packet(kind="one", text="ä") + packet(kind="two")
    for at in range(len(data) + 1):
        got = []
        for part in (data[:at], data[at:]):
            if part:
                end.sendall(part)
            got += kinds(channel)
        assert got == ["one", "two"], f"split at byte {at}"


def test_contract_a_message_that_comes_byte_by_byte_is_one_message(
    raw: tuple[Channel, socket.socket],
) -> None:
    channel, end = raw
    got: list[str] = []
    for byte in packet(kind="slow"):
        assert not got
        end.sendall(bytes([byte]))
        got = kinds(channel)
    assert got == ["slow"]


def test_contract_the_largest_message_passes_and_one_byte_more_is_refused(
    pair: tuple[Channel, Channel],
) -> None:
    ours, theirs = pair
    room = MAX_BYTES - len(json.dumps({"kind": "text", "text": "", "fds": 0}))
    ours.send({"kind": "text", "text": "x" * room})
    assert len(pumped(ours, theirs)[0]["text"]) == room
    with pytest.raises(
        ControlError, match=f"a text message of {MAX_BYTES + 1} bytes; at most {MAX_BYTES} fit"
    ):
        ours.send({"kind": "text", "text": "x" * (room + 1)})
    ours.send({"kind": "after"})
    assert [message["kind"] for message in pumped(ours, theirs)] == ["after"]


@pytest.mark.parametrize("length", [MAX_BYTES + 1, 0x7FFF_FFFF, 0xFFFF_FFFF])
def test_contract_a_length_beyond_the_limit_is_refused_at_once(
    raw: tuple[Channel, socket.socket], length: int
) -> None:
    channel, end = raw
    end.sendall(struct.pack("<I", length))
    with pytest.raises(ControlError, match=f"a message of {length} bytes"):
        channel.receive()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"null",
        b"17",
        b"[]",
        b'"ready"',
        b"\xff\xfe",
        b"{}",
        b'{"kind": "ready"}',
        b'{"fds": 0}',
        b'{"kind": 3, "fds": 0}',
        b'{"kind": "ready", "fds": "1"}',
        b'{"kind": "ready", "fds": null}',
        b"[" * 60_000,
    ],
    ids=repr,
)
def test_contract_what_is_no_message_is_an_error_and_nothing_else(
    raw: tuple[Channel, socket.socket], data: bytes
) -> None:
    channel, end = raw
    end.sendall(framed(data))
    with pytest.raises(ControlError):
        channel.receive()


def test_contract_messages_before_rubbish_still_count(raw: tuple[Channel, socket.socket]) -> None:
    channel, end = raw
    end.sendall(packet(kind="log") + packet(kind="too_large") + framed(b"rubbish"))
    assert kinds(channel) == ["log", "too_large"]
    with pytest.raises(ControlError):
        channel.receive()


# The queue ----------------------------------------------------------------------------------------------


def test_contract_the_queue_is_bounded_and_says_so(pair: tuple[Channel, Channel]) -> None:
    ours, _ = pair
    fill(ours)
    while len(ours._queue) < 2 * MAX_QUEUED:
        ours.send({"kind": "count"})
    for _ in range(3):
        with pytest.raises(ControlError, match=f"{2 * MAX_QUEUED} messages are waiting; the other side has"):
            ours.send({"kind": "count"})
    assert len(ours._queue) == 2 * MAX_QUEUED


def test_contract_of_messages_with_one_key_the_last_one_arrives(pair: tuple[Channel, Channel]) -> None:
    ours, theirs = pair
    filler = fill(ours)
    for i in range(10 * MAX_QUEUED):
        for key in ("fps", "layout"):
            ours.send({"kind": "settings", "key": key, "value": i}, key=key)
    received = pumped(ours, theirs)[filler:]
    assert [(message["key"], message["value"]) for message in received] == [
        ("fps", 10 * MAX_QUEUED - 1),
        ("layout", 10 * MAX_QUEUED - 1),
    ]


def test_contract_a_message_that_has_begun_is_not_replaced(pair: tuple[Channel, Channel]) -> None:
    """Half of it is with the other side already; the rest has to follow."""
    ours, theirs = pair
    ours._end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    large = "x" * 50_000
    ours.send({"kind": "settings", "value": 1, "text": large}, key="fps")
    assert ours._queue[0].begun
    ours.send({"kind": "settings", "value": 2}, key="fps")
    ours.send({"kind": "settings", "value": 3}, key="fps")
    assert [message["value"] for message in pumped(ours, theirs)] == [1, 3]


def test_contract_logs_are_dropped_counted_and_leave_room_for_the_rest(pair: tuple[Channel, Channel]) -> None:
    ours, theirs = pair
    fill(theirs)
    already = len(theirs._queue)
    for i in range(1000):
        theirs.send({"kind": "log", "value": i})
    theirs.send({"kind": "ready"})
    assert theirs.take_dropped_logs() == 0, "there is no room yet to say so"
    received = pumped(theirs, ours)
    logs = [message["value"] for message in received if message["kind"] == "log"]
    assert logs == list(range(MAX_QUEUED - already)), "the first ones, in order"
    assert received[-1]["kind"] == "ready"
    assert theirs.take_dropped_logs() == 1000 - len(logs)
    assert theirs.take_dropped_logs() == 0


def test_contract_a_flood_is_read_in_portions(raw: tuple[Channel, socket.socket]) -> None:
    """Somebody who pours faster than we read must not keep us for ever."""
    channel, end = raw
    flood = subprocess.Popen(
        [sys.executable, "-c", FLOOD, str(end.fileno())], pass_fds=[end.fileno()], stderr=subprocess.DEVNULL
    )
    try:
        until(lambda: kinds(channel), "it has begun")
        for _ in range(20):
            assert len(kinds(channel)) < 1_000_000
            assert len(channel._received) < 64 * MAX_BYTES
    finally:
        flood.kill()
        flood.wait()


def test_contract_log_lines_from_several_threads_at_once_stay_whole(pair: tuple[Channel, Channel]) -> None:
    """As from a server's threads; while the launcher reads, and the worker's own step sends and flushes."""
    ours, theirs = pair
    log = logging.Logger("threads")
    log.addHandler(ControlLogHandler(theirs))
    threads, lines = 8, 300

    def chat(number: int) -> None:
        for line in range(lines):
            log.warning("%d %d %s", number, line, str(number) * (100 * number))

    chatting = [threading.Thread(target=chat, args=(number,)) for number in range(1, threads + 1)]
    for thread in chatting:
        thread.start()
    received: list[Message] = []
    while any(thread.is_alive() for thread in chatting):
        theirs.send({"kind": "ready"})
        received += [message for message, _ in ours.receive()]
    received += pumped(theirs, ours)
    texts = [message["text"] for message in received if message["kind"] == "log"]
    dropped = [int(text.split()[0]) for text in texts if text.endswith("log lines were dropped here")]
    whole: dict[int, list[int]] = {number: [] for number in range(1, threads + 1)}
    for text in texts:
        if not text.endswith("log lines were dropped here"):
            number, line, blah = text.split()
            assert blah == number * (100 * int(number))
            whole[int(number)].append(int(line))
    for seen in whole.values():
        assert seen == sorted(set(seen)), "each thread's in order, and none twice"
    missing = threads * lines - sum(len(seen) for seen in whole.values())
    assert sum(dropped) + theirs.take_dropped_logs() == missing, "and every dropped one counted"


FLOOD = """
import json, socket, struct, sys
end = socket.socket(fileno=int(sys.argv[1]))
data = b'{"kind": "log", "fds": 0}'
end.setblocking(True)
while True:
    end.sendall((struct.pack("<I", len(data)) + data) * 10_000)
"""


# Peers that stop and die --------------------------------------------------------------------------------


def test_contract_a_peer_that_never_reads_is_never_waited_for(raw: tuple[Channel, socket.socket]) -> None:
    channel, end = raw
    peer = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], pass_fds=[end.fileno()])
    os.kill(peer.pid, signal.SIGSTOP)
    try:
        begin = time.monotonic()
        fill(channel)
        for i in range(5000):
            channel.send({"kind": "settings", "value": i}, key="fps")
            channel.send({"kind": "log", "text": "x" * 1000})
            channel.flush()
            assert channel.receive() == []
        assert time.monotonic() - begin < 50, "the watchdog: it takes a fraction of a second"
    finally:
        peer.kill()
        peer.wait()


def test_contract_a_peer_that_dies_in_the_middle_of_a_message_leaves_the_whole_ones(
    raw: tuple[Channel, socket.socket],
) -> None:
    channel, end = raw
    end.sendall(packet(kind="log", text="last words") + packet(kind="ready")[:-3])
    end.close()
    assert kinds(channel) == ["log"]
    assert channel.closed
    assert kinds(channel) == []


def test_contract_a_peer_that_dies_with_unread_messages_of_ours_still_has_its_last_words(
    raw: tuple[Channel, socket.socket],
) -> None:
    channel, end = raw
    channel.send({"kind": "settings", "value": 1})
    end.sendall(packet(kind="log", text="last words"))
    end.close()
    assert kinds(channel) == ["log"]
    assert kinds(channel) == []
    assert channel.closed


def test_contract_sending_to_a_peer_that_is_gone_is_noted_and_not_raised(
    raw: tuple[Channel, socket.socket],
) -> None:
    channel, end = raw
    fill(channel)
    with open(os.devnull) as file:
        channel.send({"kind": "segment"}, [file.fileno()])
        before = open_fds()
        end.close()
        channel.send({"kind": "settings", "value": 1})
        assert channel.closed
        assert not channel._queue
        assert open_fds() == before - 2, "the peer's end, and the copy of the descriptor that waited"
    for _ in range(3 * MAX_QUEUED):
        channel.send({"kind": "settings", "value": 1})


class Aborted(socket.socket):
    """Windows' pairs are TCP, where a peer that has died is also seen like this."""

    def send(self, *arguments: object) -> int:
        raise ConnectionAbortedError(10053, "An established connection was aborted")

    def recv(self, *arguments: object) -> bytes:
        raise ConnectionAbortedError(10053, "An established connection was aborted")


@pytest.mark.parametrize("what", ["send", "receive"])
def test_contract_a_connection_that_was_aborted_is_a_peer_that_is_gone(what: str) -> None:
    channel = Channel(Aborted(), takes_descriptors=False)
    if what == "send":
        channel.send({"kind": "settings"})
    else:
        assert channel.receive() == []
    assert channel.closed
    channel.close()


def test_contract_closing_twice_does_nothing(raw: tuple[Channel, socket.socket]) -> None:
    channel, _ = raw
    channel.close()
    channel.close()
    assert channel.closed


# Descriptors --------------------------------------------------------------------------------------------


def test_contract_descriptors_arrive_with_their_message(pair: tuple[Channel, Channel]) -> None:
    ours, theirs = pair
    made = []
    for i in range(5):
        fd = os.memfd_create(f"test-{i}", os.MFD_CLOEXEC)
        os.write(fd, f"segment {i}".encode())
        made.append(fd)
    ours.send({"kind": "settings"})
    ours.send({"kind": "segment", "which": [0]}, made[:1])
    ours.send({"kind": "settings"})
    ours.send({"kind": "segment", "which": [1, 2]}, made[1:3])
    ours.send({"kind": "segment", "which": [3, 4]}, made[3:])
    for fd in made:
        os.close(fd)
    received = theirs.receive()
    assert [message.get("which", []) for message, _ in received] == [[], [0], [], [1, 2], [3, 4]]
    for message, fds in received:
        texts = [os.pread(fd, 100, 0).decode() for fd in fds]
        assert texts == [f"segment {i}" for i in message.get("which", [])]
        for fd in fds:
            os.close(fd)


def test_contract_no_descriptor_is_left_whatever_becomes_of_its_message() -> None:
    before = open_fds()
    with open(os.devnull) as file:
        fd = file.fileno()
        for fate in ("read", "unread", "queued", "replaced", "refused"):
            ours, end = Channel.pair()
            theirs = Channel(end)
            if fate not in ("read", "unread"):
                fill(ours)
            for i in range(3):
                ours.send({"kind": "segment", "text": "x" * 1000 * i}, [fd, fd], key="segment")
            if fate == "read":
                for _, fds in theirs.receive():
                    for copy in fds:
                        os.close(copy)
            if fate == "refused":
                while len(ours._queue) < 2 * MAX_QUEUED:
                    ours.send({"kind": "segment"})
                with pytest.raises(ControlError):
                    ours.send({"kind": "segment"}, [fd])
            if fate == "replaced":
                assert len(ours._queue) <= 2, "the filler and the last of three"
            ours.close()
            theirs.close()
            assert open_fds() == before + 1, f"a message that was {fate}"


def test_contract_descriptors_of_half_a_message_go_with_the_channel(
    raw: tuple[Channel, socket.socket],
) -> None:
    before = open_fds()
    ours, end = Channel.pair()
    theirs = Channel(end)
    with open(os.devnull) as file:
        socket.send_fds(ours._end, [packet(kind="segment", fds=2)[:-1]], [file.fileno()] * 2)
    assert theirs.receive() == []
    assert open_fds() == before + 4
    theirs.close()
    ours.close()
    assert open_fds() == before


@pytest.mark.parametrize("fate", ["settings", "rubbish"])
def test_contract_the_launcher_takes_no_descriptors_from_workers(
    raw: tuple[Channel, socket.socket], fate: str
) -> None:
    channel, end = raw
    data = {"settings": packet(kind="ready", fds=1), "rubbish": framed(b"rubbish")}[fate]
    with open(os.devnull) as file:
        before = open_fds()
        for _ in range(20):
            socket.send_fds(end, [data], [file.fileno()])
        for _ in range(20):
            try:
                assert all(fds == [] for _, fds in channel.receive())
            except ControlError:
                break
        assert open_fds() == before
