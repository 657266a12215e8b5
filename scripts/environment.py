"""Makes .venv from the locked requirements, once: scripts/run, scripts/test, run.ps1 and Stereoring.command
call it with any Python that they find, on every system.

    python scripts/environment.py run|test

`run` gets the torch that fits the machine besides; see scripts/torch_build.py.
"""

import os
import platform
import subprocess
import sys
import venv
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.torch_build import VARIABLE, Build, build_for, commands, folder, wish

REPO = Path(__file__).resolve().parents[1]
OLDEST, TOO_NEW = (3, 11), (3, 14)
OLDEST_MACOS = 14  # that onnxruntime, torch and PyAV have locked packages for
LONGEST = (
    120  # letters of the folder's path: Windows allows 260 for a file's, where long ones are not switched on
)
LOCKS = Path("requirements")
NO_TORCH = Build("none", "the one that fits could not be installed")
COMPILED = ("workers/stereo", "workers/steady", "workers/person")


def main(want: str) -> int:
    os.chdir(REPO)
    if not OLDEST <= sys.version_info[:2] < TOO_NEW:
        print(f"Python 3.11, 3.12 or 3.13 is needed, this is {sys.version.split()[0]}", file=sys.stderr)
        return 1
    if sys.platform == "darwin" and is_too_old(macos := platform.mac_ver()[0]):
        print(f"macOS {OLDEST_MACOS} or newer is needed, this is {macos}", file=sys.stderr)
        return 1
    if sys.platform == "win32" and len(str(REPO)) > LONGEST:
        print(f"{REPO}: this path is too long for Windows; move the folder to a shorter one", file=sys.stderr)
        return 1
    try:
        build = fitting_build() if want == "run" else NO_TORCH
        venv_folder = REPO / folder(build)
        python = venv_folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
        if not python.exists():
            print(f"making {venv_folder.name} with Python {sys.version.split()[0]}", flush=True)
            make_venv(venv_folder)
        if want == "run":
            install_for_run(python, build)
        else:
            install(python, want, [["install", "-r", str(LOCKS / "test.txt")]])
        get_pages(python, want)
        compile_picture(python)
    except subprocess.CalledProcessError as error:
        return error.returncode or 1
    except (OSError, ValueError) as error:
        print(f"could not make the environment: {error}", file=sys.stderr)
        return 1
    return 0


def is_too_old(macos: str) -> bool:
    """10.16 is what newer ones say to a Python that was made for older ones."""
    return macos != "10.16" and int(macos.split(".")[0]) < OLDEST_MACOS


def fitting_build() -> Build:
    """Raises ValueError."""
    root = Path(os.environ["SYSTEMDRIVE"] + "/") if sys.platform == "win32" else Path("/")
    build = build_for(sys.platform, platform.machine(), root, wish())
    if build.name == "directml" and sys.version_info >= (3, 13):
        raise ValueError(f"{VARIABLE}=directml: torch-directml is for Python 3.11 and 3.12")
    return build


def make_venv(where: Path) -> None:
    """Raises OSError."""
    try:
        venv.create(where, with_pip=True, symlinks=sys.platform != "win32")
    except subprocess.CalledProcessError as error:  # Debian has ensurepip in a package of its own
        (where / "pyvenv.cfg").unlink(missing_ok=True)
        raise OSError(f"{error}; on Debian and Ubuntu: apt install python3-venv") from error


def install_for_run(python: Path, build: Build) -> None:
    """With the torch that fits. One that nobody asked for by name may be missing: the program runs without,
    and at the next start it is tried again."""
    try:
        install(python, "run", list(commands(build, LOCKS)), build)
    except subprocess.CalledProcessError:
        if build.wished or build.name == "none":
            raise
        print(f"the next start tries again, unless {VARIABLE}=none is set", flush=True)
        install(python, "run", list(commands(NO_TORCH, LOCKS)), NO_TORCH)


def install(python: Path, want: str, wanted: list[list[str]], build: Build | None = None) -> None:
    """What is locked, if that is not there yet. Raises CalledProcessError."""
    locked = (build.name if build else "") + "".join(file.read_text() for file in sorted(LOCKS.glob("*.txt")))
    stamp = python.parents[1] / f".installed-{want}"
    if stamp.exists() and stamp.read_text() == locked:
        return
    if build is not None:
        print(f"torch: {build.name}, because {build.why}", flush=True)
    for arguments in wanted:
        print(f"installing: pip {' '.join(arguments)}", flush=True)
        pip = [str(python), "-m", "pip", *arguments, "--quiet", "--disable-pip-version-check"]
        subprocess.run(pip, check=True)
    stamp.write_text(locked)


def get_pages(python: Path, want: str) -> None:
    """What the pages are made with. They are a part of the program only: it starts without, too."""
    subprocess.run([str(python), "scripts/vendor.py", want], check=False)


def compile_picture(python: Path) -> None:
    """Here, once, and not while somebody waits for the first picture."""
    stamp = python.parents[1] / ".compiled"
    newest = max(file.stat().st_mtime for folder in COMPILED for file in Path(folder).glob("*.py"))
    if stamp.exists() and stamp.stat().st_mtime >= newest:
        return
    print("compiling what makes the picture", flush=True)
    modules = "workers.stereo.warp, workers.steady._carry, workers.person._blend, workers.person._mask"
    subprocess.run([str(python), "-c", f"import {modules}"], check=True)
    stamp.touch()


if __name__ == "__main__":
    if sys.argv[1:] not in (["run"], ["test"]):
        print("usage: python scripts/environment.py run|test", file=sys.stderr)
        sys.exit(2)
    sys.exit(main(sys.argv[1]))
