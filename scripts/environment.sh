# Sourced by scripts/run, scripts/test and scripts/lock.
# usage: make_environment run|test

fail() { echo "$*" >&2; exit 1; }

find_python() {
    local name
    for name in python3.11 python3.12 python3.13 python3; do
        if command -v "$name" >/dev/null && "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
    fail "Python 3.11, 3.12 or 3.13 is needed and not found; on Debian and Ubuntu: apt install python3 python3-venv"
}

make_environment() {
    local python
    python=$(find_python) || exit 1
    "$python" scripts/environment.py "$1"
}
