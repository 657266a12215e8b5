"""What `auto` becomes on this machine, and the reasons that are given for it."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pytest

from pipeline.catalogue import implementations
from pipeline.graph import GraphError
from pipeline.pick import pick
from pipeline.settings import Settings, load
from tests.pipeline.running import REPO, command
from workers.capture import ORDERS, PICK
from workers.capture._monitors import _why_not
from workers.depth._manifest import BUILT_IN, MODELS

NAME = "tcmonodepth-small"
Picked = Callable[..., tuple[Settings, list[str]]]


@pytest.fixture
def picked() -> Picked:
    """Our own settings with these on top."""

    def pick_with(*overrides: str) -> tuple[Settings, list[str]]:
        return pick(load(REPO / "settings.yaml", overrides=overrides))

    return pick_with


@pytest.fixture(autouse=True)
def no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def no_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """None is here, and where they come from nobody answers."""
    monkeypatch.setenv("STEREORING_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with nobody_answers() as address:
        monkeypatch.setitem(MODELS, NAME, replace(MODELS[NAME], address=address))
        yield


@contextmanager
def nobody_answers() -> Iterator[str]:
    """The port is taken, so that nobody else answers there, and not listened on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/model.onnx"


def test_contract_no_auto_is_left_and_each_decision_has_its_reason(picked: Picked) -> None:
    settings, reasons = picked()
    assert settings.section("capture").source == "scene"
    assert settings.section("depth").model == BUILT_IN
    assert settings.sinks == ("web",)
    assert reasons == [
        "source: not screen_mss, because there is no display (DISPLAY is not set)",
        "source: not screen_wayland, because this is no Wayland session (WAYLAND_DISPLAY is not set)",
        "source: scene",
        f"depth: {BUILT_IN}, {MODELS[BUILT_IN].about}",
        "sink: not window, because there is no display (DISPLAY is not set)",
        "sink: web",
        "stereo: in a process of its own (own), because no sink makes them itself",
    ]


@pytest.mark.parametrize(
    ("sinks", "draws", "computes", "where"),
    [
        ("[window]", True, False, "sink"),
        ("[window, web]", True, True, "sink"),
        ("[window]", False, False, "own"),
        ("[web]", True, False, "own"),
        ("[web]", True, True, "with_depth"),
    ],
)
def test_contract_the_views_are_made_where_a_gpu_can_do_it_and_it_is_said(
    picked: Picked, monkeypatch: pytest.MonkeyPatch, sinks: str, draws: bool, computes: bool, where: str
) -> None:
    monkeypatch.setattr("pipeline.pick.gpu_draws", lambda: draws)
    monkeypatch.setattr("pipeline.pick.gpu_computes", lambda: computes)
    settings, reasons = picked("capture.source=scene", "depth.model=true", f"sinks={sinks}")
    assert settings.section("stereo").where == where
    assert [f"({where})" in reason for reason in reasons] == [True]


@pytest.mark.parametrize(
    ("sinks", "draws", "where"),
    [("[window]", True, "sink"), ("[window]", False, "own"), ("[web]", True, "own")],
)
def test_contract_people_are_put_before_another_background_where_a_gpu_can_do_it(
    picked: Picked, monkeypatch: pytest.MonkeyPatch, sinks: str, draws: bool, where: str
) -> None:
    monkeypatch.setattr("pipeline.pick.gpu_draws", lambda: draws)
    monkeypatch.setattr("pipeline.pick._get_models", lambda models, reasons, fetch: None)
    settings, reasons = picked("job.kind=background", "capture.source=scene", f"sinks={sinks}")
    assert settings.section("background").where == where
    assert f"({where})" in reasons[-1]


def test_contract_all_but_auto_stays_as_it_was(picked: Picked) -> None:
    before = load(REPO / "settings.yaml")
    after, _ = picked()
    same = {name for name in before.sections if before.sections[name] == after.sections[name]}
    assert set(before.sections) - same == {"capture", "depth", "stereo"}
    assert replace(after.section("capture"), source="auto") == before.section("capture")
    assert replace(after.section("depth"), model="auto") == before.section("depth")
    assert replace(after.section("stereo"), where="auto") == before.section("stereo")


def test_contract_what_is_chosen_by_name_is_not_questioned(picked: Picked) -> None:
    chosen = ("capture.source=video", "depth.model=mine.onnx", "stereo.where=own", "sinks=[null, window]")
    settings, reasons = picked(*chosen)
    assert settings == load(REPO / "settings.yaml", overrides=chosen)
    assert reasons == []


