"""Model files: found, checked, and fetched from a server that is slow, breaks off or lies."""

import hashlib
import http.client
import http.server
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.pipeline.running import REPO
from workers.depth._manifest import BUILT_IN, BUILT_IN_FOLDER, MODELS
from workers.depth._models import find, is_here
from workers.models import Model, ModelError, cache_folder, download, hold, places, verify
from workers.worker import CannotWork

pytestmark = pytest.mark.timeout(60)
NAME = "tcmonodepth-small"
CONTENT = bytes(range(256)) * 1000
HALF = 100_000  # bytes


class Shop(http.server.BaseHTTPRequestHandler):
    """Serves CONTENT; how, is said in `shop`."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        shop: Any = self.server
        shop.asked.append(self.headers.get("Range"))
        if shop.status != 200:
            self.send_error(shop.status)
            return
        start = 0
        if shop.resumes and self.headers.get("Range"):
            start = int(self.headers["Range"].removeprefix("bytes=").rstrip("-"))
        content = shop.content[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: shop.breaks_off_after])
        if shop.breaks_off_after is not None:
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """It is quiet."""


@pytest.fixture
def shop() -> Iterator[Any]:
    server: Any = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    server.content, server.status, server.resumes, server.breaks_off_after = CONTENT, 200, True, None
    server.asked = []
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def model(shop: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Model:
    """One that the shop has, and nobody else."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("STEREORING_MODELS", raising=False)
    made = replace(
        MODELS[NAME],
        address=f"http://127.0.0.1:{shop.server_port}/model.onnx",
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        nbytes=len(CONTENT),
    )
    monkeypatch.setitem(MODELS, NAME, made)
    return made


def quiet(done: int, total: int) -> None:
    """Nobody looks at the progress."""


def part_of(model: Model) -> Path:
    return cache_folder() / f"{model.file}.part"


# Finding ------------------------------------------------------------------------------------------------


