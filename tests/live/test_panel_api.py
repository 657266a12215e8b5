"""What the control panel's page asks, asked without a page: answers, and what is wrong said in words."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.message import Message
from pathlib import Path
from typing import Any

import pytest

from tests.live.program import free_port, on_the_web
from tests.pipeline.running import Launcher, launched
from workers.sinks._web.tokens import control_token

pytestmark = pytest.mark.timeout(90)


class Api:
    """`get` and `post` return status and text."""

    def __init__(self, launcher: Launcher, port: int) -> None:
        self.launcher, self._address = launcher, f"http://127.0.0.1:{port}"

    def get(self, path: str) -> tuple[int, str]:
        return self._send(path, None, "application/json")

    def post(self, path: str, body: Any, kind: str = "application/json", **headers: str) -> tuple[int, str]:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self._send(path, data, kind, **headers)

    def headers(self, path: str) -> Message:
        request = urllib.request.Request(
            f"{self._address}{path}", headers={"Authorization": f"Bearer {control_token()}"}
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.headers
        except urllib.error.HTTPError as error:
            return error.headers

    def _send(self, path: str, body: bytes | None, kind: str, **headers: str) -> tuple[int, str]:
        own = {"Authorization": f"Bearer {control_token()}", "X-Stereoring": "1", "Content-Type": kind}
        request = urllib.request.Request(f"{self._address}{path}", body, own | headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    port = free_port()
    with launched(tmp_path_factory.mktemp("api"), *on_the_web(port), ready=False) as launcher:
        launcher.until_running("web", "stereo")
        yield Api(launcher, port)


def test_the_schema_explains_each_setting_in_both_languages(api: Api) -> None:
    status, text = api.get("/api/schema")
    sections = {section["name"]: section for section in json.loads(text)["sections"]}
    strength = next(entry for entry in sections["stereo"]["keys"] if entry["key"] == "strength")
    assert status == 200
    assert strength["explanation"]["en"] == "how deep, 0 is flat; what peers start with"
    assert strength["title"] == {"en": "Strength", "zh": "立体强度"}


@pytest.mark.parametrize(
    "path", ["/panel", "/panel/panel.js", "/panel/panel.css", "/viewer.js", "/", "/nowhere"]
)
def test_no_browser_keeps_what_an_update_changes(api: Api, path: str) -> None:
    assert "no-store" in api.headers(path)["Cache-Control"]


@pytest.mark.parametrize("path", ["settings", "devices", "models", "workers", "log?since=0", "address"])
def test_whatever_is_asked_is_answered_in_json(api: Api, path: str) -> None:
    status, text = api.get(f"/api/{path}")
    assert status == 200, text
    assert isinstance(json.loads(text), dict)


def test_a_change_is_made_and_another_is_refused_with_its_reason(api: Api) -> None:
    change = {"section": "stereo", "key": "layout", "value": "depth", "save": False}
    assert api.post("/api/set", change) == (200, '{"restarts": []}')
    api.launcher.until_logged("stereo.layout is now depth")
    assert api.post("/api/set", change | {"key": "strength", "value": -1}) == (
        409,
        "must be at least 0 (got -1)",
    )
    assert api.post("/api/reset", {"section": "stereo", "key": "layout", "save": False})[0] == 200


@pytest.mark.parametrize(
    ("path", "body", "status", "what"),
    [
        ("set", b"{", 400, "The body is no JSON"),
        ("set", [], 400, "section is missing"),
        (
            "set",
            {"section": "stereo", "key": ["a"], "value": 1, "save": False},
            400,
            "key is missing",
        ),
        ("worker", {"name": "nobody", "what": "stop"}, 409, "there is no worker 'nobody'"),
        ("profile", {"name": "nothing"}, 409, "unknown profile"),
        ("download", {"name": "../../etc", "cancel": False}, 409, "is not to be had"),
        ("download", {"name": "a/b", "cancel": True}, 409, "is not being downloaded"),
        ("reset", {"section": "a", "key": "b", "save": True}, 409, "there is no setting a.b"),
    ],
)
def test_what_makes_no_sense_is_said_and_the_program_goes_on(
    api: Api, path: str, body: Any, status: int, what: str
) -> None:
    code, text = api.post(f"/api/{path}", body)
    assert (code, what in text) == (status, True), text
    assert api.get("/api/settings")[0] == 200


def test_a_body_that_is_packed_wrongly_is_said(api: Api) -> None:
    status, answer = api.post("/api/set", b"this was never packed", **{"Content-Encoding": "gzip"})
    assert (status, answer) == (400, "The body is not packed as the request says\n")


def test_a_body_that_a_form_could_send_is_refused(api: Api) -> None:
    body = {"section": "stereo", "key": "view", "value": "2d", "save": False}
    assert api.post("/api/set", body, kind="text/plain")[0] == 415


@pytest.mark.parametrize("query", ["kind=monitor&which=1", "kind=monitor&which=x", "kind=cat&which=1"])
def test_a_small_picture_of_what_is_not_there_is_refused(api: Api, query: str) -> None:
    assert api.get(f"/api/thumbnail?{query}")[0] == 409
    assert api.get("/api/log?since=-1")[0] == 400


def test_the_page_cannot_be_left_for_other_files(api: Api, tmp_path: Path) -> None:
    assert api.get("/panel")[0] == 200
    assert api.get("/panel/panel.js")[0] == 200
    assert api.get("/panel/../gate.py")[0] in (403, 404)
    assert api.get("/panel/%2e%2e/gate.py")[0] in (403, 404)
