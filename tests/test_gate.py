"""The gate: style and types are tests like any other."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize(
    "command",
    [("ruff", "check", "."), ("ruff", "format", "--check", "."), ("mypy",)],
    ids=["ruff check", "ruff format", "mypy --strict"],
)
def test_gate(command: tuple[str, ...]) -> None:
    pytest.importorskip(command[0], reason=f"{command[0]} is not installed (pip install -e '.[test]')")
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_gate_rejects_what_it_should(tmp_path: Path) -> None:
    """A gate that lets everything pass proves nothing."""
    pytest.importorskip("mypy", reason="mypy is not installed (pip install -e '.[test]')")
    bad = tmp_path / "bad.py"
    bad.write_text("import os\n\n\ndef f(x):\n    return x\n")
    options = ("--config-file", str(ROOT / "pyproject.toml"))
    ruff = [sys.executable, "-m", "ruff", "check", "--config", str(ROOT / "pyproject.toml"), str(bad)]
    mypy = [sys.executable, "-m", "mypy", *options, str(bad)]
    assert subprocess.run(ruff, capture_output=True, check=False).returncode == 1
    assert subprocess.run(mypy, capture_output=True, check=False, cwd=tmp_path).returncode == 1
