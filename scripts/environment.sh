# Sourced by scripts/run and scripts/test: makes .venv from the locked requirements, once.
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
    local want=$1 python lock stamp
    lock=requirements/$want.txt
    stamp=.venv/.installed-$want
    if [ ! -x .venv/bin/python ]; then
        python=$(find_python) || exit 1
        echo "making .venv with $($python --version)"
        "$python" -m venv .venv || { rm -rf .venv; fail "could not make .venv; on Debian and Ubuntu: apt install python3-venv"; }
    fi
    if ! cmp -s <(cat requirements/*.txt) "$stamp"; then
        echo "installing $lock"
        .venv/bin/python -m pip install --quiet --disable-pip-version-check -r "$lock"
        cat requirements/*.txt >"$stamp"
    fi
    # This is compiled here, once, and not while somebody waits for the first picture.
    if [ ! -f .venv/.compiled ] || [ -n "$(find workers/stereo workers/steady -name '*.py' -newer .venv/.compiled)" ]; then
        echo "compiling what makes the picture"
        .venv/bin/python -c "import workers.stereo.warp, workers.steady._carry"
        touch .venv/.compiled
    fi
}
