"""nginx with its RTMP module, for tests: scripts/stream_paths/nginx.py starts it."""

import pytest

from scripts.stream_paths.nginx import MODULE

KEY = "a-very-secret-key"


def needs_nginx() -> pytest.MarkDecorator:
    return pytest.mark.skipif(not MODULE.is_file(), reason="nginx has no RTMP module (libnginx-mod-rtmp)")
