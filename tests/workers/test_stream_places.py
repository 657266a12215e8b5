"""Where the streams' addresses are said."""

import pytest

from workers.sinks._stream import places
from workers.sinks._stream.places import Places
from workers.sinks._web.panel import _players_links
from workers.sinks._web.tokens import view_token


@pytest.fixture(autouse=True)
def one_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "addresses", lambda: ["192.0.2.7"])


def test_the_log_names_this_machine_first_and_the_token_only_for_others() -> None:
    here, elsewhere = Places(8554, lan=True).links()
    assert here == "rtsp://127.0.0.1:8554/live"
    assert elsewhere == f"rtsp://stereoring:{view_token()}@192.0.2.7:8554/live"
    assert Places(8554, lan=False).links() == [here]
    assert Places(0, lan=True).links() == []


@pytest.mark.parametrize(
    ("sinks", "lan", "count"),
    [(["web", "stream"], True, 1), (["web", "stream"], False, 0), (["web"], True, 0)],
)
def test_the_panel_has_the_players_address_if_others_may_look(
    sinks: list[str], lan: bool, count: int
) -> None:
    values = {"sinks": {"": sinks}, "stream": {"rtsp_port": 8554, "lan": lan}}
    assert _players_links(values) == Places(8554, lan=True).links_elsewhere() * count
