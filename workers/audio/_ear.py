"""A device that is listened to in a thread of its own: some say nothing as long as nothing is to be heard,
and none may hold up who waits for it."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from workers.sound._recorder import Recorder
from workers.sound._soundcard import GONE, TRY_AGAIN, NoSound, forget_gone

UNHEARD = 2.0  # seconds; when nobody has asked for so long the device is closed
MOST = 500  # pieces that wait; older ones are dropped, for whoever asks so late has slept


class Piece(NamedTuple):
    """float32[n, 2]; its last sample was heard at that time (ns). `anew`: the first of an open device."""

    sound: npt.NDArray[np.float32]
    heard: int
    anew: bool


class Source(Protocol):
    """Whatever sound comes from."""

    def take(self) -> list[Piece]:
        """All that has come since."""

    def close(self) -> None: ...


class Ear:
    """Waits for a device that is not there, and says so once."""

    def __init__(self, open_recorder: Callable[[], Recorder], log: logging.Logger) -> None:
        self._open, self._log = open_recorder, log
        self._pieces = deque[Piece](maxlen=MOST)
        self._asked, self._said = time.monotonic(), ""
        self._wanted, self._closed = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="ear", daemon=True)
        self._thread.start()

    def take(self) -> list[Piece]:
        self._asked = time.monotonic()
        self._wanted.set()
        return [self._pieces.popleft() for _ in range(len(self._pieces))]

    def close(self) -> None:
        """The thread ends when its device next says something; the process does not wait for it."""
        self._closed.set()
        self._wanted.set()

    def _run(self) -> None:
        while not self._closed.is_set():
            self._wanted.wait()
            try:
                self._listen(self._open())
            except NoSound as error:
                self._say(f"{error}; until it is there, there is silence")
            except GONE as error:
                self._say(f"the sound's device has gone ({error}); it is waited for, in silence")
            else:
                continue
            self._closed.wait(TRY_AGAIN)
            forget_gone()

    def _listen(self, recorder: Recorder) -> None:
        """Until it is to stop, or nobody asks any more. Raises one of GONE."""
        self._log.info("%s", recorder.name)
        self._said, anew = "", True
        try:
            while not self._closed.is_set() and self._wanted.is_set():
                sound = recorder.record_all()
                self._pieces.append(Piece(sound, time.perf_counter_ns(), anew))
                anew = False
                if time.monotonic() - self._asked > UNHEARD:
                    self._wanted.clear()
        finally:
            recorder.close()

    def _say(self, what: str) -> None:
        if what != self._said:
            self._said = what
            self._log.error("%s", what)
