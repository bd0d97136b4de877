"""``tinygrad-lists train --gradients handwritten | both`` as a person uses it."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from cli_tools import fails
from mutants.catalogue import CATALOGUE

from nn import handwritten
from nn.cli import main

SMALL = ["train", "--images", "4", "--test-images", "1", "--batch-size", "2", "--epochs", "1", "--quiet", "--no-plots"]


def trained(folder: Path, *arguments: str) -> list[dict[str, Any]]:
    """The epochs that a run leaves, without its times."""
    assert main([*SMALL, *arguments, "--out", str(folder)]) == 0
    epochs: list[dict[str, Any]] = json.loads((folder / "history.json").read_text())["epochs"]
    for epoch in epochs:
        del epoch["seconds"], epoch["images_per_second"]
    return epochs


def table(printed: str) -> list[str]:
    return [line for line in printed.splitlines() if line.split()[:1] in (["1"],)]


def test_all_three_give_the_same_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs, tables, said = {}, [], {}
    for gradients in ("automatic", "handwritten", "both"):
        runs[gradients] = trained(tmp_path / gradients, "--gradients", gradients)
        said[gradients] = capsys.readouterr().out
        tables.append(table(said[gradients]))
    assert len(tables[0]) == 1
    assert tables[0] == tables[1] == tables[2]
    assert runs["both"] == runs["automatic"]
    for by_hand, automatic in zip(runs["handwritten"], runs["automatic"], strict=True):
        for key in automatic:
            assert by_hand[key] == automatic[key] or math.isclose(by_hand[key], automatic[key], rel_tol=1e-13), key
    assert "compared in 2 updates: " in said["both"]
    assert "compared" not in said["handwritten"]
    weights = [(tmp_path / name / "weights.safetensors").read_bytes() for name in ("automatic", "both")]
    assert weights[0] == weights[1]


def test_a_mistake_ends_the_run_with_status_1_and_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second batch meets it; what was learnt from the first is kept."""
    mutant = next(m for m in CATALOGUE if m.name == "conv2d: sign of the weight gradient")
    right, wrong, calls = handwritten.Conv2d.backward, vars(mutant.build())["backward"], 0

    def backward(self: Any, gradient: Any) -> Any:
        nonlocal calls
        calls += 1
        return (wrong if calls > 4 and self.name == "3" else right)(self, gradient)

    monkeypatch.setattr(handwritten.Conv2d, "backward", backward)
    folder = tmp_path / "run"
    assert main([*SMALL, "--gradients", "both", "--out", str(folder)]) == 1
    printed = capsys.readouterr()
    assert printed.err.count("\n") == 1
    assert "differ in epoch 1, batch 2, layer 3 (Conv2d), weight gradient[" in printed.err
    assert "; sign: " in printed.err
    assert "compared in 1 update: " in printed.out
    record = json.loads((folder / "history.json").read_text())
    assert record["epochs"] == []
    assert record["error"] in printed.err
    assert (folder / "weights.safetensors").exists()


def test_resuming_keeps_the_gradients(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "run"
    one = ["--gradients", "handwritten", "--images", "1"]
    whole = trained(tmp_path / "whole", *one, "--epochs", "2")
    trained(folder, *one)
    assert main(["train", "--resume", str(folder), "--gradients", "both"]) == 2
    assert "--gradients handwritten" in capsys.readouterr().err
    assert main(["train", "--resume", str(folder), "--epochs", "2"]) == 0
    resumed = json.loads((folder / "history.json").read_text())
    assert resumed["config"]["gradients"] == "handwritten"
    assert [epoch["loss"] for epoch in resumed["epochs"]] == [epoch["loss"] for epoch in whole]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--jit"], "leave out --jit"),
        (["--workers", "2"], "leave out --jit, --threads and --workers"),
        (["--threads", "2"], "leave out --jit, --threads and --workers"),
        (["--dropout", "0.5"], "layer 7 is Dropout"),
        (["--label-smoothing", "0.1"], "leave out label smoothing"),
        (["--gradients", "magic"], "choose from"),
    ],
)
def test_what_has_no_handwritten_version_is_bad_input(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert words in fails([*SMALL, "--gradients", "both", *arguments, "--out", str(tmp_path / "run")], capsys)
    assert not (tmp_path / "run").exists()
