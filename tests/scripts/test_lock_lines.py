"""What another system needs besides gets its lines in the lock files, with the system's marker."""

import json
import subprocess
import sys

from tests.pipeline.running import REPO


def test_contract_a_line_for_each_package_that_is_not_here() -> None:
    wanted = [("Windows-Thing", "2.0"), ("numpy", "9.9"), ("another-thing", "1.1")]
    report = {"install": [{"metadata": {"name": name, "version": version}} for name, version in wanted]}
    done = subprocess.run(
        [sys.executable, str(REPO / "scripts" / "lock_lines.py"), 'sys_platform == "win32"'],
        input=json.dumps(report),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == [
        'another-thing==1.1; sys_platform == "win32"',
        'Windows-Thing==2.0; sys_platform == "win32"',
    ]


def test_without_a_marker_all_lines_are_given() -> None:
    report = {"install": [{"metadata": {"name": "numpy", "version": "9.9"}}]}
    done = subprocess.run(
        [sys.executable, str(REPO / "scripts" / "lock_lines.py")],
        input=json.dumps(report),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == ["numpy==9.9"]
