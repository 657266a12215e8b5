"""Where players find the stream."""

from dataclasses import dataclass

from workers.sinks._stream.digest import USER
from workers.sinks._web.tokens import addresses, view_token


@dataclass(frozen=True)
class Places:
    """Where it listens for players; port 0: nowhere."""

    rtsp_port: int
    lan: bool

    @property
    def bind(self) -> str:
        return "0.0.0.0" if self.lan else "127.0.0.1"

    def links(self) -> list[str]:
        """The addresses for players, here and elsewhere."""
        here = [f"rtsp://127.0.0.1:{self.rtsp_port}/live"] if self.rtsp_port else []
        return here + self.links_elsewhere()

    def links_elsewhere(self) -> list[str]:
        """With what their digest needs."""
        there = addresses() if self.lan and self.rtsp_port else []
        return [f"rtsp://{USER}:{view_token()}@{one}:{self.rtsp_port}/live" for one in there]
