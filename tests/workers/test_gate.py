"""Who may look and who may change things: asked of a server on real ports, by honest and foreign pages."""

import http.client
import ssl
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.live.program import environment, free_port
from workers.sinks._web.certificate import context_of, own_context
from workers.sinks._web.gate import HEADERS
from workers.sinks._web.server import Places, Server
from workers.sinks._web.tokens import addresses, config_folder, control_token, view_token


@dataclass
class Asking:
    """A server that others may reach too, asked from this machine or as one of them."""

    places: Places

    def __call__(
        self, path: str, *, method: str = "GET", elsewhere: bool = False, secure: bool = False, **headers: str
    ) -> http.client.HTTPResponse:
        at = other_address() if elsewhere else "127.0.0.1"
        port = self.places.https_port if secure else self.places.port
        connection = (
            http.client.HTTPSConnection(at, port, timeout=30, context=ssl._create_unverified_context())
            if secure
            else http.client.HTTPConnection(at, port, timeout=30)
        )
        wanted = {"Host": f"{at}:{port}"} | {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, headers=wanted)
        reply = connection.getresponse()
        reply.body = reply.read()  # type: ignore[attr-defined]
        connection.close()
        return reply


def other_address() -> str:
    """One that does not count as this machine."""
    found = addresses()
    if not found:
        pytest.skip("this machine has no address beyond loopback")
    return found[0]


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    with environment(XDG_CONFIG_HOME=str(tmp_path_factory.mktemp("config"))):
        places = Places(free_port(), True, free_port(), own_context())
        server = Server(places, 8, looking=lambda rings: None, again=lambda: None)
        server.open()
        yield Asking(places)
        server.close()


def test_contract_the_tokens_are_private_and_stay(asking: Asking) -> None:
    assert len(view_token()) >= 22
    assert len(control_token()) >= 22
    assert view_token() != control_token()
    for name in ("view_token", "control_token", "certificate.pem"):
        assert stat.S_IMODE((config_folder() / name).stat().st_mode) == 0o600


@pytest.mark.parametrize("path", ["/", "/viewer.js", "/hello", "/state", "/metrics", "/ws", "/whep/none"])
def test_contract_who_looks_from_elsewhere_needs_the_view_token(asking: Asking, path: str) -> None:
    assert asking(path, elsewhere=True).status == 401
    assert asking(f"{path}?token=wrong", elsewhere=True).status == 401
    assert asking(f"{path}?token=", elsewhere=True).status == 401
    assert asking(f"{path}?token={view_token()}", elsewhere=True).status != 401
    assert asking(path, elsewhere=True, Cookie=f"stereoring_view={view_token()}").status != 401
    assert asking(path, elsewhere=True, Cookie=f"stereoring_view_http={view_token()}").status != 401
    assert asking(path, elsewhere=True, Authorization=f"Bearer {view_token()}").status != 401
    assert asking(path, elsewhere=True, Cookie=f"stereoring_control={control_token()}").status != 401
    assert asking(path).status != 401


@pytest.mark.parametrize("elsewhere", [False, True])
@pytest.mark.parametrize("path", ["/panel", "/dash", "/api/set", "/api/workers", "/panel/x.js"])
def test_contract_who_changes_things_needs_the_control_token(
    asking: Asking, path: str, elsewhere: bool
) -> None:
    assert asking(path, elsewhere=elsewhere).status == 401
    assert asking(f"{path}?token={view_token()}", elsewhere=elsewhere).status == 401
    assert asking(path, elsewhere=elsewhere, Cookie=f"stereoring_control={view_token()}").status == 401
    assert asking(path, elsewhere=elsewhere, Cookie=f"stereoring_view={control_token()}").status == 401
    known = f"stereoring_control={control_token()}"
    assert asking(path, elsewhere=elsewhere, Cookie=known).status != 401


def test_contract_a_token_in_the_address_becomes_a_cookie_that_scripts_cannot_read(asking: Asking) -> None:
    cookie = asking(f"/?token={view_token()}", elsewhere=True).getheader("Set-Cookie") or ""
    assert cookie.startswith(f"stereoring_view_http={view_token()};")
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Secure" not in cookie
    secure = asking(f"/?token={view_token()}", secure=True).getheader("Set-Cookie") or ""
    assert secure.startswith(f"stereoring_view={view_token()};")
    assert "Secure" in secure
    assert asking("/?token=wrong").getheader("Set-Cookie") is None
    wanted = asking(f"/?token={control_token()}").getheader("Set-Cookie") or ""
    assert wanted.startswith(f"stereoring_control_http={control_token()};")


