"""The desktop's portal (xdg-desktop-portal's ScreenCast): through it a Wayland desktop asks its user which
screen or window a program may capture, and hands over a PipeWire stream of that."""

import asyncio
import itertools
import os
from typing import Any

from dbus_fast import DBusFastError, Message, MessageType, Variant
from dbus_fast.aio import MessageBus

NAME, PLACE = "org.freedesktop.portal.Desktop", "/org/freedesktop/portal/desktop"
SCREENCAST = "org.freedesktop.portal.ScreenCast"
REQUEST, SESSION = "org.freedesktop.portal.Request", "org.freedesktop.portal.Session"
MONITOR, WINDOW = 1, 2  # kinds of sources
HIDDEN, EMBEDDED = 1, 2  # ways with the pointer
UNTIL_REVOKED = 2  # how long the user's answer holds
REMEMBERS = 4  # the version that first could
ANSWERED, REFUSED = 0, 1  # what a request ends with; else it has failed
FEW_SECONDS = 5.0  # for what no person has to answer


class Refused(Exception):
    """The user does not want it."""


class Portal:
    """One permission to capture. All methods run on one asyncio loop and raise OSError when the portal is not
    there or fails."""

    def __init__(self) -> None:
        self.node = 0
        """Of the stream, in PipeWire."""
        self.token = ""
        """With which the user need not be asked next time; empty where the desktop gives none."""
        self.ended = False
        """The desktop or its user has taken the permission back."""
        self._bus: Any = None
        self._session = ""
        self._numbers = itertools.count(1)
        self._answers: dict[str, asyncio.Future[tuple[int, dict[str, Variant]]]] = {}

    @property
    def connected(self) -> bool:
        return self._bus is not None and self._bus.connected

    async def version(self) -> int:
        """Of the desktop's ScreenCast; raises OSError where it has none."""
        await self._connect()
        return int((await self._offers())["version"].value)

    async def ask(self, cursor: bool, token: str) -> None:
        """The user, unless `token` says that they were asked before. Raises Refused."""
        await self._connect()
        offers = await self._offers()
        made = await self._request("CreateSession", {"session_handle_token": Variant("s", self._handle())})
        self._session = made["session_handle"].value
        await self._request("SelectSources", _wishes(offers, cursor, token), self._session)
        given = await self._request("Start", {}, self._session, "")
        streams = given["streams"].value
        if not streams:
            raise OSError("the desktop's portal gave no stream")
        self.node = streams[0][0]
        self.token = given["restore_token"].value if "restore_token" in given else ""

    async def remote(self) -> int:
        """A connection to PipeWire that sees this stream: a descriptor for the caller to close."""
        reply = await self._call(SCREENCAST, "OpenPipeWireRemote", "oa{sv}", self._session, {})
        return int(reply.unix_fds[reply.body[0]])

    async def close(self) -> None:
        """Give the permission back, as far as the portal is still there."""
        if self.connected and self._session and not self.ended:
            await self._bus.send(Message(NAME, self._session, SESSION, "Close"))
        if self._bus is not None:
            self._bus.disconnect()

    async def _connect(self) -> None:
        if self._bus is not None:
            return
        try:
            self._bus = await MessageBus(negotiate_unix_fd=True).connect()
        except (DBusFastError, OSError, ValueError) as error:
            raise OSError(f"the session's D-Bus cannot be reached: {error}") from error
        self._bus.add_message_handler(self._heard)
        for interface in (REQUEST, SESSION):
            rule = f"type='signal',sender='{NAME}',interface='{interface}'"
            await self._sent("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "AddMatch", "s", rule)

    async def _offers(self) -> dict[str, Variant]:
        properties = "org.freedesktop.DBus.Properties"
        try:
            asked = self._sent(NAME, PLACE, properties, "GetAll", "s", SCREENCAST)
            reply = await asyncio.wait_for(asked, FEW_SECONDS)
        except TimeoutError:
            raise OSError("the desktop's portal does not answer") from None
        if "version" not in reply.body[0]:
            raise OSError("the desktop's portal cannot capture screens (ScreenCast)")
        return dict(reply.body[0])

    async def _request(self, method: str, options: dict[str, Variant], *first: str) -> dict[str, Variant]:
        """Ask for something that ends with a Response, maybe after the user has answered. The request's place
        is known before, so that no answer can come too early."""
        token = self._handle()
        me = self._bus.unique_name.removeprefix(":").replace(".", "_")
        answer: asyncio.Future[tuple[int, dict[str, Variant]]] = asyncio.get_running_loop().create_future()
        self._answers[f"{PLACE}/request/{me}/{token}"] = answer
        signature = {0: "a{sv}", 1: "oa{sv}", 2: "osa{sv}"}[len(first)]
        await self._call(
            SCREENCAST, method, signature, *first, {**options, "handle_token": Variant("s", token)}
        )
        code, results = await answer
        if code == REFUSED:
            raise Refused
        if code != ANSWERED:
            raise OSError(f"the desktop's portal could not do it ({method} ended with {code})")
        return results

    async def _call(self, interface: str, method: str, signature: str, *body: Any) -> Any:
        return await self._sent(NAME, PLACE, interface, method, signature, *body)

    async def _sent(
        self, name: str, place: str, interface: str, method: str, signature: str, *body: Any
    ) -> Any:
        try:
            reply = await self._bus.call(
                Message(name, place, interface, method, signature=signature, body=list(body))
            )
        except (DBusFastError, EOFError) as error:
            raise OSError(f"the session's D-Bus is lost: {error}") from error
        if reply.message_type is MessageType.ERROR:
            why = ", ".join(str(part) for part in reply.body) or reply.error_name
            raise OSError(f"the desktop's portal (xdg-desktop-portal) refuses {method}: {why}")
        return reply

    def _handle(self) -> str:
        """For objects on the bus, which others make too."""
        return f"stereoring_{os.getpid()}_{next(self._numbers)}"

    def _heard(self, message: Message) -> None:
        if message.message_type is not MessageType.SIGNAL:
            return
        if (message.interface, message.member) == (REQUEST, "Response"):
            answer = self._answers.pop(message.path or "", None)
            if answer is not None and not answer.done():
                answer.set_result((message.body[0], message.body[1]))
        elif (message.interface, message.member) == (SESSION, "Closed") and message.path == self._session:
            self.ended = True


def _wishes(offers: dict[str, Variant], cursor: bool, token: str) -> dict[str, Variant]:
    """Of what this desktop offers."""
    wishes = {
        "types": Variant("u", offers["AvailableSourceTypes"].value & (MONITOR | WINDOW)),
        "multiple": Variant("b", False),
    }
    mode = EMBEDDED if cursor else HIDDEN
    if "AvailableCursorModes" in offers and offers["AvailableCursorModes"].value & mode:
        wishes["cursor_mode"] = Variant("u", mode)
    if offers["version"].value >= REMEMBERS:
        wishes["persist_mode"] = Variant("u", UNTIL_REVOKED)
        if token:
            wishes["restore_token"] = Variant("s", token)
    return wishes
