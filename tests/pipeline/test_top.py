"""`launcher.py top`: every figure, in every situation that the launcher can get into while somebody looks."""

import array
import json
import mmap
import os
import pty
import re
import select
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing import reduction
from multiprocessing.connection import Client
from pathlib import Path
from typing import Any

import psutil
import pytest

from pipeline import attach
from pipeline.addresses import NoAnswer, address_of, running
from pipeline.attach import Desk, Onlooker
from pipeline.dashboard import _meters
from pipeline.errands import Done, Errands
from shm.layout import RingSpec, RowSpec
from shm.ring import Ring
from shm.segment import MemfdSegment, NamedSegment, Segment
from tests.bad_workers.grows import drag
from tests.pipeline.running import (
    LINE,
    REPO,
    RINGS,
    SMALL,
    WATCHDOG,
    Launcher,
    as_top_reads_it,
    command,
    launched,
    memory_of,
    until,
)

pytestmark = [
    pytest.mark.timeout(90),
    pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc"),
]
SETS = [f"--set={setting}" for setting in SMALL]
NO_ANSWER = "the launcher has not answered for 5 s; it may be stopped or very busy\n"


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launcher]:
    with launched(tmp_path_factory.mktemp("top")) as launcher:
        yield launcher


@pytest.fixture(scope="module")
def seen(line: Launcher) -> dict[str, Any]:
    """What `top --json` prints."""
    result = as_top_reads_it(line, "--json", "--interval=1.5")
    assert (result.returncode, result.stderr) == (0, "")
    figures: dict[str, Any] = json.loads(result.stdout)
    return figures


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for sockets in which there are no other launchers'. pytest has made its own before."""
    folder = Path(tempfile.mkdtemp(prefix="sr-"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    use_for_temporary(monkeypatch, folder)
    yield folder
    shutil.rmtree(folder)


def use_for_temporary(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))


# Figures ------------------------------------------------------------------------------------------------


def test_contract_each_worker_has_its_load_memory_threads_rate_and_times(line: Launcher, seen: Any) -> None:
    assert [worker["name"] for worker in seen["workers"]] == list(LINE)
    for worker in seen["workers"]:
        process = psutil.Process(worker["pid"])
        assert process.ppid() == line.pid
        assert worker["state"] == "running"
        assert 0 <= worker["cpu_percent"] < 100
        assert worker["rss_mb"] == pytest.approx(process.memory_info().rss / 1e6, rel=0.2)
        assert worker["threads"] == process.num_threads()
        assert worker["thread_budget"] == (psutil.cpu_count() if worker["name"] == "stereo" else 1)
        assert (worker["restarts"], worker["lost"], worker["busy"]) == (0, 0, "")
        assert 0 < worker["fps"] < 70
        for key in ("wait_ms", "work_ms", "latency_ms"):
            if worker["name"] == "capture" and key != "work_ms":
                assert worker[key] == {"p50": None, "p95": None, "p99": None}, "a source waits for nobody"
                continue
            assert 0 < worker[key]["p50"] <= worker[key]["p95"] <= worker[key]["p99"] < 60_000


def test_contract_latency_is_capture_to_present_and_grows_down_the_line(seen: Any) -> None:
    steady, stereo, null = (worker["latency_ms"]["p50"] for worker in seen["workers"][1:])
    assert steady <= stereo <= null * 1.1, "they are counted in classes"
    waits, works = zip(
        *((w["wait_ms"]["p50"], w["work_ms"]["p50"]) for w in seen["workers"][1:]), strict=True
    )
    assert null * 2 > sum(works), "it is made of the works and waits on the way"
    assert null > max(waits)


def test_contract_each_ring_has_occupancy_age_and_what_its_readers_dropped(seen: Any) -> None:
    assert [ring["name"] for ring in seen["rings"]] == list(RINGS)
    shapes = {
        "frame": [180, 320, 3],
        "small": [192, 320, 3],
        "depth": [45, 80],
        "nearness": [45, 80],
        "picture": [180, 640, 3],
    }
    for ring in seen["rings"]:
        assert (ring["state"], ring["shape"]) == ("live", shapes[ring["name"]])
        assert ring["dtype"] == ("float32" if ring["name"] in ("depth", "nearness") else "uint8")
        assert 1 <= ring["used"] <= ring["slots"] == {"frame": 12}.get(ring["name"], 3)
        assert 0 < ring["age_ms"] < 10_000
        assert 0 < ring["fps"] < 70
        assert (ring["generation"], ring["writer_starts"], ring["no_slot"]) == (1, 1, 0)
        for reader in ring["readers"]:
            assert reader["received"] > 0
            assert reader["dropped"] >= 0
            kept = 2 if reader["name"] == "capture" else 1  # behind small's frames and behind depth's
            assert 0 < reader["fps"] < 70 * kept
            assert 0 <= reader["leases"] <= 3 * kept
    names = {ring["name"]: [reader["name"] for reader in ring["readers"]] for ring in seen["rings"]}
    assert names == {
        "frame": ["capture", "steady", "stereo"],
        "small": ["steady"],
        "depth": ["steady"],
        "nearness": ["stereo"],
        "picture": ["null"],
    }


def test_contract_machine_and_launcher_have_theirs(line: Launcher, seen: Any) -> None:
    assert seen["launcher"]["pid"] == line.pid
    assert seen["launcher"]["rss_mb"] > 10
    machine = seen["machine"]
    assert 0 <= machine["cpu_percent"] <= 100
    assert machine["cores"] == psutil.cpu_count()
    assert 0 < machine["memory_percent"] < 100
    assert machine["memory_available_mb"] > 0
    assert isinstance(machine["gpus"], list)
    assert seen["window_s"] == pytest.approx(1.5, abs=1)
    assert abs(seen["time"] - time.time()) < WATCHDOG


def test_contract_drops_are_those_of_the_slow_reader(tmp_path: Path) -> None:
    """A sink that takes four frame times for a picture leaves out about three of four, the other none."""
    with launched(tmp_path, "capture.fps=60", add=["slow"]) as launcher:
        launcher.until_flowing()
        launcher.until(lambda: reader_of(launcher, "slow")["received"] > 20, "it has seen some")
        slow = reader_of(launcher, "slow")
        assert slow["dropped"] > slow["received"]
        assert slow["received"] + slow["dropped"] == pytest.approx(launcher.ring("picture")["seq"], abs=40)


def reader_of(launcher: Launcher, name: str) -> dict[str, Any]:
    return next(reader for reader in launcher.ring("picture")["readers"] if reader["name"] == name)


def test_contract_json_prints_one_object_a_line_as_often_as_asked(line: Launcher) -> None:
    result = as_top_reads_it(line, "--json", "--interval=0.05", "--count=5")
    lines = [json.loads(text) for text in result.stdout.splitlines()]
    assert len(lines) == 5
    times = [figures["time"] for figures in lines]
    assert times == sorted(times)


@pytest.mark.parametrize("options", [["--interval=-1"], ["--interval=0"], ["--interval=nan"], ["--count=-3"]])
def test_contract_senseless_intervals_and_counts_are_refused(line: Launcher, options: list[str]) -> None:
    result = as_top_reads_it(line, "--json", *options)
    assert result.returncode == 2
    assert options[0].partition("=")[0] in result.stderr
    assert "Traceback" not in result.stderr


def test_contract_a_reader_of_the_json_may_leave(line: Launcher) -> None:
    top = subprocess.Popen(
        [
            sys.executable,
            "launcher.py",
            "top",
            f"--pid={line.pid}",
            "--json",
            "--interval=0.05",
            "--count=1000",
        ],
        cwd=REPO,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert top.stdout is not None
    assert top.stderr is not None
    top.stdout.readline()
    top.stdout.close()
    assert top.wait(WATCHDOG) in (0, -signal.SIGPIPE, 128 + signal.SIGPIPE)
    assert top.stderr.read() == b""


# Finding a launcher -------------------------------------------------------------------------------------


def test_contract_without_a_launcher_it_says_so(alone: Path) -> None:
    result = command("top")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "no launcher is running; start one with `launcher.py run`\n"


@pytest.mark.parametrize("pid", [1, 999_999_999, os.getpid()], ids=["the first", "nobody's", "this test's"])
def test_contract_a_pid_that_is_no_launcher_s_is_named(pid: int) -> None:
    result = command("top", f"--pid={pid}", "--json")
    assert result.returncode == 1
    assert f"no launcher runs with process id {pid}" in result.stderr
    assert "Traceback" not in result.stderr


def test_contract_the_newest_is_shown_unless_another_is_asked_for(alone: Path, tmp_path: Path) -> None:
    with launched(tmp_path, ready=False) as one:
        one.until_up()
        with launched(tmp_path, ready=False) as other:
            other.until_up()
            assert running() == [one.pid, other.pid]
            newest = json.loads(command("top", "--json", "--interval=0.1").stdout)
            assert newest["launcher"]["pid"] == other.pid
            assert json.loads(as_top_reads_it(one, "--json").stdout)["launcher"]["pid"] == one.pid
        assert running() == [one.pid]


def test_contract_what_a_killed_launcher_left_is_not_taken_for_one(alone: Path, tmp_path: Path) -> None:
    with launched(tmp_path) as launcher:
        launcher.process.kill()
        launcher.wait()
        assert Path(address_of(launcher.pid)).exists(), "it had no time to"
        assert running() == []
        assert not Path(address_of(launcher.pid)).exists()


def test_contract_a_socket_that_a_namesake_left_is_in_nobody_s_way(alone: Path, tmp_path: Path) -> None:
    """In a container every launcher has the same process id."""
    code = (
        "import os, sys\n"
        "from multiprocessing.connection import Listener\n"
        "from pipeline.addresses import address_of\n"
        "if sys.argv[1] == 'first':\n"
        "    kept = Listener(address_of(os.getpid()))\n"
        "    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:-1], 'second'])\n"
        "from pipeline.commands import main\n"
        f"sys.exit(main(['run', *{SETS}]))\n"
    )
    script = tmp_path / "namesake.py"
    script.write_text("if __name__ == '__main__':\n    " + code.replace("\n", "\n    "))
    log = tmp_path / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, str(script), "first"],
            cwd=REPO,
            env={**os.environ, "PYTHONPATH": str(REPO)},
            stderr=out,
            start_new_session=True,
        )
    launcher = Launcher(process, log)
    try:
        launcher.until_running()
        assert launcher.stop() == 0
    finally:
        process.kill()
        process.wait()


