"""The board: each worker's line says how it is, and only its own; its histograms are right within 9 %."""

import itertools
import math
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from shm import histogram
from shm.board import ABSENT, LABEL_WORDS, OPENING, RUNNING, STATES, STOPPED, Board
from shm.histogram import BUCKETS, bucket_of, bucket_start, percentile_ms

REPO = Path(__file__).parents[2]
SECOND = 1_000_000_000


@pytest.fixture
def board() -> Iterator[Board]:
    made = Board.create(4)
    yield made
    made.close()


# Lines --------------------------------------------------------------------------------------------------


def test_contract_a_fresh_line_is_absent_and_empty(board: Board) -> None:
    for row in range(4):
        stats = board.line(row).read()
        assert (stats.pid, stats.beat, stats.busy_until, stats.state, stats.steps, stats.lost) == (
            (0, 0, 0, "absent", 0, 0)
        )
        assert stats.label == ""
        assert sum(stats.wait) + sum(stats.work) + sum(stats.latency) == 0


def test_contract_a_line_says_what_was_written_and_the_others_stay_as_they_are(board: Board) -> None:
    untouched = board.line(0).read()
    line = board.line(2)
    line.enter(4711, OPENING)
    line.note_step(2_000_000, 5_000_000, 20_000_000)
    line.note_step(None, 5_000_000, None)
    line.note_lost()
    line.set_state(RUNNING)
    line.expect("building the engine", 600)
    stats = line.read()
    assert (stats.pid, stats.state, stats.steps, stats.lost) == (4711, "running", 2, 1)
    assert (sum(stats.wait), sum(stats.work), sum(stats.latency)) == (1, 2, 1)
    assert stats.label == "building the engine"
    for row in (0, 1, 3):
        assert board.line(row).read() == untouched


def test_contract_every_state_has_its_name(board: Board) -> None:
    line = board.line(0)
    for state in (ABSENT, OPENING, RUNNING, STOPPED):
        line.set_state(state)
        assert line.read().state == STATES[state]


def test_contract_a_beat_is_now(board: Board) -> None:
    line = board.line(0)
    before = time.perf_counter_ns()
    line.beat()
    assert before <= line.read_health()[0] <= time.perf_counter_ns()


def test_contract_busy_asks_for_patience_until_it_ends_even_badly(board: Board) -> None:
    line = board.line(1)
    begin = time.perf_counter_ns()
    with line.busy("loading the model", 60):
        _, until = line.read_health()
        assert begin + 60 * SECOND <= until <= time.perf_counter_ns() + 60 * SECOND
        assert line.read().label == "loading the model"
    assert line.read_health()[1] == 0
    assert line.read().label == ""
    with pytest.raises(ZeroDivisionError), line.busy("dividing", 60):
        _ = 1 / 0
    assert line.read_health()[1] == 0
    assert line.read_health()[0] >= begin, "its end is a beat"


def test_contract_busy_within_busy_leaves_the_outer_one_its_time_and_name(board: Board) -> None:
    """All of opening is busy; a model that takes longer says so within."""
    line = board.line(0)
    with line.busy("opening", 120):
        outer = line.read_health()[1]
        with line.busy("building the engine", 600):
            assert line.read().label == "building the engine"
            assert line.read_health()[1] > outer
            time.sleep(0.05)
        assert outer + 50_000_000 <= line.read_health()[1] < outer + 30 * SECOND, (
            "the time between does not count"
        )
        assert line.read().label == "opening"
        with line.busy("a moment", 1):
            assert line.read_health()[1] < outer
        assert line.read_health()[1] > outer
    assert line.read_health()[1] == 0
    assert line.read().label == ""


def test_contract_what_the_launcher_expects_of_a_start_ends_with_the_opening(board: Board) -> None:
    launcher, worker = board.line(0), board.line(0)
    launcher.expect("starting", 120)
    with worker.busy("opening", 120):
        assert launcher.read().label == "opening"
    assert launcher.read_health()[1] == 0


@pytest.mark.parametrize("text", ["", "a", "ä" * 40, "▶" * 100, "x" * 1000, "\0", "tab\tand\nline"])
def test_contract_a_label_of_any_length_is_cut_and_never_broken(board: Board, text: str) -> None:
    line = board.line(3)
    line.enter(1, RUNNING)
    line.expect(text, 1)
    label = line.read().label
    assert "�" not in label, "not in the middle of a letter"
    assert text.rstrip("\0").startswith(label)
    assert len(label.encode()) <= LABEL_WORDS * 8
    assert line.read().state == "running"


