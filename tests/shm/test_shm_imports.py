"""shm is the bottom of the house, and its files stay small."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).parents[2]
FILES = sorted((REPO / "shm").rglob("*.py"))
OURS = {path.stem for path in REPO.glob("*.py")} | {path.parent.name for path in REPO.glob("*/*.py")}
ALLOWED = {"shm", "numpy"}


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_a_file_of_shm_imports_only_the_standard_library_numpy_and_shm(file: Path) -> None:
    imported = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "absolute imports only"
            imported.add((node.module or "").partition(".")[0])
    assert imported - ALLOWED <= sys.stdlib_module_names


@pytest.mark.timeout(60)
def test_importing_all_of_shm_loads_nothing_else_of_this_project() -> None:
    modules = [".".join(path.relative_to(REPO).with_suffix("").parts) for path in FILES]
    code = f"import sys, {', '.join(modules)}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    output = subprocess.run([sys.executable, "-c", code], cwd=REPO, capture_output=True, check=True).stdout
    loaded = set(output.decode().split())
    assert {"pipeline", "workers", "launcher", "tests", "scripts"} & loaded == set()
    assert loaded & (OURS - {"shm"}) == set()


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_a_file_of_shm_has_less_than_200_lines(file: Path) -> None:
    assert len(file.read_text().splitlines()) < 200
