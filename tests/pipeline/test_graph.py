"""The table: what settings ask for becomes workers and rings, or a message that says what does not fit."""

import itertools
import resource
import wave
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from textwrap import dedent
from types import SimpleNamespace
from typing import Any

import av
import cv2
import numpy as np
import psutil
import pytest

from pipeline.graph import GraphError, Plan, make_plan
from pipeline.rings import check_memory
from pipeline.settings import Settings, load
from shm.layout import RingSpec, RowSpec
from tests.pipeline.running import REPO, RINGS, SMALL, command, launched
from tests.workers.made_films import add_film, add_frames
from workers.chain import implementation
from workers.convert._conversion import Conversion

SCENE = ("capture.source=scene", "depth.model=some.onnx", "sinks=[null]")
IMAGE = ("capture.source=image", "sinks=[null]")
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
ENCODE = """
    class Encode(Worker):
        reads, writes, history = "picture", {"packets": "H264"}, {"packets": 16}
        @classmethod
        def sizes(cls, settings, rings):
            return {"packets": 100}
"""
SINK = """
    class Sink(Worker):
        reads = "picture"
"""
VIDEO_SINK = """
    class Sink(Worker):
        reads, follows, follow_mode = "picture", "packets", "every-or-count"
"""


@pytest.fixture
def plan_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakePlan:
    """A plan for a package of workers written for the test."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def make(
        capture: str = CAPTURE,
        depth: str = "",
        steady: str = STEADY,
        stereo: str = STEREO,
        sinks: Mapping[str, str] = {"show": SINK},
        where: str = "own",
        cores: int = 2,
    ) -> Plan:
        package = f"graph_workers_{next(_numbers)}"
        rooms = {"capture/scene": capture, "steady/nearness": steady, "stereo/compose": stereo}
        rooms["encode/packets"] = ENCODE
        if depth:
            rooms["depth/network"] = depth
        rooms |= {f"sinks/{name}": code for name, code in sinks.items()}
        for name, code in rooms.items():
            file = tmp_path / package / f"{name}.py"
            file.parent.mkdir(parents=True, exist_ok=True)
            (file.parent / "__init__.py").touch()
            file.write_text("from workers.worker import Worker\n" + dedent(code))
        (tmp_path / package / "__init__.py").touch()
        sections = {
            "job": SimpleNamespace(kind="3d"),
            "capture": SimpleNamespace(source="scene"),
            "depth": SimpleNamespace(model="some.onnx" if depth else "true"),
            "stereo": SimpleNamespace(where=where),
        }
        return make_plan(Settings(Path("-"), None, tuple(sinks), sections), package, cores)

    return make


def ring(plan: Plan, name: str) -> RingSpec:
    return next(spec for spec in plan.rings if spec.name == name)


# What fits ----------------------------------------------------------------------------------------------


def test_contract_the_table_for_the_settings_that_come_with_the_program() -> None:
    plan = make_plan(load(REPO / "settings.yaml", overrides=SCENE))
    assert [
        (w.name, w.reads, w.mode, w.follows, w.joins, w.joins_for_others, w.writes) for w in plan.workers
    ] == [
        ("capture", None, "latest", (), "frame", True, ("frame", "small")),
        ("depth", "small", "latest", (), "frame", True, ("depth",)),
        ("steady", "depth", "latest", ("small",), "frame", True, ("nearness",)),
        ("stereo", "nearness", "latest", (), "frame", False, ("picture",)),
        ("null", "picture", "latest", (), None, True, ()),
    ]
    pixels, small = 1280 * 720, 320 * 192
    keepers = (("capture", 4), ("depth", 3), ("steady", 3), ("stereo", 1))
    by_source = tuple(RowSpec(name, "by-source", leases) for name, leases in keepers)
    assert plan.rings == (
        RingSpec("frame", 4 + 3 + 3 + 1 + 2, pixels * 3, by_source),
        RingSpec("small", 2 + 2, small * 3, (RowSpec("depth", "latest", 1), RowSpec("steady", "latest", 1))),
        RingSpec("depth", 1 + 2, small * 4, (RowSpec("steady", "latest", 1),)),
        RingSpec("nearness", 1 + 2, small * 4, (RowSpec("stereo", "latest", 1),)),
        RingSpec("picture", 1 + 2, 2 * pixels * 3, (RowSpec("null", "latest", 1),)),
    )
    assert plan.nbytes == sum(spec.nbytes for spec in plan.rings)


def test_contract_a_worker_gets_the_sections_of_its_room_its_own_and_those_that_it_shares() -> None:
    plan = make_plan(load(REPO / "settings.yaml", overrides=[*SCENE, "sinks=[null, window]"]))
    assert {w.name: set(w.settings) for w in plan.workers} == {
        "capture": {"capture", "scene", "depth"},
        "depth": {"depth"},
        "steady": {"steady", "depth", "stereo"},
        "stereo": {"stereo"},
        "null": set(),
        "window": {"window", "job", "stereo", "background", "capture", "screen_mss"},
    }


def test_contract_video_is_made_for_a_sink_that_follows_it_and_a_late_one_finds_what_it_missed(
    plan_of: MakePlan,
) -> None:
    plan = plan_of(sinks={"show": VIDEO_SINK})
    packets = ring(plan, "packets")
    assert packets.rows == (RowSpec("show", "every-or-count", 1),)
    assert packets.slots == 1 + 2 + 16
    assert "encode" not in {worker.name for worker in plan_of().workers}


@pytest.mark.parametrize("count", [1, 2, 5, 16])
def test_contract_each_sink_adds_a_reader_and_a_slot(plan_of: MakePlan, count: int) -> None:
    plan = plan_of(sinks={f"show{i}": SINK for i in range(count)})
    picture = ring(plan, "picture")
    assert picture.rows == tuple(RowSpec(f"show{i}", "latest", 1) for i in range(count))
    assert picture.slots == count + 2
    assert ring(plan, "frame").slots == 9, "who shows pictures keeps no frames"


def test_contract_slots_are_all_leases_that_can_be_out_and_two(plan_of: MakePlan) -> None:
    """One behind each slot that a keeper writes: a second reader of depth makes two keepers' rings larger."""
    plan = plan_of(
        sinks={f"show_{name}": SINK.replace("picture", name) for name in ("picture", "depth", "nearness")}
    )
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


