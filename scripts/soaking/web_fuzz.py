"""Rubbish for the web server, from several connections at once, while an honest client watches: nothing
crashes, nothing grows, and only those who send it feel it."""

import random
import re
import socket
import threading
import time
from contextlib import closing, suppress
from pathlib import Path

from scripts.bench_live import free_port
from scripts.soaking.footprint import footprint, rise
from scripts.soaking.fuzz_inputs import attack
from scripts.soaking.launching import LOG, SCENE, Launched, say, until
from scripts.soaking.report import Result, SoakError
from scripts.soaking.watching import processes
from scripts.web_paths.clients import Watcher

ATTACKERS, PATIENCE = 4, 0.3  # seconds that an answer is waited for
LONGEST_GAP = 5.0  # seconds without a picture for the honest client
LOOK_EVERY = 1.0
MOST_MB = 20.0  # that the server's process may have grown after its first quarter
SETTINGS = (*SCENE[1:], "capture.fps=20", "scene.width=320", "scene.height=180", "sinks=[web]")


class Attackers:
    """Threads that connect, send, read a little and leave, until they are told to stop."""

    def __init__(self, port: int, seed: int) -> None:
        self._port, self._stop, self.sent = port, threading.Event(), 0
        random.seed(seed)
        self._threads = [threading.Thread(target=self._run) for _ in range(ATTACKERS)]

    def __enter__(self) -> "Attackers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            with suppress(OSError), socket.create_connection(("127.0.0.1", self._port), PATIENCE) as end:
                for piece in attack(f"127.0.0.1:{self._port}"):
                    end.sendall(piece)
                end.recv(random.choice((1, 100, 10_000)))
                self.sent += 1


class Honest:
    """Reads pictures, and remembers how long it had to wait for one."""

    def __init__(self, port: int) -> None:
        self._watcher, self._seen, self._last = Watcher(port), 0, time.monotonic()
        self.longest = 0.0

    def look(self, seconds: float) -> None:
        """Raises ConnectionError when the server has closed."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if not self._watcher.read():
                time.sleep(0.002)
            if len(self._watcher.frames) > self._seen:
                self._seen, self._last = len(self._watcher.frames), time.monotonic()
            self.longest = max(self.longest, time.monotonic() - self._last)

    def close(self) -> None:
        self._watcher.end.close()


def fill(result: Result, folder: Path, seconds: float) -> None:
    port = free_port()
    arguments = ("launcher.py", *(f"--set={value}" for value in (*SETTINGS, f"web.port={port}")))
    with Launched(folder, arguments) as launched, closing(launched.observer()) as observer:
        until(lambda: all(w["state"] == "running" for w in observer.figures()["workers"]), "all run", 60.0)
        before = processes(observer.figures())
        descriptors, memory = list[int](), list[float]()
        with closing(Honest(port)) as honest, Attackers(port, random.randrange(1 << 32)) as attackers:
            honest.look(2.0)
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                say(f"web_fuzz: {end - time.monotonic():.0f} s left, {attackers.sent} connections")
                try:
                    honest.look(LOOK_EVERY)
                except ConnectionError as error:
                    raise SoakError(f"the honest client was cut off: {error}") from error
                held = footprint(before["web"])
                descriptors.append(held.descriptors)
                memory.append(held.anonymous)
        result.check("something was sent", attackers.sent > seconds, f"{attackers.sent} connections")
        result.check("nobody has restarted", processes(observer.figures()) == before, "the same processes")
        result.check(
            f"no gap over {LONGEST_GAP:g} s", honest.longest < LONGEST_GAP, f"{honest.longest:.2f} s"
        )
        quarter = len(memory) // 4
        grown = memory[-1] - memory[quarter]
        result.check(f"grown by less than {MOST_MB:g} MB", grown < MOST_MB, f"{grown:.1f} MB")
        until(
            lambda: footprint(before["web"]).descriptors <= descriptors[0] + 2,
            f"connections are closed ({rise(descriptors)} more descriptors than at the start)",
            60.0,
        )
        result.check("its descriptors are flat", True, f"{rise(descriptors)} more at the end")
        result.check_none("errors of the server's own", errors_in((folder / LOG).read_text(errors="replace")))
        launched.stop()


def errors_in(log: str) -> list[str]:
    """What each traceback ends with, once."""
    ends = re.findall(r"^Traceback .*?\n(\S[^\n]*)", log, re.MULTILINE | re.DOTALL)
    return sorted(set(ends))