def test_contract_a_model_is_looked_for_where_the_user_says_and_then_in_the_cache(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert list(places(model)) == [tmp_path / "cache" / "stereoring" / "models" / model.file]
    monkeypatch.setenv("STEREORING_MODELS", str(tmp_path / "mine"))
    assert not is_here(NAME)
    for place in reversed(list(places(model))):
        place.parent.mkdir(parents=True)
        place.write_bytes(CONTENT)
        assert is_here(NAME)
        assert find(NAME) == place
    assert find(NAME) == tmp_path / "mine" / model.file


def test_contract_a_model_that_is_not_here_is_said_with_how_to_get_it(model: Model) -> None:
    with pytest.raises(
        ModelError, match=f"{NAME} is not on this machine; get it with `launcher.py models down"
    ):
        find(NAME)


def test_contract_an_unknown_name_is_told_with_the_known_ones(model: Model) -> None:
    with pytest.raises(ModelError) as caught:
        find("tinydepth")
    assert str(caught.value) == (
        f"depth.model: there is no model and no file 'tinydepth' (models: {', '.join(MODELS)}; more by "
        "`launcher.py models`)"
    )
    assert isinstance(caught.value, CannotWork), "to start the worker again would not help"


def test_contract_a_file_of_one_s_own_is_taken_as_it_is(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "mine.onnx").write_bytes(b"anything")
    assert find(str(tmp_path / "mine.onnx")) == tmp_path / "mine.onnx"
    assert find("~/mine.onnx") == tmp_path / "mine.onnx"
    with pytest.raises(ModelError, match=r"is a folder without a config\.json"):
        find(str(tmp_path))


@pytest.mark.parametrize(
    "content", [b"", CONTENT[:-1], CONTENT + b"\0", CONTENT[::-1]], ids=["empty", "cut", "longer", "another"]
)
def test_contract_a_file_that_is_not_the_model_is_refused_whoever_put_it_there(
    model: Model, content: bytes
) -> None:
    place = cache_folder() / model.file
    place.parent.mkdir(parents=True)
    place.write_bytes(content)
    with pytest.raises(ModelError) as caught:
        find(NAME)
    for word in (str(place), hashlib.sha256(content).hexdigest(), model.sha256, f"models download {NAME}"):
        assert word in str(caught.value)
    assert place.read_bytes() == content, "it is the user's to delete"


def test_contract_the_built_in_model_needs_no_folder_and_no_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STEREORING_MODELS", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert find(BUILT_IN) == BUILT_IN_FOLDER / "small_depth.onnx"
    with pytest.raises(ModelError, match="comes with the program and is not downloaded"):
        download(MODELS[BUILT_IN], quiet)


def test_contract_a_built_in_model_that_was_changed_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(MODELS, BUILT_IN, replace(MODELS[BUILT_IN], folder=tmp_path))
    with pytest.raises(ModelError, match="put the file back that comes with the program"):
        find(BUILT_IN)
    (tmp_path / "small_depth.onnx").write_bytes(CONTENT)
    with pytest.raises(ModelError, match=r"is not built-in: its sha256 is .*put the file back"):
        find(BUILT_IN)


# Downloading --------------------------------------------------------------------------------------------


def test_contract_a_download_ends_in_the_cache_and_tells_how_far_it_is(model: Model, shop: Any) -> None:
    steps: list[tuple[int, int]] = []
    path = download(model, lambda done, total: steps.append((done, total)))
    assert path == cache_folder() / model.file
    assert path.read_bytes() == CONTENT
    verify(model, path)
    assert steps == sorted(steps)
    assert steps[-1] == (len(CONTENT), len(CONTENT))
    assert shop.asked == [None]
    assert not part_of(model).exists()
    assert find(NAME) == path


def test_contract_a_download_that_broke_off_goes_on_where_it_stopped(model: Model, shop: Any) -> None:
    shop.breaks_off_after = HALF
    with pytest.raises(ModelError, match=f"{HALF} of {len(CONTENT)} bytes; what has come is kept, try again"):
        download(model, quiet)
    assert part_of(model).read_bytes() == CONTENT[:HALF]
    assert not (cache_folder() / model.file).exists(), "half a model is none"
    shop.breaks_off_after = None
    steps: list[int] = []
    assert download(model, lambda done, total: steps.append(done)).read_bytes() == CONTENT
    assert shop.asked == [None, f"bytes={HALF}-"]
    assert steps[0] > HALF


def test_contract_from_a_server_that_cannot_go_on_it_begins_anew(model: Model, shop: Any) -> None:
    shop.resumes = False
    part_of(model).parent.mkdir(parents=True)
    part_of(model).write_bytes(b"from another day" * 100)
    assert download(model, quiet).read_bytes() == CONTENT


def test_contract_what_came_whole_and_was_not_moved_is_not_fetched_again(model: Model, shop: Any) -> None:
    part_of(model).parent.mkdir(parents=True)
    part_of(model).write_bytes(CONTENT)
    assert download(model, quiet).read_bytes() == CONTENT
    assert shop.asked == []


@pytest.mark.parametrize("began", [0, HALF], ids=["at once", "after a part"])
def test_contract_wrong_content_is_refused_and_not_kept(model: Model, shop: Any, began: int) -> None:
    shop.content = CONTENT[::-1]
    part_of(model).parent.mkdir(parents=True)
    part_of(model).write_bytes(CONTENT[:began])
    with pytest.raises(
        ModelError, match=f"what came is not {NAME}: its sha256 is .*; it was thrown away, try"
    ):
        download(model, quiet)
    assert not part_of(model).exists(), "or the next attempt would go on with it"
    shop.content = CONTENT
    assert download(model, quiet).read_bytes() == CONTENT


def test_contract_what_another_program_is_downloading_is_left_to_it(model: Model, shop: Any) -> None:
    part_of(model).parent.mkdir(parents=True)
    with part_of(model).open("ab") as other:
        hold(other)
        with pytest.raises(ModelError, match="another program is downloading it just now"):
            download(model, quiet)
    assert download(model, quiet).read_bytes() == CONTENT


@pytest.mark.parametrize("status", [404, 416, 503])
def test_contract_a_server_that_refuses_is_named_with_its_answer(
    model: Model, shop: Any, status: int
) -> None:
    shop.status = status
    with pytest.raises(ModelError) as caught:
        download(model, quiet)
    assert model.address in str(caught.value)
    assert http.client.responses[status] in str(caught.value)


def test_contract_a_server_that_is_not_there_is_named(model: Model, shop: Any) -> None:
    gone = replace(model, address="http://127.0.0.1:9/model.onnx")
    with pytest.raises(ModelError, match=r"http://127\.0\.0\.1:9/model\.onnx: .*; what has come is kept"):
        download(gone, quiet)


def test_contract_a_cache_that_cannot_be_made_is_named(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_the_way = tmp_path / "a file"
    in_the_way.touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(in_the_way))
    with pytest.raises(ModelError, match=r"a file/stereoring/models.*: this folder cannot be made"):
        download(model, lambda done, total: None)


def test_contract_a_home_that_nobody_has_is_said() -> None:
    with pytest.raises(ModelError, match="begins with the name of nobody who has a home here"):
        find("~nobody-of-that-name/net.onnx")


@pytest.mark.skipif(shutil.which("localedef") is None, reason="needs localedef, for a locale of eight bits")
def test_contract_a_model_in_a_folder_with_an_umlaut_is_opened_in_a_locale_of_eight_bits(
    tmp_path: Path,
) -> None:
    locale = tmp_path / "de_DE.ISO-8859-1"
    made = ["localedef", "-i", "de_DE", "-f", "ISO-8859-1", str(locale)]
    if subprocess.run(made, capture_output=True, check=False).returncode:
        pytest.skip("localedef has no de_DE here")
    folder = tmp_path / "Räume"
    folder.mkdir()
    shutil.copy(BUILT_IN_FOLDER / "small_depth.onnx", folder)
    script = (
        "import onnxruntime, pathlib, sys; from workers.models import for_onnxruntime;"
        "assert sys.getfilesystemencoding() == 'iso8859-1'; path = pathlib.Path(sys.argv[1]);"
        "onnxruntime.InferenceSession(for_onnxruntime(path), providers=['CPUExecutionProvider'])"
    )
    subprocess.run(
        [sys.executable, "-c", script, str(folder / "small_depth.onnx")],
        cwd=REPO,
        env=os.environ | {"LOCPATH": str(tmp_path), "LC_ALL": locale.name, "PYTHONUTF8": "0"},
        check=True,
    )
