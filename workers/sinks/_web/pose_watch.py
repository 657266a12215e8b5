"""The live poses, for all who watch them together."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection

AGAIN = 0.25  # seconds, until it is looked whether somebody knows of poses again


class News:
    """What a watcher gets next: the newest, and nothing twice."""

    def __init__(self) -> None:
        self._words, self._fresh = b"", asyncio.Event()

    def show(self, words: bytes) -> None:
        self._words = words
        self._fresh.set()

    async def next(self, timeout: float) -> bytes:
        """Nothing if nothing came."""
        try:
            async with asyncio.timeout(timeout):
                await self._fresh.wait()
        except TimeoutError:
            return b""
        self._fresh.clear()
        return self._words


class Watch:
    """A thread that watches the poses while somebody wants them, and goes on when who finds them was away."""

    def __init__(self, meet: Callable[[], Connection]) -> None:
        self._meet, self._loop = meet, asyncio.get_running_loop()
        self._watchers: list[News] = []
        self._newest = b""
        self._wanted, self._closed = threading.Event(), False
        threading.Thread(target=self._run, name="poses", daemon=True).start()

    def enter(self) -> News:
        news = News()
        if self._newest:  # of a still picture no other comes
            news.show(self._newest)
        self._watchers.append(news)
        self._wanted.set()
        return news

    def leave(self, news: News) -> None:
        self._watchers.remove(news)
        if not self._watchers:
            self._wanted.clear()

    def close(self) -> None:
        self._closed = True
        self._wanted.set()

    def _run(self) -> None:
        while not self._closed:
            self._wanted.wait()
            with contextlib.suppress(OSError, EOFError), self._meet() as connection:
                connection.send_bytes(b'{"ask": "watch"}')
                self._hand_on(connection)
            time.sleep(AGAIN)

    def _hand_on(self, connection: Connection) -> None:
        self._newest = b""
        while self._wanted.is_set() and not self._closed:
            if connection.poll(AGAIN):
                self._loop.call_soon_threadsafe(self._show, connection.recv_bytes())

    def _show(self, words: bytes) -> None:
        self._newest = words
        for news in self._watchers:
            news.show(words)
