"""The offer of a better depth network: to whom, how often, and what comes of taking it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline import offer as offering
from pipeline.offer import BETTER, offer
from tests.pipeline.running import command
from workers.depth._manifest import MODELS
from workers.depth._models import find
from workers.models import ModelError, download

Machine = Callable[..., None]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Machine:
    """One with these devices, and a cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("STEREORING_MODELS", raising=False)

    def be(*devices: str, network: bool = True) -> None:
        monkeypatch.setattr(offering, "compute_devices", lambda: ["cpu: some", *devices])
        monkeypatch.setattr(offering, "has_network", lambda: network)

    return be


def test_contract_it_is_offered_once_with_the_way_to_get_it(machine: Machine) -> None:
    machine("cuda:0: A Card, 8.0 GB")
    said = offer()
    assert said is not None
    for word in ("cuda:0: A Card", "Depth Anything V2 Small", f"launcher.py models download {BETTER}"):
        assert word in said
    assert offer() is None


@pytest.mark.parametrize(("devices", "network"), [((), True), (("cuda:0: A Card",), False)])
def test_contract_without_a_gpu_or_a_network_it_waits(
    machine: Machine, devices: tuple[str, ...], network: bool
) -> None:
    machine(*devices, network=network)
    assert offer() is None
    machine("cuda:0: A Card")
    assert offer() is not None, "it was not used up"


def test_contract_a_cache_that_cannot_be_written_does_not_stop_the_program(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    machine("cuda:0: A Card")
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert offer() is not None


def test_contract_a_file_that_nobody_has_verified_is_neither_fetched_nor_taken(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("STEREORING_MODELS", str(tmp_path))
    file = tmp_path / MODELS[BETTER].file
    file.parent.mkdir(parents=True)
    file.write_bytes(b"something")
    for ask in (lambda: download(MODELS[BETTER], lambda done, total: None), lambda: find(BETTER)):
        with pytest.raises(ModelError, match=r"does not know the sha256 .* --set depth\.model=FILE\.onnx"):
            ask()


def test_contract_the_command_says_what_to_do_instead() -> None:
    done = command("models", "download", BETTER)
    assert done.returncode == 1
    assert "huggingface.co" in done.stderr
    assert "--set depth.model=FILE.onnx" in done.stderr
    assert BETTER in command("models").stdout
