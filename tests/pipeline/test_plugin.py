"""A sink, a source: one file, and one line in the settings."""

import json
from pathlib import Path

import pytest

from tests.pipeline.running import command, copied_tree, launched

pytestmark = pytest.mark.timeout(60)

SINK = '''"""Notes the shape of the pictures."""

from dataclasses import dataclass
from pathlib import Path

from shm.lease import Lease
from workers.worker import Worker


@dataclass(frozen=True)
class Settings:
    """Where to."""

    path: str = ""


class Temporary(Worker):
    reads = "picture"

    def process(self, picture: Lease) -> None:
        if picture.info.seq > 10:
            Path(self.settings.temporary.path).write_text(f"{picture.frame.shape} {picture.frame.mean() > 0}")
'''

SOURCE = '''"""Grey from top to bottom."""

import time

import numpy as np

from shm.lease import OpenSlot
from workers.worker import Worker


class Ramp(Worker):
    writes = {"frame": "RGB"}
    offers = {"small": "RGB", "depth": "1/m"}

    @classmethod
    def sizes(cls, settings, rings):
        return {"frame": 48 * 64 * 3, "small": 24 * 32 * 3, "depth": 12 * 16 * 4}

    def open(self) -> None:
        self._due = 0.0

    def due(self) -> float:
        return self._due

    def process(self, frame: OpenSlot, small: OpenSlot, depth: OpenSlot) -> int:
        self._due = time.perf_counter() + 0.02
        frame.view((48, 64, 3))[:] = np.arange(48, dtype=np.uint8)[:, None, None]
        small.view((24, 32, 3))[:] = np.arange(24, dtype=np.uint8)[:, None, None]
        depth.view((12, 16), np.float32)[:] = np.linspace(0, 1, 12, dtype=np.float32)[:, None]
        return time.perf_counter_ns()
'''


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return copied_tree(tmp_path)


def test_contract_a_sink_is_one_file_and_one_line(repo: Path, tmp_path: Path) -> None:
    (repo / "workers" / "sinks" / "temporary.py").write_text(SINK)
    noted = tmp_path / "noted"
    sets = ("sinks=[temporary]", f"temporary.path={noted}")
    with launched(tmp_path, *sets, repo=repo) as launcher:
        launcher.until_running("capture", "steady", "stereo", "temporary")
        launcher.until(noted.exists, "it has noted something")
        assert noted.read_text() == "(180, 640, 3) True"
        assert set(launcher.pids()) == {"capture", "steady", "stereo", "temporary"}
        assert launcher.worker("temporary")["latency_ms"]["p50"] > 0
        assert launcher.stop() == 0


def test_contract_its_settings_are_checked_like_all_others(repo: Path) -> None:
    (repo / "workers" / "sinks" / "temporary.py").write_text(SINK)
    result = command(
        "--set=sinks=[temporary]", "--set=temporary.paht=x", program=repo / "launcher.py", cwd=repo
    )
    assert result.returncode == 2
    assert "temporary.paht" in result.stderr
    assert "path" in result.stderr


def test_contract_a_source_is_one_file_and_one_line(repo: Path, tmp_path: Path) -> None:
    (repo / "workers" / "capture" / "ramp.py").write_text(SOURCE)
    with launched(tmp_path, "capture.source=ramp", "stereo.fill_16_9=false", repo=repo) as launcher:
        assert launcher.ring("picture")["shape"] == [48, 128, 3]
        assert launcher.worker("stereo")["lost"] == 0, "each map is joined with its own frame"


def test_contract_a_broken_plugin_is_named_with_file_and_reason_and_nothing_starts(repo: Path) -> None:
    (repo / "workers" / "sinks" / "temporary.py").write_text("import no_such_library\n")
    result = command("--plan", program=repo / "launcher.py", cwd=repo)
    assert result.returncode == 2
    assert "temporary.py" in result.stderr
    assert "No module named 'no_such_library'" in result.stderr
    assert "Traceback" not in result.stderr


def test_contract_a_plugin_without_a_worker_is_named_and_nothing_starts(repo: Path) -> None:
    (repo / "workers" / "sinks" / "temporary.py").write_text('"""Nothing here yet."""\n')
    result = command("--set=sinks=[temporary]", program=repo / "launcher.py", cwd=repo)
    assert result.returncode == 2
    assert "temporary.py: has 0 Worker classes; an implementation has one" in result.stderr
    assert "Traceback" not in result.stderr


def test_smoke_the_copied_tree_runs_by_itself(repo: Path) -> None:
    """That the tests above test the copy, and not the tree that they stand in."""
    code = "import json, pipeline.graph, workers.worker; print(json.dumps([pipeline.graph.__file__]))"
    result = command("-c", code, program=None, cwd=repo)
    assert json.loads(result.stdout) == [str(repo / "pipeline" / "graph.py")]
