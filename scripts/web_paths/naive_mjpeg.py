"""The peer: a sink that serves MJPEG as most programs do. Each part begins with its boundary and its length,
a client waits in the socket for what was sent to it, and each connection has a thread."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import simplejpeg

from shm.lease import Lease
from workers.worker import Worker

PORT, QUALITY = 18201, 85
PAGE = b'<!doctype html><body style="margin:0;background:#000"><img id="shown" src="/stream">'


class NaiveMjpeg(Worker):
    """Pictures as JPEGs to all who have asked."""

    reads = "picture"

    def open(self) -> None:
        self._new, self._jpeg = threading.Condition(), b""
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                if self.path != "/stream":
                    self.send_header("Content-Type", "text/html")
                    self.end_headers()
                    self.wfile.write(PAGE)
                    return
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.end_headers()
                sink.stream_to(self.wfile)

            def log_message(self, *_: Any) -> None:
                """Nobody reads it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", PORT), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()

    def process(self, picture: Lease) -> None:
        jpeg = simplejpeg.encode_jpeg(
            picture.frame, quality=QUALITY, colorspace="RGB", colorsubsampling="420", fastdct=True
        )
        with self._new:
            self._jpeg = jpeg
            self._new.notify_all()

    def stream_to(self, client: Any) -> None:
        while True:
            with self._new:
                self._new.wait()
                jpeg = self._jpeg
            try:
                head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                client.write(head.encode() + jpeg + b"\r\n")
            except OSError:
                return  # he has left
