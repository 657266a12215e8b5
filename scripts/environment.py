"""Makes .venv from the locked requirements, once: scripts/run, scripts/test, run.ps1 and Stereoring.command
call it with any Python that they find, on every system.

    python scripts/environment.py run|test
"""

import os
import subprocess
import sys
import venv
from pathlib import Path

REPO = Path(__file__).resolve().parents[1]
OLDEST, TOO_NEW = (3, 11), (3, 14)
LONGEST = (
    120  # letters of the folder's path: Windows allows 260 for a file's, where long ones are not switched on
)
COMPILED = ("workers/stereo", "workers/steady")


def main(want: str) -> int:
    os.chdir(REPO)
    if not OLDEST <= sys.version_info[:2] < TOO_NEW:
        print(f"Python 3.11, 3.12 or 3.13 is needed, this is {sys.version.split()[0]}", file=sys.stderr)
        return 1
    if sys.platform == "win32" and len(str(REPO)) > LONGEST:
        print(f"{REPO}: this path is too long for Windows; move the folder to a shorter one", file=sys.stderr)
        return 1
    python = REPO / ".venv" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    try:
        if not python.exists():
            print(f"making .venv with Python {sys.version.split()[0]}", flush=True)
            make_venv()
        install(python, want)
        get_pages(python, want)
        compile_picture(python)
    except subprocess.CalledProcessError as error:
        return error.returncode or 1
    except OSError as error:
        print(f"could not make .venv: {error}", file=sys.stderr)
        return 1
    return 0


def make_venv() -> None:
    """Raises OSError."""
    try:
        venv.create(REPO / ".venv", with_pip=True, symlinks=sys.platform != "win32")
    except subprocess.CalledProcessError as error:  # Debian has ensurepip in a package of its own
        (REPO / ".venv" / "pyvenv.cfg").unlink(missing_ok=True)
        raise OSError(f"{error}; on Debian and Ubuntu: apt install python3-venv") from error


def install(python: Path, want: str) -> None:
    """What is locked, if that is not there yet."""
    locked = "".join(file.read_text() for file in sorted(Path("requirements").glob("*.txt")))
    stamp = REPO / ".venv" / f".installed-{want}"
    if stamp.exists() and stamp.read_text() == locked:
        return
    lock = f"requirements/{want}.txt"
    print(f"installing {lock}", flush=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "-r", lock], check=True)
    stamp.write_text(locked)


def get_pages(python: Path, want: str) -> None:
    """What the pages are made with. They are a part of the program only: it starts without, too."""
    subprocess.run([str(python), "scripts/vendor.py", want], check=False)


def compile_picture(python: Path) -> None:
    """Here, once, and not while somebody waits for the first picture."""
    stamp = REPO / ".venv" / ".compiled"
    newest = max(file.stat().st_mtime for folder in COMPILED for file in Path(folder).glob("*.py"))
    if stamp.exists() and stamp.stat().st_mtime >= newest:
        return
    print("compiling what makes the picture", flush=True)
    subprocess.run([str(python), "-c", "import workers.stereo.warp, workers.steady._carry"], check=True)
    stamp.touch()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