def test_contract_rubbish_in_the_folder_is_in_nobody_s_way(alone: Path, tmp_path: Path) -> None:
    with launched(tmp_path, ready=False) as launcher:
        launcher.until_up()
        for name in ("backup.sock", "-1.sock", "notes.txt"):
            (Path(address_of(launcher.pid)).parent / name).touch()
        os.utime(launcher.log_file)
        result = command("top", "--json", "--interval=0.1")
        assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize("arguments", [["top"], ["run", *SETS]])
@pytest.mark.parametrize("where", ["nowhere", "read-only", "not private"])
def test_contract_a_folder_that_cannot_be_used_is_said_plainly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], where: str
) -> None:
    if where == "read-only":
        folder = "/proc"
    else:
        folder = str(tmp_path / "there")
        if where == "not private":
            (tmp_path / "there" / f"stereoring-{os.getuid()}").mkdir(parents=True)
            (tmp_path / "there" / f"stereoring-{os.getuid()}").chmod(0o755)
    squatted = tmp_path / "temporary" / f"stereoring-{os.getuid()}"
    squatted.mkdir(parents=True)
    squatted.chmod(0o755)
    result = command(
        *arguments, env={**os.environ, "XDG_RUNTIME_DIR": folder, "TMPDIR": str(squatted.parent)}
    )
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert folder in result.stderr
    assert f"{squatted} is not private to you: remove it; or set XDG_RUNTIME_DIR" in result.stderr


