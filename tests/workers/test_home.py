"""A user whom the system does not know, as in a container: what lies in a home is not there."""

import subprocess
import sys

import pytest

from tests.live.program import environment
from tests.pipeline.running import REPO
from workers.capture import _permission
from workers.depth._folders import hugging_face_cache
from workers.models import cache_folder
from workers.sinks._monitor3d import displays
from workers.sinks._web.tokens import config_folder

SECRET = """
import os, pwd, sys
def getpwuid(number):
    raise KeyError(number)
pwd.getpwuid = getpwuid
from workers.sinks._web.tokens import view_token
from workers.worker import CannotWork
if os.geteuid() == 0:
    os.setuid(65432)
try:
    view_token()
except CannotWork as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there every user has one")
def test_contract_without_a_home_nothing_is_found_and_what_to_set_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import pwd

    def getpwuid(number: int) -> None:
        raise KeyError(number)

    monkeypatch.setattr(pwd, "getpwuid", getpwuid)
    nothing = ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "HF_HOME", "HF_HUB_CACHE")
    with environment(**dict.fromkeys(nothing)):
        assert _permission.remembered() == ""
        assert displays.remembered() is None
        for folder in (cache_folder(), config_folder(), hugging_face_cache()):
            assert not folder.exists()
        done = subprocess.run(
            [sys.executable, "-c", SECRET], cwd=REPO, capture_output=True, text=True, check=True
        )
    assert "/nonexistent/.config/stereoring: the tokens for the pages cannot be kept there" in done.stdout
    assert "set the environment variable XDG_CONFIG_HOME to another folder" in done.stdout