@pytest.mark.parametrize(
    ("cores", "heavy", "each"), [(1, 2, 1), (2, 1, 2), (2, 2, 2), (8, 1, 8), (8, 2, 4), (8, 3, 2)]
)
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
        for figures in launcher.figures()["workers"]:
            budget = psutil.cpu_count() if figures["name"] == "stereo" else 1
            assert figures["thread_budget"] == budget
            waiting = int(figures["name"] == "stereo")  # for the threads that numba has it use
            assert 1 <= figures["threads"] <= budget + waiting, figures["name"]
            environment = Path(f"/proc/{figures['pid']}/environ").read_bytes().split(b"\0")
            for library in ("OMP_NUM", "OPENBLAS_NUM", "NUMBA_NUM"):
                assert f"{library}_THREADS={budget}".encode() in environment, figures["name"]
            assert f"OPENCV_FOR_THREADS_NUM={budget}".encode() in environment, figures["name"]


def test_contract_the_text_names_every_worker_and_ring_with_what_it_needs() -> None:
    text = make_plan(load(REPO / "settings.yaml", overrides=SCENE)).text()
    assert text.startswith("5 workers, 55 MB in 5 rings")
    for name in ("capture", "depth", "steady", "stereo", "null", *(f"ring {ring}" for ring in RINGS)):
        assert name in text
    assert "13 x 2.76 MB" in text
    assert "stereo (by-source, 1)" in text
    assert "reads depth; follows small; keeps frame; writes nearness" in text


# Rings that are offered, followed, and made by nobody -----------------------------------------------------

