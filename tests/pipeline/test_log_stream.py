"""What becomes of the log when its descriptor makes difficulties."""

import logging
import os
import select
import sys
from pathlib import Path

import pytest

from pipeline.log_stream import LogStream
from tests.pipeline.running import until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="descriptors of other kinds")
LINE = "x" * 199


def say(stream: LogStream, text: str) -> None:
    stream.emit(logging.LogRecord("stereoring", logging.INFO, __file__, 1, text, None, None))


def test_a_pipe_that_is_full_and_does_not_block_loses_nothing() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    stream = LogStream(writing)
    for _ in range(800):  # 160 KB, more than a pipe takes
        say(stream, LINE)
    until(lambda: not select.select([], [writing], [], 0)[1], "the pipe is full")
    data = b""
    while len(data) < 800 * 200:
        data += os.read(reading, 65536)
    assert data == 800 * (LINE.encode() + b"\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full, which is a full disk")
def test_after_a_full_disk_it_goes_on_and_says_what_is_missing(tmp_path: Path) -> None:
    fd, file = os.open("/dev/full", os.O_WRONLY), tmp_path / "log"
    stream = LogStream(fd)
    for _ in range(3):
        say(stream, "lost")
    stream.close()
    room = os.open(file, os.O_WRONLY | os.O_CREAT)
    os.dup2(room, fd)
    say(stream, "there again")
    until(lambda: file.read_text() == "(3 lines were dropped here)\nthere again\n", "the log goes on")


def test_whoever_read_it_may_go() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    stream = LogStream(writing)
    say(stream, "nobody hears it")
    stream.close()
    say(stream, "nor that")
    stream.close()
