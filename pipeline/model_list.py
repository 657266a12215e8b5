"""The models, for people who choose: what each is, whether it is here, how its download stands."""

from typing import Any

from pipeline.own_models import MODELS
from workers.depth._folders import find
from workers.depth._hub_models import HUB_MODELS, HubModel
from workers.depth._manifest import DepthModel
from workers.models import Model, cache_folder, places
from workers.person._pose_models import DETECTOR

Entry = dict[str, Any]


def model_list(downloads: dict[str, Entry]) -> Entry:
    """Those of the list, and behind them others that were downloaded by name."""
    known = [_own(model) for model in MODELS.values()] + [_hub(model) for model in HUB_MODELS.values()]
    names = {model["name"] for model in known}
    others = [_other(name) for name in downloads if name not in names]
    models = [model | {"download": downloads.get(model["name"])} for model in (*known, *others)]
    return {"models": models, "folder": str(cache_folder())}


def _own(model: Model) -> Entry:
    here = any(path.is_file() for path in places(model))
    why_not = "" if model.sha256 else "its file cannot be checked; export it to ONNX yourself"
    megabytes = model.nbytes / 1e6
    return _entry(model.name, megabytes, model.licence, model.about, here, why_not, _setting(model))


def _setting(model: Model) -> str:
    """What chooses it; "" for a part that comes with others, which nobody chooses."""
    return model.setting if "." in model.setting and model.name != DETECTOR else ""


def _hub(model: HubModel) -> Entry:
    here = model.runs and find(model.name, cache_folder()) is not None
    why_not = "" if model.runs else f"cannot run yet: takes {model.needs}"
    return _entry(model.name, model.megabytes, model.licence, model.rule, here, why_not)


def _other(name: str) -> Entry:
    return _entry(name, None, "unknown", "", find(name, cache_folder()) is not None, "")


def _entry(
    name: str,
    megabytes: float | None,
    licence: str,
    about: str,
    here: bool,
    why_not: str,
    setting: str = DepthModel.setting,
) -> Entry:
    return {
        "name": name,
        "setting": setting,
        "megabytes": megabytes,
        "licence": licence,
        "about": about,
        "here": here,
        "why_not": why_not,
    }
