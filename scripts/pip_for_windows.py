"""pip as it is on 64-bit Windows, for scripts/lock: `--platform` chooses the wheels, but the markers of what
they need are still those of the machine that pip runs on, and torch's name other packages for Linux.

usage: pip_for_windows.py 3.12 install --dry-run --platform win_amd64 …
"""

import sys

from pip._internal.cli.main import main
from pip._vendor.packaging import markers

if __name__ == "__main__":
    version = sys.argv.pop(1)
    windows = markers.default_environment() | {
        "os_name": "nt",
        "platform_machine": "AMD64",
        "platform_system": "Windows",
        "sys_platform": "win32",
        "python_version": version,
        "python_full_version": f"{version}.0",
    }
    markers.default_environment = lambda: windows
    sys.exit(main(sys.argv[1:]))
