"""Without a place for what it compiles numba compiles nothing: there is one wherever the program starts."""

import os
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from numba.misc import appdirs

from pipeline.compiled import ROOMS, VARIABLE, WORKERS, users_cache
from tests.pipeline.running import REPO

cache_dir: Any = appdirs.user_cache_dir
WHERE = """
import os
from pathlib import Path
from pipeline import compiled
if os.geteuid() == 0:
    os.setuid(65534)
compiled.WORKERS = Path({workers!r})
with compiled.place_for_compiled():
    print(os.environ.get("NUMBA_CACHE_DIR"), os.path.isdir(os.environ.get("NUMBA_CACHE_DIR", "")))
print(os.environ.get("NUMBA_CACHE_DIR"))
"""


def test_contract_these_are_the_rooms_that_compile_and_this_is_numbas_own_place() -> None:
    compiling = {file.parent.name for file in WORKERS.rglob("*.py") if "cache=True" in file.read_text()}
    assert compiling == set(ROOMS)
    assert str(users_cache()) == cache_dir("numba", appauthor=False)


@pytest.mark.skipif(sys.platform == "win32", reason="there, who may write is another matter")
@pytest.mark.parametrize("home", ["/nonexistent", "its own"])
def test_contract_who_may_write_nowhere_has_a_place_for_what_is_compiled(home: str) -> None:
    with TemporaryDirectory() as workers, TemporaryDirectory() as own:
        Path(workers).chmod(0o555)
        Path(own).chmod(0o777)
        env = {name: value for name, value in os.environ.items() if name not in (VARIABLE, "XDG_CACHE_HOME")}
        done = subprocess.run(
            [sys.executable, "-c", WHERE.format(workers=workers)],
            cwd=REPO,
            env=env | {"HOME": own if home == "its own" else home},
            capture_output=True,
            text=True,
            check=True,
        )
        Path(workers).chmod(0o755)
    during, after = done.stdout.splitlines()
    assert after == "None"
    if home == "its own":
        assert during == "None False"
        assert done.stderr == ""
    else:
        assert re.fullmatch(r".*/stereoring-compiled-\w+ True", during)
        assert not Path(during.split()[0]).exists()
        assert f"neither {workers} nor {home}/.cache/numba can be written to" in done.stderr
