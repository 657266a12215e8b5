"""The launcher's log on stderr, written by a thread of its own, so that a terminal held with Ctrl-S or a
pager that does not read holds up nobody. Lines that find the queue full are dropped, and counted."""

import errno
import logging
import os
import queue
import select
import threading
import time

MOST_LINES = 1000
GONE = (errno.EPIPE, errno.EIO, errno.EBADF)  # whoever read it, the terminal, the descriptor
LAST_WORDS = 0.5  # seconds that the end of the program waits for what is still to be written


class LogStream(logging.Handler):
    """Writes to a descriptor, past Python's buffers: their locks would be waited for at the end."""

    def __init__(self, fd: int = 2) -> None:
        super().__init__()
        self._fd, self._dropped = fd, 0
        self._lines: queue.Queue[str] = queue.Queue(MOST_LINES)
        threading.Thread(target=self._write, name="log", daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        text = self.format(record) + "\n"
        if self._dropped and not self._lines.full():
            text, self._dropped = f"({self._dropped} lines were dropped here)\n{text}", 0
        try:
            self._lines.put_nowait(text)
        except queue.Full:
            self._dropped += 1

    def close(self) -> None:
        end = time.monotonic() + LAST_WORDS
        while self._lines.unfinished_tasks and time.monotonic() < end:
            time.sleep(0.005)
        super().close()

    def _write(self) -> None:
        while True:
            data = self._lines.get().encode(errors="replace")
            try:
                while data:
                    data = data[self._some_of(data) :]
            except OSError as error:
                if error.errno in GONE:
                    self._fd = os.open(os.devnull, os.O_WRONLY)  # the picture goes on
                else:  # a full disk may have room again
                    self._dropped += 1
            self._lines.task_done()

    def _some_of(self, data: bytes) -> int:
        """How much was written. A descriptor that somebody has made non-blocking is waited for."""
        try:
            return os.write(self._fd, data)
        except BlockingIOError:
            select.select([], [self._fd], [])
            return 0