@pytest.mark.parametrize("where", ["/nowhere", "/proc"])
def test_contract_where_the_sessions_folder_is_of_no_use_it_runs_and_is_found_from_a_session(
    where: str, alone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (alone / "temporary").mkdir()
    use_for_temporary(monkeypatch, alone / "temporary")
    monkeypatch.setenv("XDG_RUNTIME_DIR", where)
    with launched(tmp_path, ready=False) as launcher:
        launcher.until_up()
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(alone))
        found = json.loads(command("top", "--json", "--interval=0.1").stdout)
        assert found["launcher"]["pid"] == launcher.pid


def test_contract_a_folder_whose_name_is_too_long_for_a_socket_is_said_plainly(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 25)
    folder.mkdir()
    result = command("run", *SETS, env={**os.environ, "XDG_RUNTIME_DIR": str(folder)})
    assert result.returncode == 1
    assert "is too long for a socket; set XDG_RUNTIME_DIR to a shorter folder" in result.stderr
    assert "Traceback" not in result.stderr


def test_contract_what_is_left_of_a_killed_launcher_does_not_hide_one_that_runs(
    alone: Path, tmp_path: Path
) -> None:
    with launched(tmp_path) as launcher, socket.socket(socket.AF_UNIX) as left:
        left.bind(address_of(os.getpid()))  # another program has its number now
        found = command("top", "--json", "--interval=0.1")
        assert found.stderr == ""
        assert json.loads(found.stdout)["launcher"]["pid"] == launcher.pid


