"""The table: what settings ask for becomes workers and rings, or a message that says what does not fit."""

import itertools
import resource
from collections.abc import Callable, Mapping
from pathlib import Path
from textwrap import dedent
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from pipeline.graph import GraphError, Plan, make_plan
from pipeline.rings import check_memory
from pipeline.settings import Settings, load
from shm.layout import RingSpec, RowSpec
from tests.pipeline.running import REPO, SMALL, command, launched

_numbers = itertools.count()
MakePlan = Callable[..., Plan]

CAPTURE = """
    class Capture(Worker):
        writes = {"frame": "RGB", "depth": "1/m"}
        @classmethod
        def sizes(cls, settings, rings):
            return {"frame": 3000, "depth": 500}
"""
STEADY = """
    class Steady(Worker):
        reads, writes = "depth", {"nearness": "0..1"}
        @classmethod
        def sizes(cls, settings, rings):
            return {"nearness": rings["depth"]}
"""
STEREO = """
    class Stereo(Worker):
        reads, joins, writes = "nearness", "frame", {"picture": "RGB"}
        @classmethod
        def sizes(cls, settings, rings):
            return {"picture": 2 * rings["frame"]}
"""
SINK = """
    class Sink(Worker):
        reads = "picture"
"""


@pytest.fixture
def plan_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakePlan:
    """A plan for a package of workers written for the test."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def make(
        capture: str = CAPTURE,
        steady: str = STEADY,
        stereo: str = STEREO,
        sinks: Mapping[str, str] = {"show": SINK},
        cores: int = 2,
    ) -> Plan:
        package = f"graph_workers_{next(_numbers)}"
        rooms = {"capture/scene": capture, "steady/steady": steady, "stereo/stereo": stereo}
        rooms |= {f"sinks/{name}": code for name, code in sinks.items()}
        for name, code in rooms.items():
            file = tmp_path / package / f"{name}.py"
            file.parent.mkdir(parents=True, exist_ok=True)
            (file.parent / "__init__.py").touch()
            file.write_text("from workers.worker import Worker\n" + dedent(code))
        (tmp_path / package / "__init__.py").touch()
        sections = {"capture": SimpleNamespace(source="scene")}
        return make_plan(Settings(Path("-"), None, tuple(sinks), sections), package, cores)

    return make


def ring(plan: Plan, name: str) -> RingSpec:
    return next(spec for spec in plan.rings if spec.name == name)


# What fits ----------------------------------------------------------------------------------------------


def test_contract_the_table_for_the_settings_that_come_with_the_program() -> None:
    plan = make_plan(load(REPO / "settings.yaml"))
    assert [(w.name, w.reads, w.mode, w.joins, w.joins_for_others, w.writes) for w in plan.workers] == [
        ("capture", None, "latest", "frame", True, ("frame", "depth")),
        ("steady", "depth", "latest", "frame", True, ("nearness",)),
        ("stereo", "nearness", "latest", "frame", False, ("picture",)),
        ("null", "picture", "latest", None, True, ()),
    ]
    pixels = 1280 * 720
    by_source = tuple(
        RowSpec(name, "by-source", n) for name, n in (("capture", 3), ("steady", 3), ("stereo", 1))
    )
    assert plan.rings == (
        RingSpec("frame", 3 + 3 + 1 + 2, pixels * 3, by_source),
        RingSpec("depth", 1 + 2, pixels // 16 * 4, (RowSpec("steady", "latest", 1),)),
        RingSpec("nearness", 1 + 2, pixels // 16 * 4, (RowSpec("stereo", "latest", 1),)),
        RingSpec("picture", 1 + 2, pixels * 6, (RowSpec("null", "latest", 1),)),
    )
    assert plan.nbytes == sum(spec.nbytes for spec in plan.rings)


def test_contract_a_worker_gets_the_sections_of_its_room_and_its_own() -> None:
    plan = make_plan(load(REPO / "settings.yaml"))
    assert {w.name: set(w.settings) for w in plan.workers} == {
        "capture": {"capture", "scene"},
        "steady": {"steady"},
        "stereo": {"stereo"},
        "null": set(),
    }


@pytest.mark.parametrize("count", [1, 2, 5, 16])
def test_contract_each_sink_adds_a_reader_and_a_slot(plan_of: MakePlan, count: int) -> None:
    plan = plan_of(sinks={f"show{i}": SINK for i in range(count)})
    picture = ring(plan, "picture")
    assert picture.rows == tuple(RowSpec(f"show{i}", "latest", 1) for i in range(count))
    assert picture.slots == count + 2
    assert ring(plan, "frame").slots == 9, "who shows pictures keeps no frames"


def test_contract_slots_are_all_leases_that_can_be_out_and_two(plan_of: MakePlan) -> None:
    """One behind each slot that a keeper writes: a second reader of depth makes two keepers' rings larger."""
    plan = plan_of(sinks={name: SINK.replace("picture", name) for name in ("picture", "depth", "nearness")})
    for spec in plan.rings:
        assert spec.slots == sum(row.pins for row in spec.rows) + 2
    assert ring(plan, "depth").slots == 4
    assert ring(plan, "nearness").slots == 4
    pins = {row.reader: row.pins for row in ring(plan, "frame").rows}
    assert pins == {"capture": 4, "steady": 4, "stereo": 1}


