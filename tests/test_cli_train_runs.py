"""``tinygrad-lists train`` for longer runs: recipes, TOML files, checkpoints, and what a run leaves to be repeated."""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from cli_tools import fails
from training_tools import (
    needs_compiler,
)

import nn
from nn.checkpoint import load_weights
from nn.cli import main
from nn.commands.train_options import GROUPS, OPTIONS
from nn.commands.train_settings import as_toml, defaults, settings_of

ROOT = Path(__file__).resolve().parents[1]
SMALL = ["train", "--images", "12", "--test-images", "2", "--epochs", "2", "--batch-size", "4", "--quiet", "--no-plots"]
FULL = [*SMALL, "--optimiser", "adamw", "--schedule", "cosine", "--warmup", "2", "--dropout", "0.3"]
FULL += ["--label-smoothing", "0.1", "--validation", "4", "--early-stopping", "5", "--clip-norm", "1"]
FULL += ["--shift", "1", "--rotate", "10", "--scale", "0.1", "--elastic", "20", "--slant", "0.1"]


def result(folder: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((folder / "history.json").read_text())
    for epoch in record["epochs"]:
        del epoch["seconds"], epoch["images_per_second"]
    del record["config"]["out"]
    return {**record, "weights": (folder / "weights.safetensors").read_bytes()}


# -- recipes ----------


@pytest.mark.parametrize("optimiser", ["sgd", "adam", "adamw", "rmsprop", "adagrad", "lion"])
def test_every_optimiser_learns(optimiser: str, tmp_path: Path) -> None:
    """With a schedule each, and a rate that is usual for it."""
    schedules = ["step", "exponential", "cosine", "one-cycle", "plateau", "constant"]
    schedule = schedules[["sgd", "adam", "adamw", "rmsprop", "adagrad", "lion"].index(optimiser)]
    options = ["--optimiser", optimiser, "--schedule", schedule, "--init", "kaiming", "--epochs", "3"]
    assert main([*SMALL, *options, "--out", str(tmp_path / "run")]) == 0
    losses = [epoch["loss"] for epoch in result(tmp_path / "run")["epochs"]]
    assert losses[-1] < losses[0]


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        ("constant", [0.1, 0.1]),
        ("step", [0.05, 0.025]),
        ("exponential", [0.05, 0.025]),
        ("cosine", [0.05, 0.0]),
    ],
)
def test_schedules_span_the_run(schedule: str, rates: list[float], tmp_path: Path) -> None:
    options = ["--lr", "0.1", "--schedule", schedule, "--decay", "0.5"]
    assert main([*SMALL, *options, "--out", str(tmp_path / "run")]) == 0
    found = [epoch["learning_rate"] for epoch in result(tmp_path / "run")["epochs"]]
    assert found == pytest.approx(rates)