SOURCE = """
    class Capture(Worker):
        writes = {"frame": "RGB"}
        offers = {"small": "RGB", "depth": "1/m"}
        @classmethod
        def sizes(cls, settings, rings):
            return {"frame": 3000, "small": 600, "depth": 500}
"""
NETWORK = """
    class Network(Worker):
        reads, writes = "small", {"depth": "relative"}
        @classmethod
        def sizes(cls, settings, rings):
            return {"depth": 400}
"""
FOLLOWING = STEADY.replace("reads, writes = ", 'follows = "small"\n        reads, writes = ')
WINDOW = """
    from workers.worker import Wiring

    class Window(Worker):
        shares = ("stereo",)
        @classmethod
        def wiring(cls, settings):
            if settings.stereo.where == "sink":
                return Wiring("nearness", None, "frame", {}, {})
            return Wiring("picture", None, None, {}, {})
"""


def written(plan: Plan) -> dict[str, tuple[str, ...]]:
    return {worker.name: worker.writes for worker in plan.workers}


def nbytes(plan: Plan) -> dict[str, int]:
    return {spec.name: spec.slot_bytes for spec in plan.rings}


def test_contract_an_offer_that_nobody_reads_is_not_made(plan_of: MakePlan) -> None:
    assert written(plan_of(capture=SOURCE))["capture"] == ("frame", "depth")


def test_contract_an_offer_is_made_for_whoever_only_follows_it(plan_of: MakePlan) -> None:
    assert written(plan_of(capture=SOURCE, steady=FOLLOWING))["capture"] == ("frame", "small", "depth")


def test_contract_an_offer_gives_way_to_whoever_writes_that_ring(plan_of: MakePlan) -> None:
    plan = plan_of(capture=SOURCE, depth=NETWORK)
    assert written(plan) == {
        "capture": ("frame", "small"),
        "depth": ("depth",),
        "steady": ("nearness",),
        "stereo": ("picture",),
        "show": (),
    }
    assert nbytes(plan)["depth"] == 400, "the network's, not the one that was offered"


def test_contract_true_depth_is_the_scene_s_own_and_needs_no_depth_worker(plan_of: MakePlan) -> None:
    plan = make_plan(load(REPO / "settings.yaml", overrides=[*SCENE, "depth.model=true"]))
    assert written(plan) == {
        "capture": ("frame", "small", "depth"),
        "steady": ("nearness",),
        "stereo": ("picture",),
        "null": (),
    }
    assert ring(plan, "depth").slot_bytes == 1280 * 720 // 16 * 4


