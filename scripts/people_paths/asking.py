"""POST /pose of the running program: how long one client waits, and each of several at once."""

import http.client
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import av
import numpy as np
import simplejpeg

from scripts.bench_live import all_run, free_port
from scripts.soaking.launching import Launched, private_runtime, until

WARM_UP, ALONE, EACH = 3, 40, 10  # requests
ROUNDS = 7  # in turns


def asking(clip: Path, clients: int) -> dict[str, Any]:
    """Its median alone and its 95th percentile with the others, in ms, medians of all rounds."""
    with av.open(str(clip)) as container:
        frame = next(container.decode(video=0)).to_ndarray(format="rgb24")
    picture, port = simplejpeg.encode_jpeg(frame, quality=90, colorspace="RGB"), free_port()
    chosen = ["job.kind=pose", "capture.source=scene", "sinks=[web]", f"web.port={port}"]
    rounds = []
    with (
        private_runtime() as folder,
        Launched(folder, ["launcher.py", *(f"--set={setting}" for setting in chosen)]) as launcher,
        ThreadPoolExecutor(clients) as pool,
    ):
        observer = launcher.observer()
        until(lambda: all_run(observer), "all workers run", 60.0)
        observer.close()
        [asked(port, picture) for _ in range(WARM_UP)]
        for _ in range(ROUNDS):
            alone = [asked(port, picture) for _ in range(ALONE)]
            together = list(pool.map(lambda _: asked(port, picture), range(clients * EACH)))
            rounds.append((float(np.median(alone)), float(np.percentile(together, 95))))
        launcher.stop()
    alone_ms, together_ms = map(float, np.median(rounds, axis=0))
    return {"clients": clients, "alone_ms": alone_ms, "together_p95_ms": together_ms}


def asked(port: int, picture: bytes) -> float:
    """ms until the whole answer was there. Raises RuntimeError if it is none."""
    begin = time.perf_counter()
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("POST", "/pose", picture, {"X-Stereoring": "1"})
        answer = connection.getresponse()
        answer.read()
    if answer.status != 200:
        raise RuntimeError(f"POST /pose was answered with {answer.status}")
    return (time.perf_counter() - begin) * 1e3