# Who may look -------------------------------------------------------------------------------------------


def test_contract_only_the_user_can_get_at_the_socket(line: Launcher) -> None:
    path = Path(address_of(line.pid))
    assert stat.S_ISSOCK(path.lstat().st_mode)
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert path.parent.stat().st_uid == os.getuid()


def test_contract_segments_that_are_handed_out_cannot_be_written(line: Launcher) -> None:
    connection = Client(address_of(line.pid))
    connection.send_bytes(b"segments")
    description = json.loads(connection.recv_bytes())
    assert len(description["segments"]) == 1 + len(RINGS)
    for segment in description["segments"]:
        fd = reduction.recv_handle(connection)
        with pytest.raises(PermissionError):
            mmap.mmap(fd, segment["nbytes"])
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.write(fd, b"x")
        with pytest.raises(OSError, match="Invalid argument"):
            os.ftruncate(fd, 0)
        with pytest.raises(TypeError):
            memoryview(mmap.mmap(fd, segment["nbytes"], prot=mmap.PROT_READ))[0] = 1
        os.close(fd)
    connection.close()


RUBBISH = [b"{", b"{}", b'{"errand": []}', b'{"errand": "change", "arguments": 1}', b"{" * 60_000]


@pytest.mark.parametrize("request_", RUBBISH, ids=range(len(RUBBISH)))
def test_contract_what_is_no_errand_is_refused(line: Launcher, request_: bytes) -> None:
    connection = Client(address_of(line.pid))
    connection.send_bytes(request_)
    assert json.loads(connection.recv_bytes())["refused"].endswith("is no errand")
    connection.close()
    assert "Traceback" not in line.log


