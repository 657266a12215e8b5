"""Lines for a lock file from pip's report on standard input: what a marker's system needs besides what is
installed here; without a marker all. usage: pip install --dry-run --report - … | lock_lines.py [MARKER]"""

import json
import sys
from importlib import metadata


def main() -> None:
    marker = f"; {sys.argv[1]}" if sys.argv[1:] else ""
    here = (
        {distribution.metadata["Name"].lower() for distribution in metadata.distributions()} if marker else ()
    )
    for item in sorted(json.load(sys.stdin)["install"], key=lambda item: item["metadata"]["name"].lower()):
        name, version = item["metadata"]["name"], item["metadata"]["version"]
        if name.lower() not in here:
            print(f"{name}=={version}{marker}")


if __name__ == "__main__":
    if len(sys.argv) > 2 or sys.argv[-1].startswith("-"):
        print("usage: pip install --dry-run --report - … | lock_lines.py [MARKER]", file=sys.stderr)
        sys.exit(2)
    main()
