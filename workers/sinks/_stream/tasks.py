"""Tasks whose mistakes are seen: asyncio itself keeps them until nobody holds the task any more."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any


def begin(what: Coroutine[Any, Any, None], log: logging.Logger) -> "asyncio.Task[None]":
    """A task of the running loop; whoever begins it has to hold it."""

    def ended(task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("%s: %s", type(error).__name__, error, exc_info=error)

    task = asyncio.create_task(what)
    task.add_done_callback(ended)
    return task
