"""Digest access authentication (RFC 2617), as players of RTSP know it: who looks from another device has to
know the view token, which itself is never sent."""

import hashlib
import hmac
import secrets
from urllib.request import parse_http_list, parse_keqv_list

REALM, USER = "Stereoring", "stereoring"


class Digest:
    """Of one connection, so that what was heard on one is of no use on another."""

    def __init__(self, token: str) -> None:
        self._nonce = secrets.token_hex(16)
        self._secret = _md5(f"{USER}:{REALM}:{token}")

    @property
    def challenge(self) -> str:
        """For WWW-Authenticate."""
        return f'Digest realm="{REALM}", nonce="{self._nonce}"'

    def admits(self, method: str, authorization: str) -> bool:
        """Whether this header of a request was made by who knows the token."""
        kind, _, rest = authorization.partition(" ")
        if kind.lower() != "digest":
            return False
        try:
            given = parse_keqv_list(parse_http_list(rest))
        except ValueError:  # a part without "="
            return False
        asked = _md5(f"{method}:{given.get('uri', '')}")
        wanted = _md5(f"{self._secret}:{self._nonce}:{asked}")
        mine = given.get("username") == USER and given.get("nonce") == self._nonce
        return hmac.compare_digest(wanted.encode(), given.get("response", "").lower().encode()) and mine


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
