"""Workers that misbehave (tests/bad_workers) get what their docstrings say, and nobody else feels it."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bad_workers.garbage_control import RUBBISH
from tests.pipeline.running import LINE, Launcher, as_top_reads_it, launched, nothing_is_left

pytestmark = pytest.mark.timeout(120)

COMPANY = (
    "crashes_at_start",
    "crashes_after_frames",
    "keeps_views",
    "exits_cleanly",
    "hangs",
    "hangs_in_open",
    "silent",
)


def nobody_else_felt_it(launcher: Launcher, *but: str) -> None:
    restarts = launcher.restarts()
    assert {name: restarts[name] for name in LINE if name not in but} == dict.fromkeys(
        set(LINE) - set(but), 0
    )
    launcher.until_flowing("picture" if "stereo" not in but else "nearness")


def is_failed(launcher: Launcher, name: str) -> None:
    """It was given up by name, after a back-off that doubled."""
    launcher.until(lambda: launcher.worker(name)["state"] == "failed", f"{name} has failed")
    lines = [line for line in launcher.log.splitlines() if f"stereoring.launcher: {name} " in line]
    waits = [line.rpartition("restart in ")[2] for line in lines if "restart in" in line]
    assert waits == ["0.1 s", "0.2 s", "0.4 s", "0.8 s"]
    assert "the 5th time within 60 s, and stays off; the rest goes on" in lines[-1]
    figures = launcher.worker(name)
    assert (figures["restarts"], figures["pid"]) == (4, None)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launcher]:
    """A line with a good sink and all those beside it that cannot do worse than end or hang."""
    with launched(tmp_path_factory.mktemp("company"), add=COMPANY, hung=2.0) as launcher:
        yield launcher


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("crashes_at_start", "RuntimeError: the projector is not plugged in"),
        ("crashes_after_frames", "ZeroDivisionError: ten pictures are enough"),
        ("keeps_views", "LeaseEscaped: keeps_views: a view of frame"),
    ],
)
def test_contract_a_worker_that_crashes_again_and_again_is_given_up_by_name_with_the_reason(
    company: Launcher, name: str, reason: str
) -> None:
    is_failed(company, name)
    assert company.log.count(f"CRITICAL stereoring.{name}: {reason}") == 5
    nobody_else_felt_it(company)


@pytest.mark.parametrize("name", ["hangs", "silent"])
def test_contract_a_worker_that_hangs_is_killed_and_comes_back(company: Launcher, name: str) -> None:
    company.until_logged(f"{name} has hung (no beat for ")
    company.until_logged(f"{name} was killed by signal 9; restart in 0.1 s")
    company.until(lambda: company.worker(name)["restarts"] > 0, f"{name} is started again")
    nobody_else_felt_it(company)


def test_contract_a_worker_that_hangs_in_open_is_killed_when_its_own_limit_is_over(company: Launcher) -> None:
    company.until_logged("hangs_in_open has hung while 'looking for the device' (no beat for ")
    company.until_logged("hangs_in_open was killed by signal 9; restart in 0.1 s")
    nobody_else_felt_it(company)


def test_contract_a_worker_that_always_hangs_is_given_up_and_left_alone(tmp_path: Path) -> None:
    """Also three seconds later, when a process that cannot be killed would be left behind."""
    with launched(tmp_path, add=["hangs_in_open"], hung=1.5) as launcher:
        launcher.until_logged("hangs_in_open was killed by signal 9, the 5th time within 60 s, and stays off")
        time.sleep(3.5)
        assert launcher.worker("hangs_in_open")["state"] == "failed"
        assert launcher.worker("hangs_in_open")["restarts"] == 4
        assert "left behind" not in launcher.log
        assert "new segment" not in launcher.log
        nobody_else_felt_it(launcher)


def test_contract_a_worker_that_ends_by_itself_has_finished_and_is_not_started_again(
    company: Launcher,
) -> None:
    company.until(lambda: company.worker("exits_cleanly")["state"] == "finished", "it has finished")
    assert "exits_cleanly has finished" in company.log
    assert company.worker("exits_cleanly")["restarts"] == 0
    nobody_else_felt_it(company)


def test_contract_what_bad_company_leaves_behind_is_cleared(company: Launcher) -> None:
    """The leases of the dead are gone, so the writer of the picture never ran out of slots."""
    for name in ("crashes_at_start", "crashes_after_frames", "keeps_views"):
        is_failed(company, name)
    picture = company.ring("picture")
    leases = {reader["name"]: reader["leases"] for reader in picture["readers"]}
    assert {name: leases[name] for name in COMPANY[:4]} == dict.fromkeys(COMPANY[:4], 0)
    assert picture["no_slot"] == 0


def test_contract_a_worker_that_heeds_neither_signals_nor_messages_is_killed_when_all_stops(
    tmp_path: Path,
) -> None:
    with launched(tmp_path, add=["ignores_sigterm", "ignores_stop"]) as launcher:
        launcher.until_logged("ignoring signals")
        launcher.until(lambda: launcher.worker("ignores_stop")["busy"] == "counting pixels", "it is busy")
        assert launcher.worker("ignores_sigterm")["busy"] == "sulking"
        segments = launcher.segments()
        assert launcher.stop() == 0
        assert "ignores_stop does not stop when asked; killing it" in launcher.log
        nothing_is_left(launcher, segments)


def test_contract_rubbish_in_a_slot_s_line_gets_a_new_segment_and_its_writer_is_given_up(
    tmp_path: Path,
) -> None:
    with launched(tmp_path, swap=["stereo=garbage_sizes"]) as launcher:
        launcher.until_logged("ring picture: slot ")
        launcher.until_logged("ring picture gets a new segment")
        launcher.until(lambda: launcher.worker("stereo")["state"] == "failed", "stereo is given up")
        log = launcher.log
        assert "  writer: epoch=" in log, "the header is in the log"
        assert "no such dtype" in log
        assert "9 dimensions" in log
        assert "4294967295" in log
        assert "stereo" in next(line for line in log.splitlines() if "stays off" in line)
        launcher.until(lambda: launcher.ring("picture")["state"] == "failed", "readers are told so")
        launcher.until_running("null")
        nobody_else_felt_it(launcher, "stereo", "null")


def test_contract_a_chatty_worker_slows_nobody_down(tmp_path: Path) -> None:
    with launched(tmp_path, add=["chatty"]) as launcher:
        launcher.until(lambda: launcher.worker("chatty")["fps"], "it shows pictures")
        launcher.until_logged("blah blah", times=1000)
        launcher.until_logged("log lines were dropped")
        assert as_top_reads_it(launcher, "--json").returncode == 0
        assert launcher.worker("chatty")["state"] == "running"
        nobody_else_felt_it(launcher)
        segments = launcher.segments()
        assert launcher.stop() == 0
        nothing_is_left(launcher, segments)


@pytest.mark.parametrize("kinds", [list(RUBBISH)[0::2], list(RUBBISH)[1::2]], ids=["even", "odd"])
def test_contract_rubbish_on_the_control_socket_harms_only_its_sender(
    tmp_path: Path, kinds: list[str]
) -> None:
    with launched(tmp_path, add=[f"{kind}=garbage_control" for kind in kinds]) as launcher:
        for kind in kinds:
            launcher.until_logged(f"{kind} sends what is no message")
            launcher.until_logged(f"{kind} was killed by signal 9; restart in")
        nobody_else_felt_it(launcher)
        for ring in launcher.figures()["rings"]:
            assert ring["generation"] == 1, "nobody can have another one's ring changed"
        assert launcher.stop() == 0
        assert "Traceback" not in launcher.log
        assert "Logging error" not in launcher.log


def test_contract_a_flood_of_messages_takes_neither_the_launcher_s_time_nor_its_memory(
    tmp_path: Path,
) -> None:
    with launched(tmp_path, add=["flood=garbage_control"]) as launcher:
        launcher.until_running("flood")
        before = launcher.figures()["launcher"]["rss_mb"]
        launcher.until(lambda: launcher.figures()["window_s"] > 2, "it goes on like that")
        assert launcher.figures()["launcher"]["rss_mb"] < before + 50
        nobody_else_felt_it(launcher)
        assert launcher.stop() == 0


def test_contract_descriptors_that_nobody_asked_for_are_closed(tmp_path: Path) -> None:
    with launched(tmp_path, add=["descriptors=garbage_control"]) as launcher:
        launcher.until_running("descriptors")

        def devices() -> int:
            folder = f"/proc/{launcher.pid}/fd"
            links = [
                os.readlink(f"{folder}/{fd}") for fd in os.listdir(folder) if os.path.exists(f"{folder}/{fd}")
            ]
            return links.count(os.devnull)

        launcher.until(lambda: launcher.worker("descriptors")["fps"], "it sends them with every picture")
        launcher.until_flowing()
        assert devices() < 25, "but what has just come"


def test_contract_a_source_without_news_is_live_and_costs_nothing(tmp_path: Path) -> None:
    with launched(tmp_path, swap=["capture=never_publishes"], ready=False) as launcher:
        launcher.until_running()
        launcher.until(lambda: launcher.ring("frame")["state"] == "live", "its ring is live")
        launcher.until(lambda: launcher.figures()["window_s"] > 1.5, "time passes")
        figures = launcher.figures()
        for ring in figures["rings"]:
            assert (ring["seq"], ring["age_ms"]) == (0, None)
        for worker in figures["workers"]:
            assert (worker["state"], worker["restarts"], worker["fps"]) == ("running", 0, 0)
            assert worker["cpu_percent"] < 20
