"""Somebody who plays a stream in a process of its own (scripts/stream_paths/joining.py)."""

import subprocess
import sys
import time
from pathlib import Path

from scripts.soaking.launching import REPO, START_LIMIT, until
from scripts.soaking.report import SoakError
from scripts.stream_paths.joining import PICTURE

LEAVES_WITHIN = 30.0  # seconds; of HLS a player reads to the end of what it has asked for


class Joined:
    """`seconds` it took to the first picture. Raises SoakError when none comes."""

    def __init__(self, way: str, url: str, said: Path) -> None:
        """`said`: a file for what it says."""
        self.way, self._said, begin = way, said, time.monotonic()
        with said.open("wb") as file:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "scripts.stream_paths.joining", way, url],
                cwd=REPO,
                stdin=subprocess.PIPE,
                stdout=file,
                stderr=file,
            )
        until(self._sees, f"a picture by {way}", START_LIMIT)
        self.seconds = time.monotonic() - begin

    def leave(self) -> None:
        """As one does. Raises SoakError when it has failed meanwhile."""
        try:
            self._process.communicate(timeout=LEAVES_WITHIN)
        except subprocess.TimeoutExpired as error:
            raise SoakError(f"{self.way}: the player does not leave") from error
        if self._process.returncode:
            raise SoakError(f"{self.way}: {self._last_words()}")

    def cut(self) -> None:
        """Without a word."""
        self._process.kill()
        self._process.communicate()

    def _sees(self) -> bool:
        if self._process.poll() is not None:
            raise SoakError(f"{self.way}: {self._last_words()}")
        return PICTURE in self._said.read_text(errors="replace").splitlines()

    def _last_words(self) -> str:
        lines = self._said.read_text(errors="replace").splitlines()
        return lines[-1] if lines else f"exit code {self._process.returncode}"
