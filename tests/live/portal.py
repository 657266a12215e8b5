"""A desktop's portal on a real D-Bus, with a real PipeWire stream behind it; held against the interface files
of the real one (package xdg-desktop-portal-dev).

usage: python -m tests.live.portal FOLDER NODE
FOLDER/answer says what becomes of `Start` (0, 1 refused, 2 failed); FOLDER/asked gets a line of JSON for
each method that is called; SIGUSR1 ends the session, as the user does from the desktop's panel. NODE is the
name of PipeWire's node that is captured.
"""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from dbus_fast import Message, MessageType, NameFlag, Variant
from dbus_fast.aio import MessageBus
from dbus_fast.introspection import Method, Node

INTERFACES = Path("/usr/share/dbus-1/interfaces")
SCREENCAST, SESSION = "org.freedesktop.portal.ScreenCast", "org.freedesktop.portal.Session"
REQUEST, NAME = "org.freedesktop.portal.Request", "org.freedesktop.portal.Desktop"
PLACE = "/org/freedesktop/portal/desktop"
OFFERS = {"version": Variant("u", 4), "AvailableSourceTypes": Variant("u", 3)}
OFFERS["AvailableCursorModes"] = Variant("u", 3)
TOKEN = "the-user-said-yes"


def methods_of(*interfaces: str) -> dict[tuple[str, str], Method]:
    found = {}
    for name in interfaces:
        (parsed,) = Node.parse((INTERFACES / f"{name}.xml").read_text()).interfaces
        found.update({(name, method.name): method for method in parsed.methods})
    return found


def node_id(name: str) -> int:
    """As PipeWire numbers it now; 0 where it is not."""
    dump = json.loads(subprocess.run(["pw-dump"], capture_output=True, text=True, check=True).stdout)
    nodes = [thing for thing in dump if thing["type"].endswith(":Node")]
    return next((node["id"] for node in nodes if node["info"]["props"].get("node.name") == name), 0)


class Portal:
    """Of one client at a time."""

    def __init__(self, bus: MessageBus, folder: Path, node: str) -> None:
        self.bus, self.folder, self.node = bus, folder, node
        self.methods = methods_of(SCREENCAST, SESSION)
        self.session, self.client = "", ""

    def answer(self, call: Message) -> Message | None:
        if call.message_type is not MessageType.METHOD_CALL:
            return None
        if call.member == "GetAll" and call.body == [SCREENCAST]:
            return Message.new_method_return(call, "a{sv}", [OFFERS])
        method = self.methods.get((call.interface or "", call.member or ""))
        if method is None:
            return None
        assert call.signature == method.in_signature, f"{call.member} takes {method.in_signature}"
        self._note(call)
        body, descriptors = getattr(self, call.member or "")(call)
        return Message.new_method_return(call, method.out_signature, body, descriptors)

    def CreateSession(self, call: Message) -> Any:
        me = (call.sender or "").removeprefix(":").replace(".", "_")
        self.client = call.sender or ""
        self.session = f"{PLACE}/session/{me}/{call.body[0]['session_handle_token'].value}"
        return self._request(call, 0, {"session_handle": Variant("s", self.session)})

    def SelectSources(self, call: Message) -> Any:
        return self._request(call, 0, {})

    def Start(self, call: Message) -> Any:
        code = int((self.folder / "answer").read_text())
        size = Variant("(ii)", [640, 360])
        results = {
            "streams": Variant("a(ua{sv})", [[node_id(self.node), {"size": size}]]),
            "restore_token": Variant("s", TOKEN),
        }
        return self._request(call, code, results if code == 0 else {})

    def OpenPipeWireRemote(self, call: Message) -> Any:
        remote = socket.socket(socket.AF_UNIX)
        remote.connect(os.environ["XDG_RUNTIME_DIR"] + "/pipewire-0")
        return [0], [remote.detach()]

    def Close(self, call: Message) -> Any:
        return [], []

    def end(self) -> None:
        self._tell(self.session, SESSION, "Closed", "a{sv}", {})

    def _request(self, call: Message, code: int, results: dict[str, Variant]) -> Any:
        me = (call.sender or "").removeprefix(":").replace(".", "_")
        place = f"{PLACE}/request/{me}/{call.body[-1]['handle_token'].value}"
        asyncio.get_running_loop().call_later(
            0.05, self._tell, place, REQUEST, "Response", "ua{sv}", code, results
        )
        return [place], []

    def _tell(self, place: str, interface: str, signal_name: str, signature: str, *body: Any) -> None:
        told = Message.new_signal(place, interface, signal_name, signature, list(body))
        told.destination = self.client
        self.bus.send(told)

    def _note(self, call: Message) -> None:
        options = {key: value.value for key, value in (call.body[-1] if call.body else {}).items()}
        with (self.folder / "asked").open("a") as file:
            file.write(json.dumps({"method": call.member, **options}) + "\n")


async def main(folder: Path, node: str) -> None:
    bus = await MessageBus(negotiate_unix_fd=True).connect()
    portal = Portal(bus, folder, node)
    bus.add_message_handler(portal.answer)
    await bus.request_name(NAME, NameFlag.DO_NOT_QUEUE)
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, portal.end)
    print("ready", flush=True)
    await bus.wait_for_disconnect()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