def test_contract_a_line_without_a_join_keeps_nothing(plan_of: MakePlan) -> None:
    plan = plan_of(
        capture=CAPTURE.replace('"frame": "RGB", ', "").replace('"frame": 3000, ', ""),
        stereo=STEREO.replace(
            'reads, joins, writes = "nearness", "frame",', 'reads, writes = "nearness",'
        ).replace('rings["frame"]', 'rings["nearness"]'),
    )
    assert all(worker.joins is None for worker in plan.workers)
    assert {spec.name: spec.slots for spec in plan.rings} == {"depth": 3, "nearness": 3, "picture": 3}


def test_contract_a_sink_may_join_frames_itself(plan_of: MakePlan) -> None:
    """As a window does that synthesises in its shader."""
    window = 'class Window(Worker):\n    reads, joins = "nearness", "frame"'
    plan = plan_of(sinks={"show": SINK, "window": window})
    assert {w.name: (w.joins, w.joins_for_others) for w in plan.workers} == {
        "capture": ("frame", True),
        "steady": ("frame", True),
        "stereo": ("frame", False),
        "show": (None, True),
        "window": ("frame", False),
    }
    pins = {row.reader: row.pins for row in ring(plan, "frame").rows}
    assert pins == {"capture": 3, "steady": 4, "stereo": 1, "window": 1}, "a slot more for a second reader"
    assert ring(plan, "frame").slots == 11


def test_contract_sizes_may_name_the_rings_in_any_order(plan_of: MakePlan) -> None:
    usual = plan_of()
    turned = plan_of(
        capture=CAPTURE.replace('{"frame": 3000, "depth": 500}', '{"depth": 500, "frame": 3000}')
    )
    assert set(turned.rings) == set(usual.rings)


@pytest.mark.parametrize(("cores", "heavy", "each"), [(1, 2, 1), (2, 1, 2), (8, 1, 8), (8, 2, 4), (8, 3, 2)])
def test_contract_heavy_workers_share_the_cores_and_the_others_get_one_thread(
    plan_of: MakePlan, cores: int, heavy: int, each: int
) -> None:
    rooms = {"capture": CAPTURE, "steady": STEADY, "stereo": STEREO}
    for name in list(rooms)[:heavy]:
        rooms[name] = rooms[name].replace("(Worker):", "(Worker):\n        heavy = True")
    plan = plan_of(**rooms, cores=cores)
    assert [worker.threads for worker in plan.workers] == [each] * heavy + [1] * (4 - heavy)


def test_contract_a_worker_s_libraries_get_its_budget(tmp_path: Path) -> None:
    with launched(tmp_path) as launcher:
        for name, pid in launcher.pids().items():
            environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
            for variable in (b"OMP_NUM_THREADS=1", b"OPENBLAS_NUM_THREADS=1", b"NUMBA_NUM_THREADS=1"):
                assert variable in environment, name
        for figures in launcher.figures()["workers"]:
            assert figures["thread_budget"] == 1
            assert figures["threads"] == 1


def test_contract_the_text_names_every_worker_and_ring_with_what_it_needs() -> None:
    text = make_plan(load(REPO / "settings.yaml")).text()
    assert text.startswith("4 workers, 43 MB in 4 rings")
    for name in (
        "capture",
        "steady",
        "stereo",
        "null",
        "ring frame",
        "ring depth",
        "ring nearness",
        "ring picture",
    ):
        assert name in text
    assert "9 x 2.76 MB" in text
    assert "stereo (by-source, 1)" in text