@pytest.mark.parametrize(
    ("given", "sinks"), [("[auto, null]", ("null", "web")), ("[web, auto]", ("web",)), ("[auto]", ("web",))]
)
def test_contract_auto_stands_beside_sinks_that_are_named_and_adds_none_twice(
    picked: Picked, given: str, sinks: tuple[str, ...]
) -> None:
    assert picked(f"sinks={given}")[0].sinks == sinks


def test_contract_a_wayland_session_without_xwayland_is_told_as_such(
    picked: Picked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    _, reasons = picked("depth.model=true")
    assert reasons[0].startswith("source: not screen_mss, because this is a Wayland session without XWayland")
    assert "screen_wayland asks the desktop for it" in reasons[0]


def test_contract_the_screen_of_xwayland_is_not_taken_for_the_desktop() -> None:
    assert _why_not([{"width": 1920, "output": "HDMI-1"}]) is None
    said = _why_not([{"width": 1920, "output": "XWAYLAND0"}])
    assert said is not None
    assert said.startswith("this is a Wayland session, whose screen X11 programs cannot see")
    assert _why_not([]) == "the display has no monitor"


@pytest.mark.parametrize(
    ("system", "order"),
    [
        ("win32", ["screen_windows_capture", "screen_dxcam", "screen_mss", "scene"]),
        ("darwin", ["screen_macos", "screen_mss", "scene"]),
        ("linux", ["screen_mss", "screen_wayland", "scene"]),
    ],
)
def test_contract_each_system_has_its_order_and_each_fall_back_its_reason(
    picked: Picked, monkeypatch: pytest.MonkeyPatch, system: str, order: list[str]
) -> None:
    monkeypatch.setattr("workers.capture.PICK", ORDERS.get(system, PICK))
    settings, reasons = picked("depth.model=true", "sinks=[null]", "stereo.where=own")
    assert settings.section("capture").source == "scene"
    *fell, taken = [reason for reason in reasons if reason.startswith("source: ")]
    assert taken == "source: scene"
    assert [reason.split(", because ")[0] for reason in fell] == [f"source: not {n}" for n in order[:-1]]
    assert set(order) <= set(implementations("capture"))


def test_contract_a_display_that_nobody_serves_is_no_display(
    picked: Picked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPLAY", ":987")
    settings, reasons = picked("depth.model=true", "sinks=[null]")
    assert settings.section("capture").source == "scene"
    assert reasons[0].startswith("source: not screen_mss, because the display cannot be captured: ")


@pytest.mark.usefixtures("no_model")
@pytest.mark.parametrize("source", ["auto", "scene", "screen_mss", "image"])
def test_contract_without_any_download_there_is_depth_all_the_same(picked: Picked, source: str) -> None:
    settings, reasons = picked(f"capture.source={source}", "sinks=[null]")
    assert settings.section("depth").model == BUILT_IN
    assert any(reason.startswith(f"depth: {BUILT_IN}, ") for reason in reasons)


@pytest.mark.usefixtures("no_model")
@pytest.mark.parametrize("source", ["auto", "screen_mss"])
def test_contract_a_model_by_name_that_cannot_be_got_is_refused_with_what_to_do(
    picked: Picked, source: str
) -> None:
    with pytest.raises(GraphError) as caught:
        picked(f"capture.source={source}", f"depth.model={NAME}", "sinks=[null]")
    message = str(caught.value)
    assert NAME in message
    assert f"launcher.py models download {NAME}" in message
    assert f"--set depth.model={BUILT_IN}" in message


def test_contract_a_network_s_own_file_is_looked_for_by_the_worker_and_not_downloaded(
    picked: Picked,
) -> None:
    assert picked("capture.source=scene", "depth.model=mine.onnx")[0].section("depth").model == "mine.onnx"


def test_contract_without_any_source_all_reasons_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {
        "capture/__init__": 'PICK = ("mirror", "crystal_ball")',
        "capture/mirror": 'def unavailable(): return "it is broken"',
        "capture/crystal_ball": 'def unavailable(): return "it is clouded"',
        "sinks/__init__": "PICK = ()",
    }
    for name, code in files.items():
        file = tmp_path / "pick_workers" / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(code))
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(GraphError) as caught:
        pick(load(REPO / "settings.yaml"), "pick_workers")
    assert str(caught.value).splitlines() == [
        "source: not mirror, because it is broken",
        "source: not crystal_ball, because it is clouded",
    ]


def test_contract_the_launcher_says_what_it_has_picked() -> None:
    result = command("--plan")
    assert result.returncode == 0, result.stderr
    assert "source: not screen_mss, because there is no display" in result.stdout + result.stderr
