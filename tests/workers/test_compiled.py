"""What numba has kept from before an update is not taken, wherever it lies and whosever it is."""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.live.program import environment
from tests.pipeline.running import REPO
from workers.stereo._compiled import forget_stale


@pytest.fixture
def module(tmp_path: Path) -> Path:
    module = tmp_path / "stereo" / "warp.py"
    kept = module.parent / "__pycache__"
    kept.mkdir(parents=True)
    module.touch()
    return module


def old_binary(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    binary = folder / "warp._warp-1.py311.1.nbc"
    binary.touch()
    os.utime(binary, (1, 1))
    return binary


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the user's cache is in a place of its own")
def test_contract_what_is_older_than_its_source_goes_in_the_users_cache_too(module: Path) -> None:
    beside = old_binary(module.parent / "__pycache__")
    cache = module.parents[1] / "cache"
    users, others = old_binary(cache / "numba" / "stereo_1"), old_binary(cache / "numba" / "other_1")
    with environment(XDG_CACHE_HOME=str(cache), NUMBA_CACHE_DIR=None):
        forget_stale(str(module))
    assert not beside.exists()
    assert not users.exists()
    assert others.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="there, who may write is another matter")
def test_contract_what_another_user_has_compiled_before_an_update_stops_nobody() -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        binary = old_binary(folder / "__pycache__")
        (folder / "warp.py").touch()
        binary.parent.chmod(0o555)
        folder.chmod(0o755)
        script = f"""
import os
from workers.stereo._compiled import forget_stale
if os.geteuid() == 0:
    os.setuid(65534)
forget_stale({str(folder / "warp.py")!r})
"""
        subprocess.run([sys.executable, "-c", script], cwd=REPO, check=True)
        assert binary.exists()
        binary.parent.chmod(0o755)
