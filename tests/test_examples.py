"""Every example runs in its small mode, and says in its first line what it shows.

The files are found, so a new one needs nothing here: it has ``main(quick=True)`` and takes ``--quick``. Those that draw
take ``picture``, too. What it promises can be added to PROMISES.
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
    "adversarial": lambda accuracies: accuracies[0] > 0.5 > 0.1 > accuracies[1],
    "autoencoder": lambda share: share < 1.2,  # an untrained one has 3.8 times the mean image's error
    "characters": lambda bits: bits < 4.0,  # log2(27) = 4.75 for one that knows nothing
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
    parameters = inspect.signature(example.main).parameters
    assert parameters["quick"].default is False
    drawn = {"picture": "drawn.png"} if "picture" in parameters and not picture_tools.missing("matplotlib") else {}
    result = example.main(quick=True, **drawn)
    assert capsys.readouterr().out.strip()
    for path_drawn in drawn.values():
        assert Path(path_drawn).read_bytes().startswith(b"\x89PNG\r\n")
    if path.stem in PROMISES:
        assert PROMISES[path.stem](result), result


def test_the_command_line_knows_the_small_mode(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = picture_tools.ROOT / "examples" / "newton.py"
    monkeypatch.setattr(sys, "argv", [str(path), "--quick"])
    runpy.run_path(str(path), run_name="__main__")
    assert "after 200 steps" in capsys.readouterr().out


@pytest.mark.slow
def test_characters_learn_what_names_look_like() -> None:
    # Compiled, unlike the small mode.
    characters = picture_tools.load_script(picture_tools.ROOT / "examples" / "characters.py")
    assert characters.main() < 3.4


@pytest.mark.slow
def test_the_full_recipe_is_compiled(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = picture_tools.load_script(picture_tools.ROOT / "examples" / "full_recipe.py")
    monkeypatch.setattr(recipe, "EPOCHS", 20)
    assert recipe.main() > 0.93
    assert "of 200 test images right" in capsys.readouterr().out
