"""Somebody who joins a stream: python -m scripts.stream_paths.joining WAY URL

Says "picture" when the first one is decoded, goes on reading until its input ends, and leaves as one does by
that way. WAY is `rtsp-tcp`, `rtsp-udp`, `rtmp` or `hls`, by FFmpeg's library, with the address for players;
or `mse` or `whep`, with the web sink's.
"""

import select
import sys

import av

PICTURE = "picture"
PATIENCE = 30  # seconds for the first picture
FFMPEG = {
    "rtsp-tcp": {"rtsp_transport": "tcp"},
    "rtsp-udp": {"rtsp_transport": "udp"},
    "rtmp": {},
    "hls": {},
}


def main(way: str, url: str) -> None:
    if way in FFMPEG:
        play(url, FFMPEG[way])
    else:
        # Brings aiortc, for which FFmpeg's players need not wait a second.
        from scripts.stream_paths import page_joining

        page_joining.main(way, url, say_so)


def play(url: str, options: dict[str, str]) -> None:
    with av.open(url, options=options, timeout=PATIENCE) as stream:
        frames = stream.decode(video=0)
        next(frames)
        say_so()
        for _ in frames:
            if select.select([sys.stdin], [], [], 0)[0]:
                return
    raise EOFError(f"{url} has ended")


def say_so() -> None:
    print(PICTURE, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
