"""A mirror of Hugging Face with one small network, which sends its weights as slowly as it is told."""

import hashlib
import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

NAME = "nobody/small-depth"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
WEIGHTS = bytes(range(256)) * 4000
FILES = {
    "config.json": b'{"model_type": "depth_anything"}',
    "preprocessor_config.json": b"{}",
    "model.safetensors": WEIGHTS,
}
PIECE = 1 << 15


class _Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path == f"/api/models/{NAME}":
            files = [_listed(name, content) for name, content in FILES.items()]
            self._send(json.dumps({"sha": COMMIT, "siblings": files}).encode(), 0)
        elif path.startswith(f"/{NAME}/resolve/{COMMIT}/"):
            name = path.rsplit("/", 1)[1]
            begin = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
            self._send(FILES[name], begin)
        else:
            self.send_error(404)

    def _send(self, content: bytes, begin: int) -> None:
        hub: Any = self.server
        self.send_response(206 if begin else 200)
        self.send_header("Content-Length", str(len(content) - begin))
        self.end_headers()
        for place in range(begin, len(content), PIECE):
            if place >= len(content) // 2:
                hub.go_on.wait()
            try:
                self.wfile.write(content[place : place + PIECE])
            except ConnectionError:
                return  # cancelled

    def log_message(self, format: str, *args: Any) -> None:
        """It is quiet."""


def _listed(name: str, content: bytes) -> dict[str, Any]:
    entry: dict[str, Any] = {"rfilename": name, "size": len(content)}
    if name.endswith(".safetensors"):
        entry["lfs"] = {"sha256": hashlib.sha256(content).hexdigest()}
    return entry


@contextmanager
def slow_hub() -> Iterator[Any]:
    """`address` is for HF_ENDPOINT; the second half of each file comes only once `go_on` is set."""
    server: Any = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Answer)
    server.daemon_threads, server.go_on = True, threading.Event()
    server.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.go_on.set()
        server.shutdown()
        server.server_close()
        thread.join()
