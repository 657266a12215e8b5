"""The newest lines of the log of all processes, numbered, for those who come later."""

import itertools
import logging
from collections import deque
from typing import Any

MOST_LINES = 500


class LogTail(logging.Handler):
    """Keeps them; `since` is what a page asks again and again."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter("%(message)s"))  # with a traceback, where there is one
        self._numbers = itertools.count(1)
        self._lines: deque[dict[str, Any]] = deque(maxlen=MOST_LINES)

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(
            {
                "number": next(self._numbers),
                "time": record.created,
                "level": record.levelname.lower(),
                "who": record.name.removeprefix("stereoring."),
                "text": self.format(record),
            }
        )

    def since(self, number: int) -> list[dict[str, Any]]:
        """The lines after that number, as far as they are kept."""
        return [line for line in self._lines if line["number"] > number]
