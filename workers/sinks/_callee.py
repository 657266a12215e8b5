"""Where HOST:PORT is. A name may have several addresses, and others while the program runs."""

import ipaddress
import socket
import threading
from typing import Any, NamedTuple

LOOK_AGAIN = 10.0  # seconds until a name is looked up again: a datagram that nobody gets is not answered


class Place(NamedTuple):
    family: int
    address: Any  # longer for IPv6

    def __str__(self) -> str:
        return str(self.address[0])


class Callee:
    """`places`, the one to try first at the beginning: that of IPv4, at which others listen unless they say
    otherwise. Raises OSError."""

    def __init__(self, host: str, port: int, now: float) -> None:
        self._host, self._port, self._looked_at = host, port, now
        self._thread: threading.Thread | None = None
        self._found: list[Place] | OSError = []
        self.places = _places_of(host, port)

    def look(self, now: float) -> bool:
        """Now and then, in a thread, for the answer may take long. True: there are other places. Raises
        OSError where the name has gone."""
        if self._thread is None:
            if now - self._looked_at > LOOK_AGAIN and not _is_number(self._host):
                self._thread = threading.Thread(target=self._look, daemon=True)
                self._thread.start()
            return False
        if self._thread.is_alive():
            return False
        self._thread, self._looked_at, found = None, now, self._found
        if isinstance(found, OSError):
            raise found
        changed = set(found) != set(self.places)
        if changed:
            self.places = found
        return changed

    def failed(self) -> None:
        """The first place cannot be reached just now: the others come before it."""
        self.places = [*self.places[1:], self.places[0]]

    def _look(self) -> None:
        try:
            self._found = _places_of(self._host, self._port)
        except OSError as error:
            self._found = error


def _places_of(host: str, port: int) -> list[Place]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    places = dict.fromkeys(Place(family, address) for family, _, _, _, address in found)
    return sorted(places, key=lambda place: place.family != socket.AF_INET)


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