def test_validation_images_are_kept_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither trained on nor tested on; the best weights on them are kept."""
    assert main([*FULL, "--out", str(tmp_path / "run")]) == 0
    record = result(tmp_path / "run")
    assert [record["data"][use]["shape"][0] for use in ("train", "validation", "test")] == [8, 4, 2]
    _, images = nn.data.split(nn.data.mnist.load("train", subset="paper")[:12], 4, seed=0, stratified=True)
    pixels, labels = images.stored(range(4))
    assert record["data"]["validation"]["sha256"] == hashlib.sha256(pixels + labels).hexdigest()
    losses = [epoch["validation_loss"] for epoch in record["epochs"]]
    best = nn.Sequential(*list(nn.paper.network())[:-1], nn.Dropout(0.3), nn.Dense(400, 10))
    load_weights(best, tmp_path / "run" / "best.safetensors")
    criterion = nn.CrossEntropyLoss(label_smoothing=0.1)
    assert nn.trainer.evaluate(best, images, criterion).loss == min(losses)
    assert f"best.safetensors: epoch {losses.index(min(losses)) + 1}, validation loss" in capsys.readouterr().out


def test_early_stopping_ends_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--lr", "0", "--validation", "4", "--early-stopping", "1", "--epochs", "9"]
    assert main([*SMALL, *options, "--out", str(tmp_path / "run")]) == 0
    assert "stopped early: validation loss" in capsys.readouterr().out
    record = result(tmp_path / "run")
    assert len(record["epochs"]) == 2
    assert record["stopped"].startswith("early")
    # Resumed, it stays stopped.
    assert main(["train", "--resume", str(tmp_path / "run"), "--epochs", "20"]) == 0
    assert len(result(tmp_path / "run")["epochs"]) == 2


def test_workers_and_prefetch_change_no_number(tmp_path: Path) -> None:
    """Neither the default's nor one another's."""
    for name, options in {"a": [], "b": ["--workers", "2"], "c": ["--prefetch", "1", "--workers", "3"]}.items():
        assert main([*FULL, *options, "--batch-size", "8", "--warmup", "1", "--out", str(tmp_path / name)]) == 0
    a, b, c = (result(tmp_path / name) for name in "abc")
    for other in (b, c):
        for record in (a, other):
            record["config"] |= {"workers": None, "prefetch": None}
        assert other == a


@needs_compiler
def test_threads_give_the_same_bits_twice(tmp_path: Path) -> None:
    """A batch of more images than a vector has lanes, so that there is something to share."""
    recipe = [*SMALL, "--images", "40", "--batch-size", "40", "--jit", "--threads", "2"]
    for name in "ab":
        assert main([*recipe, "--out", str(tmp_path / name)]) == 0
    assert result(tmp_path / "a") == result(tmp_path / "b")


def test_augmented_images_are_others_in_each_epoch(tmp_path: Path) -> None:
    """With a rate of 0 the loss of the training images would stay."""
    for name, options in {"plain": [], "augmented": ["--shift", "3"]}.items():
        assert main([*SMALL, "--lr", "0", "--init", "kaiming", *options, "--out", str(tmp_path / name)]) == 0
    first, second = (epoch["loss"] for epoch in result(tmp_path / "plain")["epochs"])
    assert first == pytest.approx(second, rel=1e-12)
    first, second = (epoch["loss"] for epoch in result(tmp_path / "augmented")["epochs"])
    assert first != pytest.approx(second, rel=1e-6)


def test_csv_files_and_fashion_mnist_are_trained_on(tmp_path: Path) -> None:
    """The digits as CSV give the run that they give as IDX; and under other names they are Fashion-MNIST."""
    train, test = (nn.data.mnist.load(split, subset="paper") for split in ("train", "test"))  # type: ignore[arg-type]
    for name, data in {"train": train[:12], "test": test[:2]}.items():
        pixels, labels = data.stored(range(len(data)))
        rows = [",".join(map(str, [y, *pixels[i * 784 : i * 784 + 784]])) for i, y in enumerate(labels)]
        (tmp_path / f"{name}.csv").write_text("\n".join(rows) + "\n")
    files = ["--data", str(tmp_path / "train.csv"), "--test-data", str(tmp_path / "test.csv")]
    folder = str(Path(nn.data.__file__).with_name("mnist_subset"))
    options = {"mnist": [], "csv": ["--dataset", "csv", *files], "fashion": ["--dataset", "fashion", "--data", folder]}
    for name, given in options.items():
        assert main([*SMALL, *given, "--out", str(tmp_path / name)]) == 0
    mnist, csv, fashion = (result(tmp_path / name) for name in options)
    assert mnist["weights"] == csv["weights"] == fashion["weights"]
    assert [mnist["predictions"], mnist["epochs"]] == [csv["predictions"], csv["epochs"]]
    assert mnist["data"]["train"]["sha256"] == csv["data"]["train"]["sha256"]


# -- resuming ----------


@pytest.mark.parametrize("jit", [[], pytest.param(["--jit"], marks=needs_compiler)], ids=["interpreted", "compiled"])
def test_a_run_that_broke_off_is_resumed_to_the_bit(
    jit: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the middle of the second epoch, by an error that nobody catches."""
    recipe = [*FULL, *jit, "--epochs", "3", "--checkpoint-every", "1"]
    assert main([*recipe, "--out", str(tmp_path / "whole")]) == 0
    update, calls = nn.trainer.Trainer._tell, 0

    def breaking(self: Any, what: str, *about: Any) -> None:
        nonlocal calls
        update(self, what, *about)
        calls += what == "on_update"
        if calls == 3:
            raise RuntimeError("power cut")

    monkeypatch.setattr(nn.trainer.Trainer, "_tell", breaking)
    with pytest.raises(RuntimeError, match="power cut"):
        main([*recipe, "--out", str(tmp_path / "broken")])
    monkeypatch.undo()
    assert not (tmp_path / "broken" / "history.json").exists()
    (tmp_path / "broken" / ".checkpoint.safetensors.x.partial.safetensors").write_bytes(b"half of it")
    assert main(["train", "--resume", str(tmp_path / "broken")]) == 0
    assert result(tmp_path / "broken") == result(tmp_path / "whole")
    assert not list((tmp_path / "broken").glob(".*"))


