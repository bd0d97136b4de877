"""Every example runs in its small mode, and says in its first line what it shows.

The files are found, so a new one needs nothing here: it has ``main(quick=True)`` and takes ``--quick``. What it
promises can be added to PROMISES.
"""

from __future__ import annotations

import inspect
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import picture_tools
import pytest

EXAMPLES = sorted((picture_tools.ROOT / "examples").glob("[a-z]*.py"))

#: What main(quick=True) must return.
PROMISES: dict[str, Callable[[Any], bool]] = {
    "moons": lambda accuracy: accuracy > 0.95,
    "newton": lambda distance: distance < 1e-50,
    "xor": lambda right: right == 1,
}


def test_there_are_examples() -> None:
    assert {path.stem for path in EXAMPLES} >= PROMISES.keys()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_it_runs_in_its_small_mode(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TINYGRAD_LISTS_DATA", "")
    example = picture_tools.load_script(path)
    assert (example.__doc__ or "").splitlines()[0].endswith((".", "!", "?"))
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 150
    assert inspect.signature(example.main).parameters["quick"].default is False
    result = example.main(quick=True)
    assert capsys.readouterr().out.strip()
    if path.stem in PROMISES:
        assert PROMISES[path.stem](result), result


def test_the_command_line_knows_the_small_mode(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = picture_tools.ROOT / "examples" / "newton.py"
    monkeypatch.setattr(sys, "argv", [str(path), "--quick"])
    runpy.run_path(str(path), run_name="__main__")
    assert "after 200 steps" in capsys.readouterr().out


def test_moons_draws_a_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib", reason="pictures need matplotlib (pip install -e '.[plots]')")
    moons = picture_tools.load_script(picture_tools.ROOT / "examples" / "moons.py")
    model, (points, labels) = moons.nn.Dense(2, 2), moons.moons(6, moons.random.Random(0))
    moons.draw(model, points, labels, str(tmp_path / "moons.png"))
    assert (tmp_path / "moons.png").read_bytes().startswith(b"\x89PNG\r\n")
