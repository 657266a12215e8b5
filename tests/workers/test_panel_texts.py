"""The control panel speaks Chinese as well: of every setting and every model, and of nothing else."""

from typing import Any

import pytest
import yaml

from pipeline.model_list import model_list
from pipeline.settings_schema import settings_schema
from tests.pipeline.running import REPO

CHINESE: dict[str, Any] = yaml.safe_load(
    (REPO / "workers" / "sinks" / "_web" / "panel" / "zh.yaml").read_text(encoding="utf-8")
)
SECTIONS = settings_schema(REPO / "settings.yaml")
MODELS = model_list({})["models"]


def keys(section: dict[str, Any]) -> set[str]:
    return {entry["key"] for entry in section["keys"]}


def has_chinese(text: str) -> bool:
    return any("\u4e00" <= character <= "\u9fff" for character in text)


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section["name"])
def test_every_setting_has_a_name_and_a_line_in_chinese_and_none_is_left_over(
    section: dict[str, Any],
) -> None:
    explained = {entry["key"] for entry in section["keys"] if entry["explanation"]}
    if section["explanation"]:
        explained.add("")
    lines = CHINESE["lines"].get(section["name"], {})
    assert set(CHINESE["names"][section["name"]]) == keys(section) | {""}
    assert set(lines) == explained
    assert all(has_chinese(line) for line in lines.values())


def test_there_are_no_chinese_lines_for_sections_that_are_gone() -> None:
    names = {section["name"] for section in SECTIONS}
    assert set(CHINESE["names"]) == names
    assert set(CHINESE["lines"]) <= names


def test_what_is_said_of_models_has_a_chinese_line_and_none_is_left_over() -> None:
    said = {model[key] for model in MODELS for key in ("about", "why_not")} - {""}
    licences = {model["licence"] for model in MODELS}
    assert said <= set(CHINESE["models"])
    assert set(CHINESE["models"]) <= said | licences