def test_contract_rubbish_in_a_line_is_shown_and_harms_nobody(board: Board) -> None:
    """A worker may scribble over its own line; who looks must not fall."""
    line = board.line(1)
    rng = random.Random(1)
    for at in range(line._at, line._at + 16):
        line._words[at] = rng.getrandbits(64)
    stats = line.read()
    assert stats.state == "unknown"
    assert isinstance(stats.label, str)


def test_contract_two_processes_see_the_same_lines(board: Board) -> None:
    code = (
        "import os, sys; from shm.board import Board, RUNNING; from shm.segment import Segment\n"
        "fd, nbytes = map(int, sys.argv[1:]); data = {'kind': 'memfd', 'nbytes': nbytes}\n"
        "line = Board(Segment.from_json(data, [fd]), 4).line(2)\n"
        "line.enter(os.getpid(), RUNNING); line.note_step(None, 1_000_000, None)\n"
    )
    (fd,) = board.segment.fds
    os.set_inheritable(fd, True)
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(fd), str(board.segment.nbytes)], cwd=REPO, pass_fds=[fd]
    )
    assert process.wait(30) == 0
    stats = board.line(2).read()
    assert (stats.pid, stats.state, stats.steps, sum(stats.work)) == (process.pid, "running", 1, 1)


# Histograms ---------------------------------------------------------------------------------------------


def test_contract_every_duration_has_the_bucket_that_begins_at_or_before_it() -> None:
    for exponent, part in itertools.product(range(36), range(32)):
        duration = (1 << exponent) + (part << max(0, exponent - 5))
        bucket = bucket_of(duration)
        assert bucket_start(bucket) <= duration
        assert bucket == BUCKETS - 1 or duration < bucket_start(bucket + 1)


def test_contract_buckets_follow_one_another_without_gap_or_overlap() -> None:
    starts = [bucket_start(bucket) for bucket in range(BUCKETS + 1)]
    assert starts == sorted(set(starts))
    assert starts[0] == 0
    for bucket in range(BUCKETS):
        assert bucket_of(starts[bucket]) == bucket
        assert bucket_of(starts[bucket + 1] - 1) == bucket


def test_contract_they_reach_from_a_microsecond_to_about_a_minute() -> None:
    assert bucket_of(1000) == 0
    assert bucket_of(1100) == 1
    assert bucket_of(30 * SECOND) < BUCKETS - 1
    assert bucket_start(BUCKETS) > 60 * SECOND
    assert bucket_of(3600 * SECOND) == BUCKETS - 1
    assert bucket_of(-5) == 0, "clocks of different cores may differ by a little"


@pytest.mark.parametrize("seed", range(20))
def test_contract_any_percentile_is_right_within_nine_per_cent(seed: int) -> None:
    rng = random.Random(seed)
    mean, spread, count = (
        10 ** rng.uniform(1.2, 6.5),
        rng.uniform(0.01, 2),
        rng.choice((1, 2, 10, 1000, 20_000)),
    )
    durations = [min(50 * SECOND, int(1000 * mean * rng.lognormvariate(0, spread))) for _ in range(count)]
    words = [0] * BUCKETS
    for duration in durations:
        histogram.add(words, 0, duration)
    durations.sort()
    for share in (0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 1.0):
        true = durations[math.ceil(share * count) - 1]
        got = percentile_ms(words, share)
        assert got is not None
        if true > 16 * 1024:  # below sixteen units a bucket is a unit wide
            assert got * 1e6 == pytest.approx(true, rel=0.09), (seed, share)
        else:
            assert abs(got * 1e6 - true) <= 1024


def test_contract_nothing_counted_has_no_percentile() -> None:
    assert percentile_ms([0] * BUCKETS, 0.5) is None


def test_contract_percentiles_never_cross() -> None:
    rng = random.Random(9)
    for _ in range(200):
        words = [rng.choice((0, 0, 0, rng.randrange(5))) for _ in range(BUCKETS)]
        found = [percentile_ms(words, share) for share in (0.5, 0.95, 0.99)]
        if None not in found:
            assert found == sorted(found)  # type: ignore[type-var]


def test_the_level_falls_slowly_and_is_gone_when_nobody_says_it(monkeypatch: pytest.MonkeyPatch) -> None:
    board = Board.create(1)
    line = board.line(0)
    assert line.read().level is None, "it hears nothing"
    now = time.perf_counter_ns()
    monkeypatch.setattr(time, "perf_counter_ns", lambda: now)
    line.show_level(0.5)
    assert line.read().level == pytest.approx(0.5)
    now += 500_000_000
    line.show_level(0.0)
    assert line.read().level == pytest.approx(0.5 * 10 ** (-10 / 20)), "10 dB in half a second"
    now += 2_000_000_000
    assert line.read().level is None
    board.close()
