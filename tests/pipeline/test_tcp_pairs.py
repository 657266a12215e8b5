"""Pairs of sockets as Windows has them, which are TCP's: nothing small is held back in them."""

import socket

import pytest

from pipeline.control import Channel
from shm.wake import SocketEnd


def tcp_pair() -> tuple[socket.socket, socket.socket]:
    """As Python makes one where the system has none."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = socket.create_connection(server.getsockname())
        theirs, _ = server.accept()
        return ours, theirs


def test_contract_they_send_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "socketpair", tcp_pair)
    bells = SocketEnd.pair()
    channel, theirs = Channel.pair()
    for end in (*(bell._socket for bell in bells), channel._end, theirs):
        assert end.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        end.close()