# What does not ------------------------------------------------------------------------------------------


NO_SIZE = CAPTURE.replace(', "depth": 500}', "}")
AUDIO = CAPTURE.replace('"depth": "1/m"', '"depth": "1/m", "audio": "PCM"').replace(
    "500}", '500, "audio": 10}'
)
CIRCLE = STEADY.replace('"depth", {', '"picture", {').replace('rings["depth"]', "9")


def sink(**attributes: str) -> str:
    return "\n    ".join(
        ["class Sink(Worker):", *(f"{name} = {value}" for name, value in attributes.items())]
    )


@pytest.mark.parametrize(
    ("rooms", "message"),
    [
        (
            {"steady": STEADY.replace('"depth"', '"dept"', 1)},
            "steady would read ring dept, and nobody writes it",
        ),
        (
            {"stereo": STEREO.replace('"frame"', '"fame"', 1)},
            "stereo would read ring fame, and nobody writes it",
        ),
        ({"capture": AUDIO}, "capture writes ring audio, and nobody reads it"),
        (
            {"sinks": {"echo": sink(reads="'picture'", writes="{'nearness': '0..1'}")}},
            "both steady and echo write ring nearness; a ring has one writer",
        ),
        (
            {
                "capture": AUDIO.replace('"frame": "RGB", ', "").replace('"frame": 3000, ', ""),
                "stereo": STEREO.replace(
                    ', joins, writes = "nearness", "frame"', ', writes = "nearness"'
                ).replace('rings["frame"]', "9"),
                "sinks": {"show": SINK, "speak": sink(reads="'audio'", joins="'nearness'")},
            },
            "speak joins ring nearness, which its input audio is not made from",
        ),
        (
            {"sinks": {"window": sink(reads="'picture'", joins="'frame'")}},
            "stereo joins ring frame itself and cannot keep its frames for window too",
        ),
        (
            {"steady": CIRCLE, "sinks": {"show": SINK.replace("picture", "depth")}},
            "steady reads from stereo reads from steady: in a circle, where nobody can begin",
        ),
        ({"capture": NO_SIZE}, "capture does not say how large the frames of ring depth are"),
        (
            {"sinks": {f"show{i}": SINK for i in range(17)}},
            "ring picture would have 17 readers and 19 slots; 16 and 255",
        ),
        ({"sinks": {"steady": SINK}}, "sinks: a sink may not be named steady like a room"),
    ],
    ids=[
        "unknown ring",
        "unknown join",
        "unused ring",
        "two writers",
        "foreign join",
        "join after a join",
        "circle",
        "no size",
        "17 sinks",
        "a sink named like a room",
    ],
)
@pytest.mark.timeout(20)
def test_contract_what_does_not_fit_is_refused_by_name(
    plan_of: MakePlan, rooms: dict[str, Any], message: str
) -> None:
    with pytest.raises(GraphError, match=message):
        plan_of(**rooms)


@pytest.mark.parametrize(
    ("code", "what"),
    [("", "0 Worker classes"), (SINK + SINK.replace("Sink", "Other"), "2 Worker classes")],
    ids=["none", "two"],
)
def test_contract_a_file_without_the_one_worker_class_is_refused_by_name(
    plan_of: MakePlan, code: str, what: str
) -> None:
    with pytest.raises(GraphError, match=f"odd.py.*{what}"):
        plan_of(sinks={"odd": code})


def test_contract_without_sinks_nothing_starts() -> None:
    result = command("--set=sinks=")
    assert result.returncode == 2
    assert "sinks: there is none, so nobody would see anything" in result.stderr
    assert "Traceback" not in result.stderr


def test_contract_rings_leave_the_machine_room_to_breathe() -> None:
    total = psutil.virtual_memory().total
    check_memory(total // 100)
    with pytest.raises(
        GraphError, match=r"the rings need \d+ MB of shared memory and \d+ MB can be had; choose a"
    ):
        check_memory(total)


@pytest.mark.timeout(60)
def test_contract_too_little_memory_is_said_with_what_to_do_and_nothing_starts() -> None:
    result = command(*(f"--set={setting}" for setting in SMALL), preexec_fn=_no_large_files)
    assert result.returncode == 1
    assert "ring frame: no memory for a segment of 2 MB" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def _no_large_files() -> None:
    """Shared memory counts as a file."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
