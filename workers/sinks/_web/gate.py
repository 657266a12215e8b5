"""Who may look, and who may change things.

- Look: on this machine everybody; from elsewhere, where the user has opened the door at all, who has the
  view token. Change things, anywhere: who has the control token. Both come in the address once and stay as
  cookies.
- The Host header is checked, so that a foreign page cannot reach a server on this machine through a name of
  its own that points here (DNS rebinding); and Origin, above all of a WebSocket, which any page may open.
- What changes something also needs a header that browsers let no foreign page send unasked.
"""

import hmac
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import web

from workers.sinks._web.tokens import addresses, control_token, is_loopback, names, view_token

VIEW_COOKIE, CONTROL_COOKIE = "stereoring_view", "stereoring_control"
YEAR = 365 * 86400
CONTROLLED = ("/panel", "/dash", "/api")
OWN_HEADER = "X-Stereoring"
SAFE = ("GET", "HEAD")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

FRESH = {"Cache-Control": "no-store"}  # after an update an old script would talk to a new server
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; worker-src 'self' blob:; "
        "style-src 'self' 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class Gate:
    """`check` is an aiohttp middleware, `sign` puts the security headers on every response, and has browsers
    keep none that does not say otherwise."""

    def __init__(self, lan: bool) -> None:
        self._lan = lan
        self._view, self._control = view_token(), control_token()
        self._hosts = {"localhost", "127.0.0.1", "::1"}
        if lan:
            self._hosts |= {*names(), *addresses()}

    @web.middleware
    async def check(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        check_text(request)
        self._check_name(request)
        controls = self.may_control(request)
        if not controls and is_controlled(request.path):
            raise web.HTTPUnauthorized(
                text="The control token is missing; use the address that the program shows at its start "
                "(`launcher.py --panel` opens it).\n"
            )
        if not controls and not self._may_look(request):
            raise web.HTTPUnauthorized(text="The token is missing; use the address that the program shows.\n")
        if request.method not in SAFE:
            check_own(request)
        response = await handler(request)
        if not response.prepared:
            self._remember(request, response)
        return response

    async def sign(self, request: web.Request, response: web.StreamResponse) -> None:
        for name, value in (HEADERS | FRESH).items():
            response.headers.setdefault(name, value)

    def _remember(self, request: web.Request, response: web.StreamResponse) -> None:
        """A cookie for who came with a token in the address."""
        shown = request.query.get("token", "")
        for cookie, token in ((CONTROL_COOKIE, self._control), (VIEW_COOKIE, self._view)):
            if is_same(shown, token):
                name = cookie if request.secure else plain(cookie)
                response.set_cookie(
                    name, token, httponly=True, samesite="Strict", secure=request.secure, max_age=YEAR
                )

    def may_control(self, request: web.Request) -> bool:
        return any(is_same(shown, self._control) for shown in shown_by(request, CONTROL_COOKIE))

    def ticket(self, request: web.Request) -> str:
        """The view token, for who has shown that he has it; "" for others. Browsers do not take the cookie
        along from http to https."""
        shown = shown_by(request, VIEW_COOKIE)
        knows = self.may_control(request) or any(is_same(one, self._view) for one in shown)
        return self._view if knows else ""

    def _may_look(self, request: web.Request) -> bool:
        if not self._lan or is_loopback(request.remote):
            return True
        return any(is_same(shown, self._view) for shown in shown_by(request, VIEW_COOKIE))

    def _check_name(self, request: web.Request) -> None:
        host = request.headers.get("Host", "")
        if host_of(host) not in self._hosts and not (self._lan and host_of(host) == asked_at(request)):
            raise web.HTTPForbidden(text="This name is not this machine's.\n")
        origin = request.headers.get("Origin")
        if origin is not None and origin != f"{request.scheme}://{host}":
            raise web.HTTPForbidden(text="Another page may not look.\n")


def check_text(request: web.Request) -> None:
    """Raises HTTPBadRequest for headers that are no text: what they are quoted in could not be sent."""
    try:
        for name, value in request.headers.items():
            f"{name}{value}".encode()
    except UnicodeEncodeError as error:
        raise web.HTTPBadRequest(text="A header is not UTF-8.\n") from error


def is_controlled(path: str) -> bool:
    return any(path == part or path.startswith(f"{part}/") for part in CONTROLLED)


def check_own(request: web.Request) -> None:
    """Raises HTTPForbidden for what a form or a script of a foreign page could send."""
    if OWN_HEADER not in request.headers and bearer(request) is None:
        raise web.HTTPForbidden(text=f"The header {OWN_HEADER} is missing.\n")


def shown_by(request: web.Request, cookie: str) -> list[str]:
    """The tokens that a request brings."""
    path = request.match_info.get("token")  # HLS: players take it along to what the list names
    cookies = [request.cookies.get(name) for name in (cookie, plain(cookie))]
    found = [request.query.get("token"), *cookies, bearer(request), path]
    return [token for token in found if token]


def plain(cookie: str) -> str:
    """Its name on plain http: where https has set one, browsers let http neither have nor replace it."""
    return f"{cookie}_http"


def bearer(request: web.Request) -> str | None:
    """The token of an Authorization header."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else None


def is_same(shown: str, token: str) -> bool:
    """In a time that does not tell how much of it is right."""
    return hmac.compare_digest(shown.encode(), token.encode())


def asked_at(request: web.Request) -> str:
    """The address of this machine at which somebody came in; it may be newer than the program."""
    found = request.transport.get_extra_info("sockname") if request.transport else None
    return str(found[0]).partition("%")[0] if found else ""


def host_of(header: str) -> str:
    """The name in a Host header, without port, in lower case; "" if it is none."""
    try:
        return (urlsplit(f"//{header}").hostname or "").lower()
    except ValueError:
        return ""
