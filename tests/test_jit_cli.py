"""``train --jit`` and ``bench`` from the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from nn.cli import main

pytestmark = pytest.mark.skipif(
    not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="needs a C compiler (cc, gcc or clang)"
)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def train(folder: Path, *options: str) -> dict[str, object]:
    recipe = ["--images", "20", "--test-images", "10", "--epochs", "2", "--no-plots", "--quiet"]
    assert main(["train", "--out", str(folder), *recipe, *options]) == 0
    history: dict[str, object] = json.loads((folder / "history.json").read_text())
    return history


def test_training_compiled_gives_the_same_history(tmp_path: Path) -> None:
    """A batch of 8, and a last one of 4."""
    plain, compiled = train(tmp_path / "plain"), train(tmp_path / "compiled", "--jit")
    assert plain["predictions"] == compiled["predictions"]
    for ours, theirs in zip(compiled["epochs"], plain["epochs"], strict=True):  # type: ignore[call-overload]
        assert ours["loss"] == pytest.approx(theirs["loss"], rel=1e-5)
        assert ours["test_loss"] == pytest.approx(theirs["test_loss"], rel=1e-5)
        assert ours["test_accuracy"] == theirs["test_accuracy"]


def test_the_cache_is_shown_and_cleared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train(tmp_path / "compiled", "--jit")
    capsys.readouterr()
    assert main(["bench", "--cache", "show"]) == 0
    assert "3 compiled programs" in capsys.readouterr().out
    assert main(["bench", "--cache", "clear"]) == 0
    assert "3 compiled programs removed" in capsys.readouterr().out
    assert main(["bench", "--cache", "show"]) == 0
    assert "0 compiled programs" in capsys.readouterr().out


def test_bench_prints_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    """With nobody but ourselves to compare with, and few repetitions."""
    assert main(["bench", "--batch", "2", "--repeat", "2", "--peers", "python"]) == 0
    out = capsys.readouterr().out
    assert "tinygrad_lists.jit" in out
    assert "pure Python" in out
    assert "share of the peak" in out


def test_bench_refuses_unknown_peers(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--peers", "abacus"]) == 2
    assert "unknown peer 'abacus'" in capsys.readouterr().err


def test_a_compiler_that_fails_without_a_word_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = shutil.which("false")
    assert failing is not None
    monkeypatch.setattr("tinygrad_lists.compiler.build.compiler", lambda: (failing,))
    recipe = ["--images", "8", "--test-images", "4", "--epochs", "1", "--no-plots", "--quiet"]
    assert main(["train", "--jit", *recipe, "--out", str(tmp_path / "run")]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert f"the C compiler failed: {failing} ended with 1" in err
