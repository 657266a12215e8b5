"""What a web server should never be sent: requests, WebSocket frames and offers, a little or very wrong."""

import base64
import random
import struct
from collections.abc import Callable

PATHS = (
    *(
        "/",
        "/ws",
        "/ws?format=h264",
        "/stream.mjpg",
        "/snapshot.jpg",
        "/state",
        "/metrics",
        "/hello",
        "/whep",
    ),
    *("/panel", "/dash", "/api/set", "/api/settings", "/api/worker", "/api/download", "/api/thumbnail"),
)
METHODS = ("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "CONNECT", "get", "\0")
HEADERS = ("Origin", "Cookie", "Authorization", "Range", "Content-Length", "X-Stereoring")
MORE = ([], ["Transfer-Encoding: chunked"], ["Expect: 100-continue"], ["Upgrade: websocket"])
ODD = (
    *("", "0", "-1", "9" * 40, "%00", "%ff%fe", "../" * 20, "'\"<>", "\u202e\u0000", "A" * 9000, "é" * 50),
    "{}",
)
OFFER = """v=0
o=- 1 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
m=video 9 UDP/TLS/RTP/SAVPF 102
c=IN IP4 0.0.0.0
a=ice-ufrag:abcd
a=ice-pwd:abcdefghijklmnopqrstuvwx
a=fingerprint:sha-256 FINGERPRINT
a=setup:actpass
a=mid:0
a=recvonly
a=rtcp-mux
a=rtpmap:102 H264/90000
a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f
a=candidate:1 1 udp 2122260223 127.0.0.1 9 typ host
""".replace("\n", "\r\n").replace("FINGERPRINT", ":".join(["7F"] * 32))


def attack(host: str) -> list[bytes]:
    """What to send on one connection, piece by piece."""
    makers: tuple[Callable[[str], list[bytes]], ...] = (_request, _websocket, _offer, _noise)
    (make,) = random.choices(makers, (3, 3, 1, 1))
    return [_spoilt(piece) for piece in make(host)]


def _request(host: str) -> list[bytes]:
    path = random.choice(PATHS) + random.choice(("", "?token=" + random.choice(ODD), "/x", "?"))
    lines = [f"{random.choice(METHODS)} {path} HTTP/1.{random.choice('0119')}", f"Host: {host}"]
    for name in random.sample(HEADERS, 3):
        lines.append(f"{name}: {random.choice(ODD)}")
    lines += random.choice(MORE)
    body = random.choice((b"", b"{}", b"ffffffff\r\n", random.randbytes(300)))
    return ["\r\n".join(lines).encode("utf-8", "replace") + b"\r\n\r\n", body]


def _websocket(host: str) -> list[bytes]:
    key = base64.b64encode(random.randbytes(16)).decode()
    path = random.choice(("/ws", "/ws?format=h264", "/ws?format=" + random.choice(ODD[:5])))
    hello = (
        f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    return [hello.encode(), *(_frame() for _ in range(random.randrange(5)))]


def _frame() -> bytes:
    payload = random.choice((b"key", b"", random.randbytes(random.randrange(200)), b"\xff" * 125))
    first = random.choice((0x81, 0x82, 0x01, 0x00, 0x88, 0x89, 0x8A, 0xC1, 0xFF, random.randrange(256)))
    length = random.choice((len(payload), len(payload), 126, 127, random.randrange(128)))
    long = struct.pack(">Q", random.choice((1 << 63, 1 << 40, 5000, 0))) if length == 127 else b""
    return bytes([first, random.choice((0x80, 0x80, 0)) | length]) + long + random.randbytes(4) + payload


def _offer(host: str) -> list[bytes]:
    lines = OFFER.split("\r\n")
    for _ in range(random.randrange(4)):
        at = random.randrange(len(lines))
        what = random.choice(("drop", "double", "odd", "swap"))
        if what == "drop":
            lines[at] = ""
        elif what == "double":
            lines.insert(at, lines[at])
        elif what == "odd":
            lines[at] = lines[at].partition(":")[0] + ":" + random.choice(ODD)
        else:
            random.shuffle(lines)
    body = "\r\n".join(line for line in lines if line).encode("utf-8", "replace") + b"\r\n"
    head = (
        f"POST /whep HTTP/1.1\r\nHost: {host}\r\nX-Stereoring: 1\r\nContent-Type: application/sdp\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return [head.encode() + body]


def _noise(host: str) -> list[bytes]:
    return [random.randbytes(random.randrange(1, 4000)) for _ in range(random.randrange(1, 4))]


def _spoilt(piece: bytes) -> bytes:
    """Mostly as it is; else with a byte changed, or cut."""
    if not piece or random.random() < 0.7:
        return piece
    at = random.randrange(len(piece))
    return piece[:at] if random.random() < 0.5 else piece[:at] + random.randbytes(1) + piece[at + 1 :]