@pytest.mark.parametrize("fault", [OSError(28, "No space left on device"), PermissionError(13, "Permission denied")])
def test_a_disk_that_fills_up_costs_one_line_and_no_checkpoint(
    fault: OSError, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or a folder that becomes read-only, on which nobody can rely who may write everywhere."""
    recipe = [*SMALL, "--checkpoint-every", "1"]
    assert main([*recipe, "--out", str(tmp_path / "whole")]) == 0
    make, made = tempfile.mkstemp, 0

    def failing(*args: Any, **kwargs: Any) -> tuple[int, str]:
        nonlocal made
        made += "checkpoint" in kwargs["prefix"]
        if made == 3:
            raise fault
        return make(*args, **kwargs)

    monkeypatch.setattr(tempfile, "mkstemp", failing)
    assert str(fault.strerror) in fails([*recipe, "--out", str(tmp_path / "run")], capsys)
    monkeypatch.undo()
    assert main(["train", "--resume", str(tmp_path / "run")]) == 0
    assert result(tmp_path / "run") == result(tmp_path / "whole")


def test_a_run_can_be_made_longer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SMALL, "--epochs", "3", "--out", str(tmp_path / "three")]) == 0
    assert main([*SMALL, "--epochs", "1", "--out", str(tmp_path / "one")]) == 0
    assert main(["train", "--resume", str(tmp_path / "one"), "--epochs", "3"]) == 0
    assert result(tmp_path / "one") == result(tmp_path / "three")
    assert "nothing was left" not in capsys.readouterr().out
    assert main(["train", "--resume", str(tmp_path / "one")]) == 0
    assert f"nothing was left to train: the run in {tmp_path / 'one'} had its 3 epochs" in capsys.readouterr().out


def test_resuming_refuses_what_would_be_another_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "run"
    assert main([*FULL, "--out", str(folder)]) == 0
    resume = ["train", "--resume", str(folder)]
    assert "--lr 0.001; another one" in fails([*resume, "--lr", "0.5"], capsys)
    assert "schedule was made for 2 epochs" in fails([*resume, "--epochs", "5"], capsys)
    assert "leave out --config" in fails([*resume, "--config", "x.toml"], capsys)
    assert "nothing to go on from" in fails(["train", "--resume", str(tmp_path)], capsys)
    content = bytearray((folder / "checkpoint.safetensors").read_bytes())
    content[-1] ^= 1
    (folder / "checkpoint.safetensors").write_bytes(bytes(content))
    assert "damaged" in fails(resume, capsys)


def test_resuming_with_other_images_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, source = tmp_path / "data", Path(nn.data.__file__).with_name("mnist_subset")
    data.mkdir()
    for path in source.glob("*.gz"):
        (data / path.name).write_bytes(path.read_bytes())
    assert main([*SMALL, "--data", str(data), "--out", str(tmp_path / "run")]) == 0
    labels = next(data.glob("train-labels*"))
    content = bytearray(gzip.decompress(labels.read_bytes()))
    content[8 + 3] = (content[8 + 3] + 1) % 10  # the label of the fourth image
    labels.write_bytes(gzip.compress(bytes(content)))
    assert "images are not those" in fails(["train", "--resume", str(tmp_path / "run")], capsys)


# -- what is left to repeat a run ----------


def test_the_file_that_a_run_leaves_repeats_it(tmp_path: Path) -> None:
    assert main([*FULL, "--seed", "5", "--out", str(tmp_path / "a")]) == 0
    assert main(["train", "--config", str(tmp_path / "a" / "run.toml"), "--out", str(tmp_path / "b")]) == 0
    assert result(tmp_path / "a") == result(tmp_path / "b")
    text = (tmp_path / "a" / "run.toml").read_text()
    record = json.loads((tmp_path / "a" / "history.json").read_text())
    assert record["data"]["train"]["sha256"] in text
    assert f"Python {record['python']}" in text
    assert record["config"]["seed"] == 5


# -- TOML ----------


@pytest.mark.parametrize("recipe", sorted(path.name for path in (ROOT / "examples").glob("*.toml")))
def test_the_recipes_that_are_shown_run(recipe: str, tmp_path: Path) -> None:
    """In small, on the subset: what they say of optimiser, schedule and augmentation is taken."""
    small = ["--no-full", "--no-jit", "--images", "8", "--test-images", "4", "--epochs", "1", "--batch-size", "4"]
    config = ["--config", str(ROOT / "examples" / recipe)]
    assert main(["train", *config, *small, "--quiet", "--no-plots", "--out", str(tmp_path / "run")]) == 0
    used = json.loads((tmp_path / "run" / "history.json").read_text())["config"]
    assert used["optimiser"] == "adamw"
    assert used["schedule"] == "cosine"
    assert all(used[name] > 0 for name in ("shift", "rotate", "slant", "scale", "label_smoothing"))


def settings(tmp_path: Path, text: str, *arguments: str) -> dict[str, Any]:
    import argparse

    from nn.commands.train_options import add_arguments

    parser = argparse.ArgumentParser()
    add_arguments(parser)
    (tmp_path / "run.toml").write_text(text, encoding="utf-8")
    return settings_of(parser.parse_args(["--config", str(tmp_path / "run.toml"), *arguments]))


def test_the_command_line_wins_over_the_file_and_the_file_over_the_defaults(tmp_path: Path) -> None:
    text = 'epochs = 7\nbatch_size = 16\n[recipe]\noptimiser = "adam"\njit = true\nplots = false\nlr = 1\n'
    found = settings(tmp_path, text, "--epochs", "9", "--no-jit")
    changed = {"epochs": 9, "batch_size": 16, "optimiser": "adam", "jit": False, "plots": False, "lr": 1.0}
    usual = {**defaults(), "weight_decay": 0.0, "decay": 0.1}
    assert found == {**usual, **changed}


def test_every_option_goes_through_a_file_and_back(tmp_path: Path) -> None:
    """Settings as text, read again, are the same; whatever the name of a folder."""
    given = defaults() | {"lr": 0.1, "weight_decay": 1e-5, "decay": 0.25, "data": 'a "b" \\ é\n\x7f😀', "seed": -3}
    assert settings(tmp_path, as_toml(given)) == given


BAD_TOML = [
    ("epoch = 3", "unknown key 'epoch'; did you mean epochs?"),
    ("optimizer = 'adam'", "did you mean optimiser?"),
    ("[recipe]\nlearning_rat = 3", "unknown key 'learning_rat'"),
    ("zzz = 3", "unknown key 'zzz'; known are accumulate, alpha"),
    ("epochs = 'three'", "epochs: 'three' is not a number"),
    ("epochs = 2.5", "epochs: 2.5 is not an int"),
    ("epochs = 0", "epochs: 0 is not at least 1"),
    ("epochs = true", "epochs: True is not a number"),
    ("lr = nan", "lr: nan is not a number of at least 0"),
    ("lr = [1]", "lr: [1] is not a number"),
    ("jit = 1", "jit: 1 is not true or false"),
    ("optimiser = 'magic'", "optimiser: 'magic' is not one of sgd, adam"),
    ("data = 3", "data: 3 is not a text"),
    ("lr = 1\n[recipe]\nlr = 2", "lr is given twice"),
    ("lr = ", "is not TOML"),
    ("[recipe.deep]\nlr = 1", "unknown key 'deep'"),
]


@pytest.mark.parametrize(("text", "words"), BAD_TOML, ids=[text for text, _ in BAD_TOML])
def test_a_bad_file_is_one_clear_line(
    text: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.toml").write_text(text)
    err = fails(["train", "--config", str(tmp_path / "bad.toml"), "--out", str(tmp_path / "run")], capsys)
    assert words in err
    assert "bad.toml" in err
    assert not (tmp_path / "run").exists()


def test_a_file_that_is_no_text_or_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.toml").write_bytes(b"\xff\xfe")
    assert "is not TOML" in fails(["train", "--config", str(tmp_path / "bad.toml")], capsys)
    assert "No such file" in fails(["train", "--config", str(tmp_path / "none.toml")], capsys)


BAD = [
    (["--optimiser", "adam", "--momentum", "0.9"], "--momentum: adam has none"),
    (["--momentum", "1"], "--momentum: 1 is not at least 0 and below 1"),
    (["--validation", "12"], "of 12 images leaves 0"),
    (["--validation", "2.5"], "give a whole number"),
    (["--early-stopping", "2"], "give --validation too"),
    (["--warmup", "6"], "the whole training has 6"),
    (["--warmup", "2", "--schedule", "one-cycle"], "one-cycle warms up by itself"),
    (["--clip-norm", "0"], "--clip-norm: 0 is not above 0"),
    (["--checkpoint-every", "0"], "--checkpoint-every: 0"),
    (["--workers", "2", "--jit"], "--workers: a compiled step"),
    (["--threads", "2"], "--threads: only compiled steps"),
    (["--workers", "0"], "--workers: 0 is not at least 1"),
    (["--dataset", "csv"], "name the files, by --data FILE and --test-data FILE"),
    (["--test-data", "x.csv"], "--test-data: mnist has its test images"),
    (["--dataset", "fashion", "--data", "nowhere"], "nowhere"),
    (["--dataset", "csv", "--data", "nowhere.csv", "--test-data", "x"], "nowhere.csv"),
    (["--scale", "1"], "--scale: 1 is not at least 0 and below 1"),
    (["--schedule", "lunar"], "invalid choice: 'lunar'"),
]


@pytest.mark.parametrize(("arguments", "words"), BAD, ids=[" ".join(a) for a, _ in BAD])
def test_bad_options_are_one_clear_line(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert words in fails([*SMALL, *arguments, "--out", str(tmp_path / "run")], capsys)
    assert not (tmp_path / "run" / "checkpoint.safetensors").exists()


def test_every_option_is_in_the_help_with_its_default(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    out = " ".join(capsys.readouterr().out.split())
    for options in GROUPS.values():
        for option in options:
            assert f"--{option.name}" in out
            if isinstance(option.default, int | float) and not isinstance(option.default, bool):
                assert f"({option.default:g})" in option.help, option.name
    assert len(OPTIONS) > 30


# -- killed ----------


def kill_script() -> ModuleType:
    path = Path(__file__).parent / "benchmarks" / "kill_resume.py"
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location("kill_resume", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.parametrize("jit", [[], pytest.param(["--jit"], marks=needs_compiler)], ids=["interpreted", "compiled"])
def test_fifty_killed_runs_resume_to_the_bit(jit: list[str], tmp_path: Path) -> None:
    """Half of them killed inside the writing of a checkpoint."""
    killed_and_resumed: Callable[..., Any] = kill_script().killed_and_resumed
    same, where = killed_and_resumed(50, 1, jit, tmp_path)
    assert where["at a random time"] == 25
    assert len([stage for stage in where if stage.startswith(("before", "half"))]) == 4
    assert same == 50
