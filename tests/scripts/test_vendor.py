"""What the pages need comes from a registry, checked, whole or not at all. The registry is a local one."""

import base64
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.pipeline.running import REPO

LIBRARY = {"build/thing.js": b"export const thing = 1;\n", "LICENSE": b"free\n", "src/much.js": b"more\n"}


class House:
    """A folder with scripts/vendor.py, a lock file of its own, and a registry."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port
        self.library = folder / "workers" / "sinks" / "_web" / "vendor" / "thing"
        (folder / "scripts").mkdir()
        (folder / "requirements").mkdir()
        shutil.copy(REPO / "scripts" / "vendor.py", folder / "scripts")

    def lock(self, release: str, **changed: Any) -> None:
        archive = self.folder / "registry" / "thing" / "-" / f"thing-{release}.tgz"
        archive.parent.mkdir(parents=True, exist_ok=True)
        with tarfile.open(archive, "w:gz") as packed:
            for name, content in LIBRARY.items():
                member = tarfile.TarInfo(f"package/{name}")
                member.size = len(content)
                packed.addfile(member, io.BytesIO(content))
        digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        package = {"version": release, "integrity": f"sha512-{digest}", "for": "run"}
        package |= {"files": ["build/thing.js", "LICENSE"], **changed}
        (self.folder / "requirements" / "pages.json").write_text(json.dumps({"thing": package}))

    def vendor(self, want: str = "run") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(self.folder / "scripts" / "vendor.py"), want],
            env=os.environ | {"NPM_CONFIG_REGISTRY": f"http://127.0.0.1:{self.port}/", "no_proxy": "*"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def files(self) -> list[str]:
        return sorted(file.name for file in self.library.parent.rglob("*") if file.is_file())


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    folder = tmp_path / "registry"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield House(tmp_path, server.server_port)
    server.shutdown()
    server.server_close()


def test_the_needed_files_come_with_their_licence_and_nothing_else(house: House) -> None:
    house.lock("1.0.0")
    done = house.vendor()
    assert done.returncode == 0, done.stderr
    assert house.files() == ["LICENSE", "integrity", "thing.js"]
    assert (house.library / "thing.js").read_bytes() == LIBRARY["build/thing.js"]


def test_what_is_there_is_not_fetched_again_and_a_new_version_takes_its_place(house: House) -> None:
    house.lock("1.0.0")
    house.vendor()
    assert house.vendor().stdout == ""
    house.lock("1.1.0", files=["LICENSE"])
    assert "thing 1.1.0" in house.vendor().stdout
    assert house.files() == ["LICENSE", "integrity"]


def test_what_only_the_tests_need_comes_only_for_them(house: House) -> None:
    house.lock("1.0.0", **{"for": "test"})
    house.vendor()
    assert not house.library.exists()
    house.vendor("test")
    assert house.library.exists()


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"integrity": "sha512-wrong"}, "has another sha512"),
        ({"version": "2.0.0"}, "404"),
        ({"files": ["build/thing.js", "build/other.js"]}, "there is no file build/other.js"),
    ],
)
def test_what_cannot_be_had_is_said_and_leaves_nothing_half_done(
    changed: dict[str, Any], why: str, house: House
) -> None:
    house.lock("1.0.0", **changed)
    done = house.vendor()
    assert done.returncode == 1
    assert why in done.stderr
    assert "python scripts/vendor.py" in done.stderr
    assert "Traceback" not in done.stderr
    assert not house.library.parent.exists() or house.files() == []
