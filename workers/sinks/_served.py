"""A server in a thread with an event loop of its own, beside the worker's steps."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any


class Served:
    """Starts in `open`, and ends in `close`."""

    thread_name = ""

    def __init__(self) -> None:
        self._problem: OSError | None = None

    def open(self) -> None:
        """Raises OSError where it cannot listen."""
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), name=self.thread_name, daemon=True)
        self._thread.start()
        ready.wait()
        if self._problem is not None:
            raise self._problem

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(1.0)

    def call(self, what: Callable[..., object], *arguments: Any) -> None:
        """In the server's thread, soon."""
        self._loop.call_soon_threadsafe(what, *arguments)

    async def start(self) -> None:
        """Raises OSError where it cannot listen."""
        raise NotImplementedError

    async def end(self) -> None:
        """Nobody is served any more."""
        raise NotImplementedError

    def _run(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self.start())
        except OSError as error:
            self._problem = error
            return
        finally:
            ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(self.end())
