"""Networks as Hugging Face has them: the list of those by name, where they are found, and fetching them from
a server that speaks as Hugging Face's does."""

import hashlib
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from pipeline.graph import GraphError
from pipeline.pick import pick
from pipeline.settings import load
from tests.pipeline.running import REPO, command
from workers.depth._families import KNOWN, family_of, feeding_of, network_size
from workers.depth._folders import cached, is_name, network_in
from workers.depth._hub_models import HUB_MODELS, TRANSFORMERS
from workers.depth._models import download_folder, find, is_here
from workers.models import ModelError, cache_folder

pytestmark = pytest.mark.timeout(60)
NAME = "depth-anything/Depth-Anything-V2-Small-hf"
VIDEO = "depth-anything/Video-Depth-Anything-Small"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
WEIGHTS = bytes(range(256)) * 500
FILES = {
    "README.md": b"a page",
    "config.json": b'{"model_type": "depth_anything"}',
    "preprocessor_config.json": b"{}",
    "model.safetensors": WEIGHTS,
    "pytorch_model.bin": b"not this one",
}


@pytest.fixture(autouse=True)
def nothing_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("STEREORING_MODELS", "HF_HOME", "HF_HUB_CACHE", "HF_HUB_OFFLINE", "HF_ENDPOINT"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


class Hub(http.server.BaseHTTPRequestHandler):
    """As huggingface.co answers for one repository: /api/models/NAME and /NAME/resolve/COMMIT/FILE."""

    def do_GET(self) -> None:
        hub: Any = self.server
        path = urlsplit(self.path).path
        hub.asked.append(path)
        if hub.about is not None:
            self.answer(hub.about, hub.status, hub.more)
        elif path == f"/api/models/{NAME}":
            self.answer(json.dumps({"sha": COMMIT, "siblings": hub.siblings}).encode())
        elif path.startswith(f"/{NAME}/resolve/{COMMIT}/"):
            self.answer(hub.files[path.rsplit("/", 1)[1]])
        else:
            self.send_error(404)

    def answer(self, content: bytes, status: int = 200, more: int = 0) -> None:
        """`more`: bytes that are announced and do not come."""
        self.send_response(status)
        self.send_header("Content-Length", str(len(content) + more))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """It is quiet."""


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A mirror, set as HF_ENDPOINT."""
    server: Any = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    server.files, server.asked = dict(FILES), []
    server.about, server.status, server.more = None, 200, 0
    server.siblings = [sibling(name, content) for name, content in FILES.items()]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}/")
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def sibling(name: str, content: bytes) -> dict[str, Any]:
    """A file as the hub lists it; only large ones have a sha256."""
    entry: dict[str, Any] = {"rfilename": name, "size": len(content)}
    if not name.endswith((".json", ".md")):
        entry["lfs"] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    return entry


def quiet(done: int, total: int) -> None:
    """Nobody looks at the progress."""


def lay(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name in ("config.json", "model.safetensors"):
        (folder / name).write_bytes(FILES[name])
    return folder


# The list -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", HUB_MODELS)
def test_contract_every_name_has_a_family_a_licence_a_size_and_what_it_takes(name: str) -> None:
    model = HUB_MODELS[name]
    assert is_name(name)
    for text in (model.family, model.licence, model.rule, model.needs):
        assert text
    assert model.runs == (model.needs == TRANSFORMERS)


CONFIGS: dict[str, Any] = {
    "depth-anything": {"model_type": "depth_anything"},
    "prompt-depth-anything": {"model_type": "prompt_depth_anything"},
    "dpt": {"model_type": "dpt"},
    "dpt-hybrid": {"model_type": "dpt", "is_hybrid": True},
    "dpt-beit": {"model_type": "dpt", "backbone_config": {"model_type": "beit"}},
    "dpt-dinov2": {"model_type": "dpt", "backbone_config": {"model_type": "dinov2"}},
    "zoedepth": {"model_type": "zoedepth"},
    "depth-pro": {"model_type": "depth_pro"},
}


@pytest.mark.parametrize("name", [name for name, model in HUB_MODELS.items() if model.runs])
def test_contract_the_rule_of_the_list_is_the_rule_that_is_applied(name: str) -> None:
    model = HUB_MODELS[name]
    if model.family == "unknown":
        assert name == "lc700x/depth-ai-hf", "one says what it is only in its config.json"
        return
    config = CONFIGS[model.family]
    assert config["model_type"] in KNOWN
    family = family_of(config)
    assert family.name == model.family
    rows, columns = network_size(family, feeding_of({"size": 1536}, config["model_type"]), 192, 320)
    if model.rule.startswith("squares"):
        assert rows == columns
    if "multiples of" in model.rule:
        multiple = int(model.rule.rsplit(" ", 1)[1])
        assert rows % multiple == columns % multiple == 0
    else:
        assert model.rule == f"{rows} x {columns}"


def test_contract_models_lists_them_all_with_licence_and_what_cannot_run(tmp_path: Path) -> None:
    shown = command(
        "models", env={"PATH": "/usr/bin", "COLUMNS": "300", "XDG_CACHE_HOME": str(tmp_path)}
    ).stdout
    for name, model in HUB_MODELS.items():
        (line,) = [line for line in shown.splitlines() if line.startswith(f"{name} ")]
        assert model.licence in line
        assert model.rule in line
        assert ("cannot run yet" in line) == (not model.runs)
    assert "pip install -r requirements/torch.txt" in shown


# Finding --------------------------------------------------------------------------------------------------


def test_contract_a_folder_is_found_by_its_path_or_its_name_in_each_layout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = lay(tmp_path / "plain")
    assert find(str(plain)) == plain
    theirs = lay(tmp_path / "cache" / "huggingface" / "hub" / cached(NAME) / "snapshots" / COMMIT)
    assert find(NAME) == theirs
    mine = lay(cache_folder() / cached(NAME) / "snapshots" / COMMIT)
    assert find(NAME) == mine
    monkeypatch.setenv("STEREORING_MODELS", str(tmp_path / "models"))
    first = lay(tmp_path / "models" / cached(NAME) / "snapshots" / COMMIT)
    assert find(NAME) == first
    assert find(str(first.parents[1])) == first, "the folder above the snapshots will do"
    assert is_here(NAME)


@pytest.mark.parametrize("variable", ["HF_HUB_CACHE", "HF_HOME"])
def test_contract_hugging_face_s_own_variables_are_heeded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, str(tmp_path / "there"))
    hub = tmp_path / "there" / ("hub" if variable == "HF_HOME" else "")
    folder = lay(hub / cached(NAME) / "snapshots" / COMMIT)
    assert find(NAME) == folder


def test_contract_of_several_snapshots_it_is_the_one_that_main_names(tmp_path: Path) -> None:
    wanted, _ = (lay(tmp_path / "snapshots" / commit) for commit in ("a" * 40, "b" * 40))
    (tmp_path / "refs").mkdir()
    (tmp_path / "refs" / "main").write_text("a" * 40)
    assert network_in(tmp_path) == wanted


def test_contract_one_that_is_not_here_is_said_with_how_to_get_it_and_is_not_fetched(hub: Any) -> None:
    with pytest.raises(
        ModelError, match=f"{NAME} is not on this machine; get it with `launcher.py models downl"
    ):
        find(NAME)
    with pytest.raises(GraphError, match=f"launcher.py models download {NAME}"):
        pick(load(REPO / "settings.yaml", overrides=[f"depth.model={NAME}", "sinks=[null]"]))
    assert hub.asked == []


@pytest.mark.parametrize("left", [["model.safetensors.part"], []], ids=["in the weights", "before them"])
def test_contract_one_whose_download_stopped_is_not_here_and_is_said_with_how_to_get_the_rest(
    left: list[str],
) -> None:
    folder = lay(cache_folder() / cached(NAME) / "snapshots" / COMMIT)
    (folder / "model.safetensors").unlink()
    for name in left:
        (folder / name).write_bytes(WEIGHTS[:9])
    assert not is_here(NAME)
    with pytest.raises(ModelError, match=f"only in part.*the rest with `launcher.py models download {NAME}"):
        find(NAME)


def test_contract_one_that_this_version_cannot_run_is_said_with_what_it_takes() -> None:
    with pytest.raises(ModelError, match=f"cannot run {VIDEO}; it takes Video Depth Anything's own code"):
        find(VIDEO)
    with pytest.raises(ModelError, match=f"cannot run {VIDEO}"):
        download_folder(VIDEO, quiet)


# Fetching -------------------------------------------------------------------------------------------------


def test_contract_what_makes_the_network_is_fetched_from_the_mirror_and_no_more(hub: Any) -> None:
    steps: list[tuple[int, int]] = []
    folder = download_folder(NAME, lambda done, total: steps.append((done, total)))
    assert folder == cache_folder() / cached(NAME) / "snapshots" / COMMIT == find(NAME)
    names = ("config.json", "preprocessor_config.json", "model.safetensors")
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == {
        name: FILES[name] for name in names
    }
    whole = sum(len(FILES[name]) for name in names)
    assert steps == sorted(steps)
    assert steps[-1] == (whole, whole)


def test_contract_what_is_there_is_not_fetched_again(hub: Any) -> None:
    download_folder(NAME, quiet)
    hub.asked.clear()
    download_folder(NAME, quiet)
    assert hub.asked == [f"/api/models/{NAME}"]


def test_contract_weights_that_are_not_the_announced_ones_are_thrown_away(hub: Any) -> None:
    hub.files["model.safetensors"] = WEIGHTS[::-1]
    with pytest.raises(ModelError, match="what came is not the file that was announced"):
        download_folder(NAME, quiet)
    assert not list(cache_folder().rglob("*.part"))
    assert not list(cache_folder().rglob("model.safetensors"))


def test_contract_offline_nothing_is_asked_for(hub: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelError, match="HF_HUB_OFFLINE is set"):
        download_folder(NAME, quiet)
    assert hub.asked == []


def test_contract_a_name_that_the_server_does_not_have_is_said_with_its_address(hub: Any) -> None:
    with pytest.raises(ModelError, match=rf"http://127\.0\.0\.1:{hub.server_port}/api/models/nobody/nothing"):
        download_folder("nobody/nothing", quiet)


@pytest.mark.parametrize("status", [401, 403, 404])
def test_contract_a_name_that_is_not_given_out_is_said_with_what_to_do(hub: Any, status: int) -> None:
    """Hugging Face answers Unauthorized to a name that does not exist."""
    hub.about, hub.status = b"", status
    with pytest.raises(ModelError, match=rf"there is no network {NAME}, or .* account.*`hf download {NAME}`"):
        download_folder(NAME, quiet)


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>",
        b"[]",
        b'{"id": 1}',
        b'{"sha": "a", "siblings": [{}]}',
        json.dumps({"sha": COMMIT, "siblings": [{"rfilename": name} for name in FILES]}).encode(),
    ],
)
def test_contract_a_server_that_answers_otherwise_is_named(hub: Any, answer: bytes) -> None:
    hub.about = answer
    with pytest.raises(ModelError, match=rf"http://127\.0\.0\.1:{hub.server_port}"):
        download_folder(NAME, quiet)


def test_contract_an_answer_that_is_cut_off_is_said(hub: Any) -> None:
    hub.about, hub.more = b'{"sha', 9
    with pytest.raises(ModelError, match=f"api/models/{NAME}.*: IncompleteRead"):
        download_folder(NAME, quiet)


def test_contract_an_address_that_is_none_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://hf mirror:80")
    with pytest.raises(ModelError, match="hf mirror:80"):
        download_folder(NAME, quiet)


def test_contract_a_cache_that_cannot_be_made_is_said(hub: Any, tmp_path: Path) -> None:
    (tmp_path / "cache").touch()
    with pytest.raises(ModelError, match=f"{NAME} cannot be put into .*Not a directory"):
        download_folder(NAME, quiet)


def test_contract_a_repository_without_a_network_is_said(hub: Any) -> None:
    hub.siblings = [sibling("README.md", b"a page"), sibling("config.json", b"{}")]
    with pytest.raises(ModelError, match=r"has no preprocessor_config\.json and its weights"):
        download_folder(NAME, quiet)


def test_contract_weights_in_several_parts_come_whole(hub: Any) -> None:
    parts = {f"model-0000{n}-of-00002.safetensors": bytes([n]) * 50 for n in (1, 2)}
    hub.files = {
        name: content
        for name, content in FILES.items()
        if name not in ("model.safetensors", "pytorch_model.bin")
    } | {"model.safetensors.index.json": b"{}", **parts}
    hub.siblings = [sibling(name, content) for name, content in hub.files.items()]
    folder = download_folder(NAME, quiet)
    assert {*parts, "model.safetensors.index.json"} < {file.name for file in folder.iterdir()}


def test_contract_the_command_fetches_by_name(hub: Any, tmp_path: Path) -> None:
    env = {
        "PATH": "/usr/bin",
        "XDG_CACHE_HOME": str(tmp_path),
        "HF_ENDPOINT": f"http://127.0.0.1:{hub.server_port}",
    }
    done = command("models", "download", NAME, env=env)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "stereoring" / "models" / cached(NAME) / "refs" / "main").read_text() == COMMIT