def test_contract_true_depth_of_a_source_that_has_none_is_refused(tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    cv2.imwrite(str(photo), np.zeros((48, 64, 3), np.uint8))
    settings = load(REPO / "settings.yaml", overrides=["depth.model=true", f"image.path={photo}", *IMAGE])
    with pytest.raises(GraphError, match="steady would read ring depth, and nobody writes it"):
        make_plan(settings)


def test_contract_who_follows_has_a_row_after_those_who_read(plan_of: MakePlan) -> None:
    plan = plan_of(capture=SOURCE, depth=NETWORK, steady=FOLLOWING)
    assert ring(plan, "small").rows == (RowSpec("depth", "latest", 1), RowSpec("steady", "latest", 1))
    steady = next(worker for worker in plan.workers if worker.name == "steady")
    assert (steady.reads, steady.follows, steady.rings) == (
        "depth",
        ("small",),
        ["depth", "small", "frame", "nearness"],
    )


def test_contract_several_rings_may_be_followed(plan_of: MakePlan) -> None:
    plan = plan_of(sinks={"show": VIDEO_SINK.replace('"packets"', '("packets", "nearness")')})
    assert plan.workers[-1].follows == ("packets", "nearness")
    row = RowSpec("show", "every-or-count", 1)
    assert row in ring(plan, "packets").rows
    assert row in ring(plan, "nearness").rows
    assert "follows packets, nearness" in plan.text()


def test_contract_what_is_followed_stands_in_the_wiring_and_not_in_the_class(plan_of: MakePlan) -> None:
    """So that a setting can decide it."""
    deciding = (
        FOLLOWING
        + """
        @classmethod
        def wiring(cls, settings):
            return super().wiring(settings)._replace(follows=None)
"""
    )
    plan = plan_of(capture=SOURCE, steady=deciding)
    assert not any(worker.follows for worker in plan.workers)
    assert [spec.name for spec in plan.rings] == ["frame", "depth", "nearness", "picture"]


def test_contract_frames_that_are_followed_keep_their_source_too(plan_of: MakePlan) -> None:
    """One lease behind each slot of small and of depth, that a picture made from either can be joined."""
    plan = plan_of(capture=SOURCE, steady=FOLLOWING)
    pins = {row.reader: row.pins for row in ring(plan, "frame").rows}
    assert pins == {"capture": 3 + 3, "steady": 3, "stereo": 1}


def test_contract_a_window_that_makes_the_views_itself_needs_no_stereo_worker(plan_of: MakePlan) -> None:
    plan = plan_of(sinks={"window": WINDOW}, where="sink")
    assert [worker.name for worker in plan.workers] == ["capture", "steady", "window"]
    assert [spec.name for spec in plan.rings] == ["frame", "depth", "nearness"]
    assert next(worker.joins for worker in plan.workers if worker.name == "window") == "frame"


def test_contract_another_sink_beside_it_still_has_one(plan_of: MakePlan) -> None:
    plan = plan_of(sinks={"window": WINDOW, "show": SINK}, where="sink")
    assert {worker.name: worker.reads for worker in plan.workers} == {
        "capture": None,
        "steady": "depth",
        "stereo": "nearness",
        "window": "nearness",
        "show": "picture",
    }


def test_contract_the_window_reads_pictures_where_stereo_has_a_process_of_its_own(plan_of: MakePlan) -> None:
    plan = plan_of(sinks={"window": WINDOW})
    assert [worker.reads for worker in plan.workers] == [None, "depth", "nearness", "picture"]


def test_contract_whoever_nobody_reads_is_left_out_with_all_that_only_it_needs(plan_of: MakePlan) -> None:
    plan = plan_of(capture=SOURCE, depth=NETWORK, sinks={"show": SINK.replace("picture", "frame")})
    assert written(plan) == {"capture": ("frame",), "show": ()}


@pytest.mark.parametrize("error", ["OSError('no such file: holiday.jpg')", "ValueError('no monitor 7')"])
def test_contract_a_source_that_cannot_say_its_size_is_named_with_the_reason(
    plan_of: MakePlan, error: str
) -> None:
    lost = SOURCE.partition("return")[0] + f"raise {error}\n"
    reason = error.split("'")[1]
    with pytest.raises(GraphError, match=f"^capture cannot start: {reason}$"):
        plan_of(capture=lost)


def test_contract_a_picture_that_is_not_there_is_said_before_anything_starts() -> None:
    result = command("--set=image.path=/nowhere/at/all.png", *(f"--set={setting}" for setting in IMAGE))
    assert result.returncode == 2
    assert "capture cannot start" in result.stderr
    assert "/nowhere/at/all.png" in result.stderr
    assert "Traceback" not in result.stderr


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
        ({"sinks": {"steady": SINK}}, "sinks: a sink may not be named steady like a worker of the line"),
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
    assert "settings.yaml: sinks: there is none, so nobody would see anything" in result.stderr
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


# People before another background -------------------------------------------------------------------------


def test_contract_the_job_decides_the_line(tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    cv2.imwrite(str(photo), np.zeros((48, 64, 3), np.uint8))
    overrides = ["job.kind=background", f"image.path={photo}", *IMAGE]
    plan = make_plan(load(REPO / "settings.yaml", overrides=overrides))
    assert [(w.name, w.reads, w.joins, w.joins_for_others, w.writes) for w in plan.workers] == [
        ("capture", None, None, True, ("frame",)),
        ("segment", "frame", "frame", True, ("mask",)),
        ("compose", "mask", "frame", False, ("picture",)),
        ("null", "picture", None, True, ()),
    ]


def film(tmp_path: Path, **conversion: Any) -> Settings:
    """The settings of a conversion of three frames."""
    path = tmp_path / "film.mkv"
    with av.open(str(path), "w") as container:
        add_frames(container, add_film(container, (48, 64)), [0, 40, 80])
    settings = load(REPO / "settings.yaml", overrides=["depth.model=some.onnx", "stereo.where=own"])
    about = Conversion(source=path, folder=tmp_path, **conversion)
    return replace(settings, sections={**settings.sections, "conversion": about})


def test_contract_offline_everybody_reads_every_frame_and_the_slowest_may_have_all_cores(
    tmp_path: Path,
) -> None:
    plan = make_plan(film(tmp_path), cores=8, job="convert")
    assert [(w.name, w.reads, w.follows, w.joins, w.writes) for w in plan.workers] == [
        ("reading", None, (), "frame", ("frame", "small")),
        ("depth", "small", (), "frame", ("depth",)),
        ("steady", "depth", ("small",), "frame", ("nearness",)),
        ("stereo", "nearness", (), "frame", ("picture",)),
        ("writing", "picture", (), None, ()),
    ]
    assert {row.mode for spec in plan.rings for row in spec.rows} == {"every", "by-source"}
    assert {w.name for w in plan.workers if w.threads == 8} == {"reading", "depth", "stereo", "writing"}


def test_contract_the_first_pass_of_a_conversion_holds_no_full_frame(tmp_path: Path) -> None:
    plan = make_plan(film(tmp_path, job="survey"), job="survey")
    assert [worker.name for worker in plan.workers] == ["reading", "depth", "survey"]
    assert [spec.name for spec in plan.rings] == ["small", "depth"]


def test_contract_depth_that_is_known_is_not_asked_for_again(tmp_path: Path) -> None:
    kept = make_plan(film(tmp_path, keeps_depth=True), job="convert")
    given = make_plan(film(tmp_path, depth_in=tmp_path, job="survey"), job="survey")
    for plan in (kept, given):
        assert plan.workers[1].implementation == "workers.convert.known_depth"
    asked = make_plan(film(tmp_path, keeps_depth=True, job="survey"), job="survey")
    assert asked.workers[1].implementation == "workers.depth.network"


def test_contract_with_depth_the_three_that_share_a_process_stay_before_the_encoder(tmp_path: Path) -> None:
    settings = film(tmp_path)
    together = replace(settings.sections["stereo"], where="with_depth")
    settings = replace(settings, sections={**settings.sections, "stereo": together})
    plan = make_plan(settings, job="convert")
    assert [worker.name for worker in plan.workers] == ["reading", "stereo", "writing"]


def test_contract_whoever_keeps_what_it_reads_has_one_row_for_both(tmp_path: Path) -> None:
    """One lease for what it reads, and one behind each slot that it writes."""
    photo = tmp_path / "photo.png"
    cv2.imwrite(str(photo), np.zeros((48, 64, 3), np.uint8))
    overrides = ["job.kind=background", f"image.path={photo}", *IMAGE]
    plan = make_plan(load(REPO / "settings.yaml", overrides=overrides))
    assert ring(plan, "frame").rows == (
        RowSpec("segment", "latest", 1 + 3),
        RowSpec("compose", "by-source", 1),
    )
    assert ring(plan, "mask").slots == 3


def test_contract_the_profile_background_is_a_camera_with_one_picture_for_both_eyes() -> None:
    settings = load(REPO / "settings.yaml", profile="background")
    assert settings.section("job").kind == "background"
    assert settings.section("capture").source == "camera"
    assert settings.section("stereo").layout == "depth"


def test_contract_a_pose_is_drawn_over_the_frame_that_it_was_found_in(tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    cv2.imwrite(str(photo), np.zeros((48, 64, 3), np.uint8))
    overrides = ["job.kind=pose", f"image.path={photo}", *IMAGE]
    plan = make_plan(load(REPO / "settings.yaml", overrides=overrides))
    assert [(w.name, w.reads, w.joins, w.writes) for w in plan.workers] == [
        ("capture", None, None, ("frame",)),
        ("pose", "frame", "frame", ("pose",)),
        ("compose", "pose", "frame", ("picture",)),
        ("null", "picture", None, ()),
    ]


def voice(tmp_path: Path, *overrides: str) -> Plan:
    """What is made of a real file of silence."""
    path = tmp_path / "silence.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(bytes(640))
    source = ("job.kind=voice", "sound.source=sound_file", f"sound_file.path={path}")
    return make_plan(load(REPO / "settings.yaml", overrides=[*source, *overrides]))


def test_contract_a_file_of_speech_waits_for_whoever_hears_it(tmp_path: Path) -> None:
    plan = voice(tmp_path, "sinks=[wav]")
    assert [(w.name, w.reads, w.mode, w.writes) for w in plan.workers] == [
        ("listen", None, "latest", ("pcm",)),
        ("coder", "pcm", "every", ("coded",)),
        ("decoder", "coded", "every", ("sound",)),
        ("wav", "sound", "every", ()),
    ]


def test_contract_who_speaks_waits_for_nobody(tmp_path: Path) -> None:
    plan = voice(tmp_path, "sinks=[wav]", "sound.source=microphone")
    assert [row.mode for ring in plan.rings for row in ring.rows] == ["every-or-count"] * 3


def test_contract_a_call_has_two_lines_and_who_only_hears_has_one(tmp_path: Path) -> None:
    plan = voice(tmp_path, "sinks=[call, wav]", "receive.port=1124")
    assert [(w.name, w.reads, w.mode) for w in plan.workers] == [
        ("listen", None, "latest"),
        ("coder", "pcm", "every"),
        ("receive", None, "latest"),
        ("decoder", "arrived", "every-or-count"),
        ("call", "coded", "every"),
        ("wav", "sound", "every-or-count"),
    ]
    names = [w.name for w in voice(tmp_path, "sinks=[wav]", "receive.port=1124").workers]
    assert names == ["receive", "decoder", "wav"]
    assert [w.name for w in voice(tmp_path, "sinks=[call]").workers] == ["listen", "coder", "call"]


@pytest.mark.parametrize(("codec", "colour"), [("lyra", "16000 Hz"), ("soundstream", "24000 Hz")])
def test_contract_rings_of_sound_say_how_many_samples_a_second(
    tmp_path: Path, codec: str, colour: str
) -> None:
    plan = voice(tmp_path, "sinks=[wav]", f"voice.codec={codec}")
    kinds = [(implementation(each.implementation), each.settings) for each in plan.workers]
    wirings = [kind.wiring(SimpleNamespace(**settings)) for kind, settings in kinds]
    colours = {ring: found for wiring in wirings for ring, found in wiring.writes.items()}
    assert colours == {"pcm": colour, "coded": "VOICE", "sound": colour}


@pytest.mark.parametrize(
    ("job", "sink", "said"),
    [("voice", "null", "sinks are speaker, wav and call"), ("3d", "wav", "`job.kind: voice`")],
)
def test_contract_a_sink_of_another_job_is_said(tmp_path: Path, job: str, sink: str, said: str) -> None:
    with pytest.raises(GraphError, match=said):
        voice(tmp_path, f"job.kind={job}", f"sinks=[{sink}]", "capture.source=scene")


def test_contract_a_file_without_sound_and_none_at_all_are_said(tmp_path: Path) -> None:
    text = tmp_path / "text.wav"
    text.write_text("no sound")
    with pytest.raises(GraphError, match=r"text.wav: cannot be read"):
        voice(tmp_path, "sinks=[wav]", f"sound_file.path={text}")
    with pytest.raises(GraphError, match=r"sound_file.path is not set"):
        voice(tmp_path, "sinks=[wav]", "sound_file.path=''")
