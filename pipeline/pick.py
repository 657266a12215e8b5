"""Decides what `auto` means on this machine, and says why."""

import importlib
from dataclasses import replace

from pipeline.catalogue import implementations
from pipeline.graph import TRUE_DEPTH, GraphError
from pipeline.settings import Settings
from workers.depth._manifest import MODELS
from workers.depth._models import is_here


def pick(settings: Settings, package: str = "workers") -> tuple[Settings, list[str]]:
    """The settings without any `auto`, and a line for each decision. Raises GraphError."""
    reasons: list[str] = []
    sections = dict(settings.sections)
    capture = sections["capture"]
    if capture.source == "auto":
        capture = replace(capture, source=_pick_source(package, reasons))
    sections["capture"] = capture
    depth = sections["depth"]
    if depth.model == "auto":
        depth = replace(depth, model=_pick_model(capture.source, reasons))
    sections["depth"] = depth
    sinks = settings.sinks
    if "auto" in sinks:
        sinks = tuple(
            dict.fromkeys([*(sink for sink in sinks if sink != "auto"), *_pick_sinks(package, reasons)])
        )
    return replace(settings, sections=sections, sinks=sinks), reasons


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


def _pick_model(source: str, reasons: list[str]) -> str:
    for name in MODELS:
        if is_here(name):
            reasons.append(f"depth: {name}, {MODELS[name].about}")
            return name
    if source == "scene":
        reasons.append("depth: the scene's own true depth, because no depth model is on this machine")
        return TRUE_DEPTH
    name = next(iter(MODELS))
    raise GraphError(
        f"no depth model is on this machine; get one with `launcher.py models download {name}`, "
        "or look at the test scene with `--set capture.source=scene`"
    )


def _unavailable(room: str, name: str, package: str) -> str | None:
    """What the implementation itself says; one that says nothing is always there."""
    module = importlib.import_module(implementations(room, package)[name])
    check = getattr(module, "unavailable", None)
    return check() if check is not None else None
