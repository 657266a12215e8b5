"""bench_depth.py says what it promises, on pictures so small that nothing is measured."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers", reason="transformers is not installed")

from scripts import bench_depth
from tests.workers.checkpoints import write

pytestmark = pytest.mark.timeout(120)
FIGURES = ("ms", "least_ms", "torch_ms", "torch_least_ms")


def told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *given: str) -> tuple[int, str]:
    small = ["--size", "96x64", "--rounds", "2", "--threads", "1"]
    monkeypatch.setattr(sys, "argv", ["bench_depth.py", *given, *small])
    return bench_depth.main(), capsys.readouterr().out


def test_contract_json_has_a_row_for_each_network_with_plain_torch_beside_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    write("dpt-beit", tmp_path)
    code, out = told(monkeypatch, capsys, "built-in", str(tmp_path), "--json")
    report: dict[str, Any] = json.loads(out)
    assert code == 0
    assert [row["model"] for row in report["rows"]] == ["built-in", str(tmp_path)]
    for row in report["rows"]:
        assert (row["rows"], row["columns"]) == (row["network_rows"], row["network_columns"]) == (64, 96)
        assert row["weights"] == "real"
        assert row["device"] == "cpu"
        assert all(row[figure] > 0 for figure in FIGURES)
    assert report["left_out"] == []


def test_contract_random_weights_and_what_is_left_out_are_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for variable in ("STEREORING_MODELS", "XDG_CACHE_HOME", "HF_HOME", "HF_HUB_CACHE"):
        monkeypatch.setenv(variable, str(tmp_path))
    missing = "Intel/dpt-large"
    code, out = told(monkeypatch, capsys, bench_depth.ANYTHING, missing)
    assert code == 0
    assert "random: the real one is not on this machine" in out
    assert " 98x70 " in out, "multiples of 14"
    assert f"left out: {missing} at 96 x 64: depth.model: {missing} is not on this machine" in out


def test_contract_an_option_that_is_not_installed_is_said_and_nothing_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out = told(monkeypatch, capsys, "built-in", "--option", "tensorrt")
    assert code == 1
    assert "depth.option: tensorrt is not in the onnxruntime that is installed" in out
