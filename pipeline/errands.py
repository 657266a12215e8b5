"""What others ask the launcher to do, at its desk. The launcher's own thread does it between two rounds, one
thing after the other, so that nothing changes while something else is half done."""

import json
import logging
import queue
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any, NamedTuple

from workers.house import Refused

log = logging.getLogger("stereoring.launcher")


def nothing_more() -> None:
    """All was done before the answer."""


class Done(NamedTuple):
    """The answer, as data that JSON can carry, and what to do once it has been handed out: that may end the
    process that asked."""

    answer: Any
    then: Callable[[], None] = nothing_more


class _Asked(NamedTuple):
    errand: Callable[..., Done]
    arguments: dict[str, Any]
    outcome: "Future[Any]"


class Errands:
    """`ask` is for the desk's threads, `carry_out` for the launcher's own."""

    def __init__(self, known: Mapping[str, Callable[..., Done]]) -> None:
        """What an errand raises as Refused is an answer, and nothing has changed."""
        self._known = known
        self._waiting: queue.SimpleQueue[_Asked] = queue.SimpleQueue()

    def ask(self, request: bytes) -> dict[str, Any]:
        """Waits until it is done. Returns {"done": answer} or {"refused": reason}."""
        try:
            name, arguments = _parsed(request)
        except (ValueError, KeyError, RecursionError):
            return {"refused": f"{request[:100]!r} is no errand"}
        errand = self._known.get(name)
        if errand is None:
            return {"refused": f"the launcher knows no {name!r}"}
        asked = _Asked(errand, arguments, Future())
        self._waiting.put(asked)
        try:
            return {"done": asked.outcome.result()}
        except Refused as why:
            return {"refused": str(why)}

    def carry_out(self) -> None:
        """All that waits."""
        while not self._waiting.empty():
            asked = self._waiting.get()
            try:
                done = asked.errand(**asked.arguments)
            except Refused as why:
                asked.outcome.set_exception(why)
                continue
            except Exception as error:  # a mistake of ours is no reason to end the picture
                log.exception("what was asked at the desk has failed")
                asked.outcome.set_exception(Refused(f"{type(error).__name__}: {error}; see the log"))
                continue
            asked.outcome.set_result(done.answer)
            done.then()


def _parsed(request: bytes) -> tuple[str, dict[str, Any]]:
    """Its name and arguments. Raises ValueError, KeyError or RecursionError."""
    errand = json.loads(request)
    if not isinstance(errand, dict) or not isinstance(errand["arguments"], dict):
        raise ValueError
    return str(errand["errand"]), errand["arguments"]