@pytest.mark.parametrize(
    "data", [b"", b"\0" * 8, b"\xff" * 100, b"\0\0\0\5hello", b"\0\0\0\x08segments" * 50, b"\x7f\xff\xff\xff"]
)
def test_contract_rubbish_on_the_socket_harms_only_its_sender(line: Launcher, data: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as end:
        end.connect(address_of(line.pid))
        end.sendall(data)
        end.settimeout(0.2)
        try:
            while end.recvmsg(65536, socket.CMSG_SPACE(16 * array.array("i").itemsize))[0]:
                pass
        except (TimeoutError, ConnectionError):
            pass
    line.until_flowing()
    assert as_top_reads_it(line, "--json", "--interval=0.1").returncode == 0
    assert "Traceback" not in line.log


def test_contract_onlookers_who_never_read_do_not_stop_the_others(line: Launcher) -> None:
    stuck = [Client(address_of(line.pid)) for _ in range(5)]
    for connection in stuck:
        for _ in range(3):
            connection.send_bytes(b"segments")
    assert as_top_reads_it(line, "--json", "--interval=0.1").returncode == 0
    for connection in stuck:
        connection.close()
    line.until_flowing()


def test_contract_more_onlookers_than_it_has_descriptors_do_not_shut_it_for_ever(line: Launcher) -> None:
    line.look_away()
    process = psutil.Process(line.pid)
    process.rlimit(psutil.RLIMIT_NOFILE, (line.open_files() - 5, 4096))
    ends = [socket.socket(socket.AF_UNIX) for _ in range(6)]
    for end in ends:
        end.settimeout(0.1)
        with suppress(TimeoutError, BlockingIOError):
            end.connect(address_of(line.pid))
    time.sleep(0.5)  # it tries to let the next one in
    for end in ends:
        end.close()
    process.rlimit(psutil.RLIMIT_NOFILE, (1024, 4096))
    assert as_top_reads_it(line, "--json", "--interval=0.1").returncode == 0


def test_contract_the_launcher_loses_no_descriptor_to_onlookers(line: Launcher) -> None:
    line.look_away()

    def count() -> int:
        return len(os.listdir(f"/proc/{line.pid}/fd"))

    until(lambda: count() == count(), "it is quiet")
    before = count()
    for _ in range(5):
        onlooker = Onlooker(line.pid)
        _, segments = onlooker.attach(lambda description: [s["nbytes"] for s in description["segments"]])
        for segment in segments:
            segment.close()
        onlooker.close()
    until(lambda: count() <= before, f"its descriptors are {before} again")


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("backend", [MemfdSegment, NamedSegment])
def test_contract_a_segment_that_goes_while_it_is_handed_out_is_not_missed(
    backend: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The desk's note of the segments is up to a tenth of a second old."""
    monkeypatch.setattr(Segment, "create", backend.make)
    spec = RingSpec("desk", 3, 4096, (RowSpec("show", "latest", 1),))
    rings = [Ring.create(spec)]
    desk = Desk(lambda: {"rings": [rings[-1].spec.to_json()]}, lambda: [rings[-1].segment])
    onlooker = Onlooker(os.getpid())
    rings.append(Ring.create(spec.successor(8192, 0)))
    rings[0].close()
    later = threading.Timer(0.3, desk.refresh)
    later.start()
    description, segments = onlooker.attach(
        lambda found: [segment["nbytes"] for segment in found["segments"]]
    )
    assert description["rings"][0]["generation"] == 2
    assert [segment.nbytes for segment in segments] == [rings[1].spec.nbytes]
    later.join()
    onlooker.close()
    desk.close()
    rings[1].close()


@pytest.mark.usefixtures("alone")
def test_contract_an_answer_that_comes_too_late_is_not_taken_for_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    errands = Errands({"say": lambda word: Done(word)})
    desk = Desk(lambda: {"rings": []}, list, errands)
    onlooker = Onlooker(os.getpid())
    with monkeypatch.context() as impatient:
        impatient.setattr(attach, "ERRAND_PATIENCE", 0.1)
        with pytest.raises(NoAnswer):
            onlooker.send("say", word="early")

    over = threading.Event()

    def carry_out() -> None:
        while not over.wait(0.01):
            errands.carry_out()

    carrying = threading.Thread(target=carry_out)
    carrying.start()
    assert onlooker.send("say", word="late") == "late"
    assert onlooker.ask()["rings"] == []
    over.set()
    carrying.join()
    onlooker.close()
    desk.close()


# While things happen ------------------------------------------------------------------------------------


class Watching:
    """`top --json` in a process of its own that goes on until it is left."""

    def __init__(self, launcher: Launcher, interval: float = 0.02) -> None:
        options = "--json", f"--interval={interval}", "--count=1000000"
        self.process = subprocess.Popen(
            [sys.executable, "launcher.py", "top", f"--pid={launcher.pid}", *options],
            cwd=REPO,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert self.process.stdout is not None
        self.process.stdout.readline()

    def next(self) -> Any:
        assert self.process.stdout is not None
        text = self.process.stdout.readline()
        assert text, f"top has ended: {self.process.stderr.read().decode()}"  # type: ignore[union-attr]
        return json.loads(text)

    def until(self, condition: Any, what: str) -> Any:
        end = time.monotonic() + WATCHDOG
        while not condition(figures := self.next()):
            assert time.monotonic() < end, f"waited in vain: {what}: {figures}"
        return figures

    def leave(self) -> tuple[int, str]:
        self.process.send_signal(signal.SIGINT)
        _, errors = self.process.communicate(timeout=WATCHDOG)
        return self.process.returncode, errors.decode()


def named(figures: Any, kind: str, name: str) -> Any:
    return next((thing for thing in figures[kind] if thing["name"] == name), {})


def test_contract_it_follows_workers_that_restart(tmp_path: Path) -> None:
    with launched(tmp_path) as launcher:
        top = Watching(launcher)
        for name in LINE:
            before = named(top.next(), "workers", name)
            os.kill(before["pid"], signal.SIGKILL)
            top.until(lambda f, n=name: named(f, "workers", n)["restarts"] == 1, f"{name} restarts")
            top.until(
                lambda f, n=name, b=before: (
                    named(f, "workers", n)["pid"] not in (None, b["pid"])
                    and named(f, "workers", n)["state"] == "running"
                ),
                f"{name} runs",
            )
        figures = top.until(lambda f: all(ring["state"] == "live" for ring in f["rings"]), "all are live")
        assert [ring["writer_starts"] for ring in figures["rings"]] == [2] * len(RINGS)
        assert top.leave() == (0, "")


def test_contract_it_follows_rings_that_grow_and_keeps_nothing_of_the_old(tmp_path: Path) -> None:
    with launched(tmp_path, swap=["capture=grows"]) as launcher:
        old = launcher.segments()
        drag(launcher.pid)
        launcher.look_away()
        top = Watching(launcher)
        top.until(
            lambda f: named(f, "rings", "picture").get("shape") == [540, 1920, 3], "the picture has grown"
        )
        figures = top.until(lambda f: named(f, "rings", "picture")["fps"], "and has a rate")
        generations = {ring["name"]: ring["generation"] for ring in figures["rings"]}
        assert generations == dict.fromkeys(RINGS, 2) | {"small": 1}, "that has the network's size"
        until(lambda: memory_of(top.process.pid) == launcher.segments(), "it has what the launcher has")
        assert len(memory_of(top.process.pid) & old) == 2, "the board, and what has not grown"
        assert top.leave() == (0, "")


def test_contract_the_launcher_s_end_is_a_message(tmp_path: Path) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with launched(tmp_path) as launcher:
            top = Watching(launcher)
            launcher.send(number)
            launcher.wait()
            _, errors = top.process.communicate(timeout=WATCHDOG)
            assert top.process.returncode == 1
            assert errors.decode().startswith("the launcher has gone")
            assert len(errors.splitlines()) == 1


def test_contract_a_launcher_that_is_stopped_is_a_message(tmp_path: Path) -> None:
    with launched(tmp_path) as launcher:
        launcher.send(signal.SIGSTOP)
        result = as_top_reads_it(launcher, "--json")
        launcher.send(signal.SIGCONT)
        assert (result.returncode, result.stderr) == (1, NO_ANSWER)


def test_contract_it_does_not_queue_for_ever_before_a_launcher_that_is_stopped(tmp_path: Path) -> None:
    with launched(tmp_path) as launcher:
        launcher.look_away()
        launcher.send(signal.SIGSTOP)
        queue = [socket.socket(socket.AF_UNIX) for _ in range(100)]
        for end in queue:
            end.setblocking(False)
            with suppress(BlockingIOError):
                end.connect(address_of(launcher.pid))
        result = as_top_reads_it(launcher, "--json")
        launcher.send(signal.SIGCONT)
        assert (result.returncode, result.stderr) == (1, NO_ANSWER)
        for end in queue:
            end.close()


# Without a terminal -------------------------------------------------------------------------------------


@pytest.mark.parametrize("forced", [{}, {"FORCE_COLOR": "1"}])
def test_contract_into_a_pipe_it_prints_plain_pages(line: Launcher, forced: dict[str, str]) -> None:
    options = f"--pid={line.pid}", "--interval=0.5", "--count=2"
    own = {name: value for name, value in os.environ.items() if name != "COLUMNS"}  # of our own terminal
    result = command("top", *options, env=own | forced)
    assert (result.returncode, result.stderr) == (0, "")
    assert "\x1b" not in result.stdout
    pages = result.stdout.split("stereoring  launcher")[1:]
    assert len(pages) == 2
    for page in pages:
        assert all(name in page for name in (*LINE, *RINGS, "null: ", "machine:", "capture to present"))
        assert "…" not in page, "there is room for all of it"
        assert re.search(r"^stereo +running +[\d.]+ +\d+ +\d+ +[1-9][\d.]*", page, re.MULTILINE), "with rates"


def test_contract_whoever_reads_the_pages_may_leave(line: Launcher) -> None:
    top = f"{sys.executable} launcher.py top --pid={line.pid} --interval=0.1"
    result = subprocess.run(
        ["sh", "-c", f"{top} | head -1"], cwd=REPO, capture_output=True, text=True, timeout=WATCHDOG
    )
    assert result.stdout.startswith("stereoring  launcher")
    assert result.stderr == ""


# On a terminal ------------------------------------------------------------------------------------------


class Terminal:
    """A program under a pseudo terminal of 24 lines."""

    def __init__(self, *arguments: str, columns: int = 120) -> None:
        self.shown = b""
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm", COLUMNS=str(columns), LINES="24")
            os.chdir(REPO)
            os.execv(sys.executable, [sys.executable, "launcher.py", *arguments])

    def read_until(self, *texts: str) -> None:
        end = time.monotonic() + WATCHDOG
        while not all(text.encode() in self.shown for text in texts):
            assert time.monotonic() < end, f"not all of {texts} are shown:\n{self.text()}"
            self._read()

    def text(self) -> str:
        return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", self.shown.decode(errors="replace"))

    def end(self, key: bytes = b"\x03") -> int:
        """Ctrl-C, as the keyboard sends it; the exit code."""
        os.write(self._fd, key)
        end = time.monotonic() + WATCHDOG
        while True:
            self._read()
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            assert time.monotonic() < end, "it does not end"

    def _read(self) -> None:
        if select.select([self._fd], [], [], 0.1)[0]:
            try:
                self.shown += os.read(self._fd, 65536)
            except OSError:  # it has ended
                time.sleep(0.01)


@pytest.mark.parametrize("columns", [80, 120, 200])
def test_contract_the_live_table_shows_all_names_and_ends_on_ctrl_c(line: Launcher, columns: int) -> None:
    terminal = Terminal("top", f"--pid={line.pid}", columns=columns)
    terminal.read_until(*LINE, *RINGS, "running", "live", "capture to present", "machine:", "launcher:")
    assert terminal.end() == 0
    assert "Traceback" not in terminal.text()
    assert terminal.shown.endswith(b"\x1b[?25h") or b"\x1b[?1049l" in terminal.shown, (
        "the screen is as it was"
    )


def test_contract_ctrl_c_in_a_terminal_stops_the_launcher(tmp_path: Path) -> None:
    terminal = Terminal("run", *SETS)
    terminal.read_until("4 workers")
    until(lambda: Path(address_of(terminal.pid)).exists(), "it is up")
    time.sleep(1)
    assert terminal.end() == 0
    assert "Traceback" not in terminal.text()
    assert not Path(address_of(terminal.pid)).exists()


def test_how_loud_it_is_is_shown_for_those_who_hear() -> None:
    (line,) = _meters([{"name": "stereo", "level_db": None}, {"name": "audio", "level_db": -30.0}])
    assert str(line) == f"audio  [{'#' * 15}{'-' * 15}] -30 dB"