@pytest.mark.parametrize("path", ["/", "/state", "/ws", "/stream.mjpg", "/panel", "/nowhere"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:1122"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "[::1"},
        {"Host": ""},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1"},
        {"Origin": "https://127.0.0.1:{port}"},
        {"Origin": "http://localhost:{port}"},
    ],
    ids=str,
)
def test_contract_a_foreign_page_gets_nothing(asking: Asking, path: str, headers: dict[str, str]) -> None:
    """Not even with the cookies that the browser would send along."""
    sent = {name: value.format(port=asking.places.port) for name, value in headers.items()}
    reply = asking(path, **sent, Cookie=f"stereoring_control={control_token()}")
    assert reply.status == 403


LATER = "127.0.0.77"  # no address that is known at the start, and one that this machine can be reached at


def ask_later(port: int, host: str) -> int:
    try:
        connection = http.client.HTTPConnection(LATER, port, timeout=30)
        connection.request("GET", "/hello", headers={"Host": host})
    except OSError:
        pytest.skip(f"here nobody can be reached at {LATER}")
    status = connection.getresponse().status
    connection.close()
    return status


def test_an_address_that_came_after_the_start_is_this_machine_s_for_who_asks_there(asking: Asking) -> None:
    port = asking.places.port
    assert ask_later(port, f"{LATER}:{port}") == 200
    assert ask_later(port, LATER) == 200
    assert ask_later(port, f"127.0.0.78:{port}") == 403
    assert ask_later(port, f"{LATER}.evil.example:{port}") == 403


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_contract_nothing_is_changed_without_a_header_that_forms_cannot_send(
    asking: Asking, method: str
) -> None:
    known = f"stereoring_control={control_token()}"
    assert asking("/api/set", method=method, Cookie=known).status == 403
    own = asking("/api/set", method=method, Cookie=known, X_Stereoring="1")
    assert own.status != 403
    assert asking("/whep", method=method).status == 403


@pytest.mark.parametrize("path", ["/", "/state", "/nowhere", "/panel", "/viewer.js", "/snapshot.jpg"])
def test_contract_every_answer_has_the_security_headers(asking: Asking, path: str) -> None:
    reply = asking(path)
    for name, value in HEADERS.items():
        assert reply.getheader(name) == value
    assert reply.getheader("Access-Control-Allow-Origin") is None


@pytest.mark.parametrize(
    "path",
    ["/../gate.py", "/..%2fgate.py", "/%2e%2e/gate.py", "/pages/viewer.html", "/gate.py", "//etc/hosts"],
)
def test_contract_no_other_file_is_served(asking: Asking, path: str) -> None:
    assert asking(path).status == 404


def test_contract_the_same_pages_are_there_by_https(asking: Asking) -> None:
    assert asking("/", secure=True).status == 200
    assert asking("/", secure=True, elsewhere=True).status == 401
    origin = f"https://127.0.0.1:{asking.places.https_port}"
    assert asking("/state", secure=True, Origin=origin).status == 200


def test_contract_the_certificate_is_kept_and_names_this_machine(asking: Asking) -> None:
    file = config_folder() / "certificate.pem"
    before = file.read_bytes()
    own_context()
    assert file.read_bytes() == before
    trusting = ssl.create_default_context(cadata=before[before.index(b"-----BEGIN CERT") :].decode())
    connection = http.client.HTTPSConnection("127.0.0.1", asking.places.https_port, context=trusting)
    connection.request("GET", "/hello")
    assert connection.getresponse().status == 200


def test_a_certificate_of_one_s_own_that_is_none_is_said(tmp_path: Path) -> None:
    (tmp_path / "wrong.pem").write_text("wrong")
    with pytest.raises((OSError, ValueError)):
        context_of(tmp_path / "wrong.pem", None)
    with pytest.raises(FileNotFoundError):
        context_of(tmp_path / "missing.pem", None)
