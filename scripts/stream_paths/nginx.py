"""A real server that others push to: nginx with its RTMP module."""

import subprocess
import time
from collections.abc import Iterator
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
        listen 127.0.0.1:{port};
        application live {{ live on; }}
    }}
}}
"""


@contextmanager
def nginx(folder: Path, port: int) -> Iterator["subprocess.Popen[bytes]"]:
    """It takes what is pushed to rtmp://127.0.0.1:PORT/live/KEY and gives it to whoever asks."""
    file, there = folder / "nginx.conf", folder / "nginx.pid"
    file.write_text(CONFIGURATION.format(module=MODULE, folder=folder, port=port))
    with subprocess.Popen(["nginx", "-p", str(folder), "-c", str(file)]) as process:
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
