"""Decides what `auto` means on this machine, and says why."""

import importlib
import importlib.util
from collections.abc import Iterable, Sequence
from dataclasses import replace

from pipeline.catalogue import implementations
from pipeline.graph import GraphError
from pipeline.machine import gpu_computes, gpu_draws
from pipeline.settings import Settings
from workers.depth._hub_models import HUB_MODELS
from workers.depth._manifest import BUILT_IN, MODELS
from workers.depth._models import find, is_here
from workers.models import Model, ModelError, download, has_file
from workers.person._manifest import MODELS as PERSON_MODELS
from workers.person._pose_models import DETECTOR, POSE_MODELS
from workers.voice._manifest import MODELS as VOICE_MODELS

WINDOWS = {"window", "monitor3d"}


def pick(settings: Settings, package: str = "workers", *, fetch: bool = True) -> tuple[Settings, list[str]]:
    """The settings without any `auto`, and a line for each decision. A known model that is not here is
    downloaded, or an error if it is not to be fetched. Raises GraphError."""
    if settings.section("job").kind == "voice":
        return _for_voice(settings, fetch)
    reasons: list[str] = []
    capture = settings.sections["capture"]
    source = _pick_source(package, reasons) if capture.source == "auto" else capture.source
    sections = {**settings.sections, "capture": replace(capture, source=source)}
    in_3d = sections["job"].kind == "3d"
    if in_3d:
        depth = sections["depth"]
        sections["depth"] = replace(depth, model=_pick_model(depth.model, reasons, fetch))
    elif sections["job"].kind == "background":
        _get_models([PERSON_MODELS[sections["segment"].model]], reasons, fetch)
    else:
        _get_models([POSE_MODELS[DETECTOR], POSE_MODELS[sections["pose"].model]], reasons, fetch)
    sinks = settings.sinks
    if "auto" in sinks:
        picked = _pick_sinks(package, reasons)
        sinks = tuple(dict.fromkeys([*(sink for sink in sinks if sink != "auto"), *picked]))
    stereo = sections["stereo"]
    if stereo.where == "auto":
        where = _pick_where(sinks, reasons) if in_3d else "own"
        sections["stereo"] = replace(stereo, where=where)
    background = sections["background"]
    if background.where == "auto" and sections["job"].kind == "background":
        sections["background"] = replace(background, where=_pick_where_people(sinks, reasons))
    return replace(settings, sections=sections, sinks=sinks), reasons


def _for_voice(settings: Settings, fetch: bool) -> tuple[Settings, list[str]]:
    """Raises GraphError."""
    reasons: list[str] = []
    if settings.section("voice").codec == "lyra":
        _get_models(VOICE_MODELS.values(), reasons, fetch)
    sinks = tuple(dict.fromkeys("speaker" if sink == "auto" else sink for sink in settings.sinks))
    if "auto" in settings.sinks:
        reasons.append("sink: speaker")
    return replace(settings, sinks=sinks), reasons


def _pick_where(sinks: Sequence[str], reasons: list[str]) -> str:
    """Where the two views are made."""
    windows = WINDOWS & set(sinks)
    if windows and gpu_draws():
        reasons.append("stereo: in the window's own shader (sink), because a GPU draws it")
        return "sink"
    if gpu_computes() and importlib.util.find_spec("torch") is not None:
        reasons.append("stereo: in one process with depth (with_depth), because a GPU can do both")
        return "with_depth"
    why = "no GPU draws the window" if windows else "no sink makes them itself"
    reasons.append(f"stereo: in a process of its own (own), because {why}")
    return "own"


def _pick_where_people(sinks: Sequence[str], reasons: list[str]) -> str:
    """Where people are put before another background."""
    if WINDOWS & set(sinks) and gpu_draws():
        reasons.append("background: in the window's own shader (sink), because a GPU draws it")
        return "sink"
    reasons.append("background: in a process of its own (own)")
    return "own"


def _pick_source(package: str, reasons: list[str]) -> str:
    for name in importlib.import_module(f"{package}.capture").PICK:
        why_not = _unavailable("capture", name, package)
        if why_not is None:
            reasons.append(f"source: {name}")
            return str(name)
        reasons.append(f"source: not {name}, because {why_not}")
    raise GraphError("\n".join(reasons))


def _pick_sinks(package: str, reasons: list[str]) -> list[str]:
    sinks = []
    for name in importlib.import_module(f"{package}.sinks").PICK:
        why_not = _unavailable("sinks", name, package)
        if why_not is None:
            sinks.append(name)
        reasons.append(f"sink: {name}" if why_not is None else f"sink: not {name}, because {why_not}")
    return sinks


def _pick_model(wanted: str, reasons: list[str], fetch: bool) -> str:
    """A known one that is chosen by name is fetched where it is missing; `auto` is the one that comes with
    the program: it needs neither network nor GPU."""
    if wanted == "auto":
        reasons.append(f"depth: {BUILT_IN}, {MODELS[BUILT_IN].about}")
        return BUILT_IN
    if wanted in MODELS and not is_here(wanted):
        without = f"take the one that comes with the program: `--set depth.model={BUILT_IN}`"
        _get(MODELS[wanted], without, reasons, fetch)
    if wanted in HUB_MODELS:  # of hundreds of MB, often under a licence with conditions: never by itself
        try:
            find(wanted)
        except ModelError as error:
            raise GraphError(str(error)) from error
    return wanted


def _get(model: Model, without: str, reasons: list[str], fetch: bool) -> None:
    """Download a model that is not here; `without` says what can be done without a network. Raises
    GraphError."""
    room = model.setting.partition(".")[0]
    if model.by_hand:
        raise GraphError(f"the {room} model {model.name} is not on this machine; {model.by_hand}")
    if not fetch:
        raise GraphError(
            f"the {room} model {model.name} is not on this machine; download it first, in the control panel "
            f"or with `launcher.py models download {model.name}`"
        )
    try:
        path = download(model, lambda done, total: None)
    except ModelError as error:
        raise GraphError(
            f"the {room} model {model.name} is not on this machine and could not be downloaded ({error}); "
            f"with a network try `launcher.py models download {model.name}`, without one {without}"
        ) from error
    reasons.append(f"{room}: {model.name}, just downloaded to {path}")


def _get_models(models: Iterable[Model], reasons: list[str], fetch: bool) -> None:
    """Those that are missing."""
    for model in models:
        if not has_file(model):
            _get(model, "put its file into the folder that STEREORING_MODELS names", reasons, fetch)


def _unavailable(room: str, name: str, package: str) -> str | None:
    """What the implementation itself says; one that says nothing is always there."""
    module = importlib.import_module(implementations(room, package)[name])
    check = getattr(module, "unavailable", None)
    return check() if check is not None else None
