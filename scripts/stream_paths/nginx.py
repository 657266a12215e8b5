"""A real server that others push to: nginx with its RTMP module."""

import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

MODULE = Path("/usr/lib/nginx/modules/ngx_rtmp_module.so")
STARTS_WITHIN = 20.0  # seconds
CONFIGURATION = """
load_module {module};
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
rtmp {{
    access_log off;
    server {{
        listen {host}:{port};
        application live {{ live on; }}
    }}
}}
"""


@contextmanager
def nginx(
    folder: Path, port: int, host: str = "127.0.0.1", before: Sequence[str] = ()
) -> Iterator["subprocess.Popen[bytes]"]:
    """It takes what is pushed to rtmp://HOST:PORT/live/KEY and gives it to whoever asks. `before` is a
    command that becomes it."""
    file, there = folder / "nginx.conf", folder / "nginx.pid"
    file.write_text(CONFIGURATION.format(module=MODULE, folder=folder, host=host, port=port))
    with subprocess.Popen([*before, "nginx", "-p", str(folder), "-c", str(file)]) as process:
        try:
            end = time.monotonic() + STARTS_WITHIN
            while not there.exists():
                if process.poll() is not None or time.monotonic() > end:
                    raise OSError(f"nginx does not start; see {folder}/error.log")
                time.sleep(0.02)
            yield process
        finally:
            process.kill()
            process.wait()
            there.unlink(missing_ok=True)
