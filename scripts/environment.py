"""Makes .venv from the locked requirements, once: scripts/run, scripts/test, run.ps1 and Stereoring.command
call it with any Python that they find, on every system.

    python scripts/environment.py run|test

`run` gets the torch that fits the machine besides; see scripts/torch_build.py.
"""

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import venv
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.alone import alone
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
        if not is_usable(python):
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


def is_usable(python: Path) -> bool:
    """It is there and runs (its link may lead to a Python that is gone), is an environment's own, and has all
    of pip, whose list of files is written last."""
    look = "from importlib.metadata import files; import sys"
    verdict = "sys.exit(sys.prefix == sys.base_prefix or not files('pip'))"
    command = [str(python), "-I", "-c", f"{look}; {verdict}"]
    try:
        return subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode == 0
    except FileNotFoundError:
        return False


def make_venv(where: Path) -> None:
    """Whole or not at all. Raises OSError."""
    if importlib.util.find_spec("ensurepip") is None:
        raise OSError(f"{sys.executable} has no ensurepip; on Debian and Ubuntu: apt install python3-venv")
    if where.exists():
        print(f"{where.name} has no Python and pip that work; it is made anew", flush=True)
        shutil.rmtree(where)
    print(f"making {where.name} with Python {sys.version.split()[0]}", flush=True)
    try:
        venv.create(where, with_pip=True, symlinks=sys.platform != "win32")
    except subprocess.CalledProcessError as error:
        shutil.rmtree(where)
        said = error.output.decode(errors="replace").splitlines()
        raise OSError(f"{where}: pip could not be put there: {said[-1] if said else error}") from error
    except BaseException:
        shutil.rmtree(where, ignore_errors=True)
        raise


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
    # Whatever the user has set for pip elsewhere, this goes into .venv and nowhere else.
    env = {name: value for name, value in os.environ.items() if name not in ("PIP_TARGET", "PIP_PREFIX")}
    env |= {"PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "1"}
    for arguments in wanted:
        print(f"installing: pip {' '.join(arguments)}", flush=True)
        pip = [str(python), "-m", "pip", *arguments, "--quiet", "--disable-pip-version-check"]
        subprocess.run(pip, env=env, check=True)
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
    if not os.access(stamp.parent, os.W_OK):  # it is root's: compiled for this user at the first picture
        return
    print("compiling what makes the picture", flush=True)
    modules = "workers.stereo.warp, workers.steady._carry, workers.person._blend, workers.person._mask"
    quiet = "import signal; signal.signal(signal.SIGINT, signal.SIG_DFL)"  # Ctrl-C without a traceback
    here = "import sys; sys.path.insert(0, '')"  # PYTHONSAFEPATH leaves it out
    subprocess.run([str(python), "-c", f"{quiet}; {here}; import {modules}"], check=True)
    stamp.touch()


if __name__ == "__main__":
    if sys.argv[1:] not in (["run"], ["test"]):
        print("usage: python scripts/environment.py run|test", file=sys.stderr)
        sys.exit(2)
    try:
        with alone(REPO):
            sys.exit(main(sys.argv[1]))
    except KeyboardInterrupt:
        sys.exit(130)  # as a shell has it
