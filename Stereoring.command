#!/usr/bin/env bash
# macOS: double-click to start Stereoring. Fetches Python with uv where there is none, into this folder.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"
. scripts/environment.sh
if ! (find_python) >/dev/null 2>&1; then
    echo "fetching Python 3.12"
    export UV_INSTALL_DIR="$PWD/.uv" UV_PYTHON_INSTALL_DIR="$PWD/.uv/python" UV_NO_MODIFY_PATH=1
    [ -x .uv/uv ] || curl -LsSf https://astral.sh/uv/0.13.9/install.sh | sh
    .uv/uv python install --quiet 3.12
    PATH="$(dirname "$(.uv/uv python find 3.12)"):$PATH"
fi
exec scripts/run "$@"
