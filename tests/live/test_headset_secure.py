"""The headset's page from another device: where plain http leads, and what the secure page shows."""

from pathlib import Path

import pytest

from tests.live.browser import Browser
from tests.live.headset import IWER, Headset
from tests.live.needs import needs
from tests.live.picture import save
from tests.live.program import free_port, on_the_web, program
from tests.live.test_messages import own_address
from tests.pipeline.running import until
from workers.sinks._web.tokens import view_token

pytestmark = [
    needs("chromium"),
    pytest.mark.skipif(not IWER.exists(), reason="`python scripts/vendor.py test` has not got iwer"),
    pytest.mark.timeout(150),
]


def test_plain_http_leads_to_the_secure_page_where_h264_is_seen_in_space(
    browser: Browser, tmp_path: Path, shots: Path
) -> None:
    port, secure, address = free_port(), free_port(), own_address()
    settings = "capture.source=scene", "depth.model=true", "web.lan=true", f"web.https_port={secure}"
    with program(tmp_path, *settings, *on_the_web(port)) as launcher:
        launcher.until_logged(f"https://{address}:{secure}/xr")
        url = f"http://{address}:{port}/xr?token={view_token()}"
        with Headset.on(browser, url, ignore_https_errors=True) as headset:
            until(lambda: headset.tab.is_visible("#secure"), "the page says where the secure one is")
            assert "secure page" in headset.tab.inner_text("#why")
            assert headset.tab.is_disabled("#enter")
            assert "Proceed" in headset.tab.inner_text("#warning"), "the browser's warning is explained"
            headset.tab.screenshot(path=shots / "headset-insecure.png", full_page=True)
            headset.tab.click("#secure")
            headset.until(f"location.href.startsWith('https://{address}:{secure}/xr')")
            headset.until_live()
            headset.enter()
            launcher.until_logged("H.264 by")
            save(headset.eyes().left, shots / "headset-secure.png")
