"""Gets what the pages need from npm's registry, without npm: the versions in requirements/pages.json, checked
against the integrity there. Does nothing for what is there already. scripts/environment.py calls it.

    python scripts/vendor.py [run|test]

Whatever fails, the program starts all the same; a page that misses a library says so.
"""

import base64
import hashlib
import io
import json
import os
import shutil
import sys
import tarfile
import tempfile
import urllib.request
from http.client import HTTPException
from pathlib import Path
from typing import Any

REPO = Path(__file__).resolve().parents[1]
LOCK = REPO / "requirements" / "pages.json"
FOLDER = REPO / "workers" / "sinks" / "_web" / "vendor"
REGISTRY = "https://registry.npmjs.org"
PATIENCE = 8.0  # seconds without a byte; somebody waits for the program to start
STAMP = "integrity"  # the file that says which build of a library lies there


class NotTheOne(Exception):
    """What the registry has sent is not what is locked."""


def main(want: str = "run") -> int:
    missing = {name: package for name, package in wanted(want).items() if not is_here(name, package)}
    return int(not all([got(name, package) for name, package in missing.items()]))


def wanted(want: str) -> dict[str, Any]:
    packages = json.loads(LOCK.read_text())
    return {name: package for name, package in packages.items() if want == "test" or package["for"] == "run"}


def is_here(name: str, package: dict[str, Any]) -> bool:
    stamp = FOLDER / name / STAMP
    return stamp.exists() and stamp.read_text() == package["integrity"]


def got(name: str, package: dict[str, Any]) -> bool:
    """Fetch a library, or say why that does not work."""
    print(f"getting {name} {package['version']} for the pages", flush=True)
    try:
        unpack(name, package, fetch(name, package))
    except (OSError, HTTPException, tarfile.TarError, NotTheOne) as error:
        print(
            f"{name} {package['version']} is missing: {error}. The program runs without it; the pages that "
            f"need it say so. Try again with: python scripts/vendor.py",
            file=sys.stderr,
        )
        return False
    return True


def fetch(name: str, package: dict[str, Any]) -> bytes:
    """The archive. Raises OSError, HTTPException, and NotTheOne for another than the locked one."""
    registry = os.environ.get("NPM_CONFIG_REGISTRY", REGISTRY).rstrip("/")  # as npm has it, for mirrors
    address = f"{registry}/{name}/-/{name}-{package['version']}.tgz"
    with urllib.request.urlopen(address, timeout=PATIENCE) as reply:
        archive: bytes = reply.read()
    kind, _, digest = package["integrity"].partition("-")
    if base64.b64encode(hashlib.new(kind, archive).digest()).decode() != digest:
        raise NotTheOne(f"what {address} sends has another {kind} than {LOCK.name} says")
    return archive


def unpack(name: str, package: dict[str, Any], archive: bytes) -> None:
    """The few files that are needed, all of them or none."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=FOLDER))
    try:
        with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
            for file in package["files"]:
                (new / Path(file).name).write_bytes(content_of(packed, file))
        (new / STAMP).write_text(package["integrity"])
        new.chmod(0o755)
        shutil.rmtree(FOLDER / name, ignore_errors=True)
        new.rename(FOLDER / name)
    except BaseException:
        shutil.rmtree(new)
        raise


def content_of(packed: tarfile.TarFile, file: str) -> bytes:
    inside = f"package/{file}"  # as npm packs it
    member = packed.extractfile(inside) if inside in packed.getnames() else None
    if member is None:
        raise NotTheOne(f"there is no file {file} in it")
    return member.read()


if __name__ == "__main__":
    if sys.argv[1:] not in ([], ["run"], ["test"]):
        print("usage: python scripts/vendor.py [run|test]", file=sys.stderr)
        sys.exit(2)
    try:
        sys.exit(main(*sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)  # as a shell has it
