"""A real server that others push to: nginx with its RTMP module."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.pipeline.running import until

MODULE = Path("/usr/lib/nginx/modules/ngx_rtmp_module.so")
KEY = "a-very-secret-key"
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
        listen {port};
        application live {{ live on; }}
    }}
}}
"""


def needs_nginx() -> pytest.MarkDecorator:
    return pytest.mark.skipif(not MODULE.is_file(), reason="nginx has no RTMP module (libnginx-mod-rtmp)")


@contextmanager
def nginx(folder: Path, port: int) -> Iterator["subprocess.Popen[bytes]"]:
    """It takes what is pushed to rtmp://127.0.0.1:PORT/live/KEY and gives it to whoever asks."""
    file = folder / "nginx.conf"
    file.write_text(CONFIGURATION.format(module=MODULE, folder=folder, port=port))
    with subprocess.Popen(["nginx", "-p", str(folder), "-c", str(file)]) as process:
        try:
            until((folder / "nginx.pid").exists, "nginx runs")
            yield process
        finally:
            process.kill()
            process.wait()
            (folder / "nginx.pid").unlink(missing_ok=True)
