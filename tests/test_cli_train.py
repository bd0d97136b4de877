"""``tinygrad-lists train`` as a person uses it: a process, its exit status, its words and its files."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from cli_tools import fails

import nn
from nn.checkpoint import CheckpointError, load_weights, save_weights
from nn.cli import main

ROOT = Path(__file__).resolve().parents[1]
SMALL = ["train", "--images", "16", "--test-images", "8", "--epochs", "2", "--quiet", "--no-plots"]


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "nn", *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120, check=False)


def history(folder: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((folder / "history.json").read_text())
    for epoch in record["epochs"]:
        del epoch["seconds"], epoch["images_per_second"]
    return record


def test_same_seed_same_table_to_the_last_digit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tables = []
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        assert main([*SMALL, "--seed", seed, "--out", str(tmp_path / name)]) == 0
        tables.append([line for line in capsys.readouterr().out.splitlines() if "%" in line and "images/s" not in line])
    a, b, c = (history(tmp_path / name) for name in "abc")
    assert a["epochs"] == b["epochs"]
    assert a["predictions"] == b["predictions"]
    assert a["epochs"] != c["epochs"]
    assert tables[0] == tables[1]
    assert (tmp_path / "a" / "weights.safetensors").read_bytes() == (
        tmp_path / "b" / "weights.safetensors"
    ).read_bytes()


def test_the_table_has_our_numbers_beside_the_papers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SMALL, "--out", str(tmp_path / "run")]) == 0
    out = capsys.readouterr().out
    record = history(tmp_path / "run")
    rows = [line.split() for line in out.splitlines() if line.split()[:1] in (["1"], ["2"])]
    for row, epoch, loss, accuracy in zip(rows, record["epochs"], ("0.82", "0.40"), ("91.0%", "95.0%"), strict=True):
        assert row[1:] == [f"{epoch['loss']:.4f}", loss, f"{epoch['test_accuracy']:.2%}", accuracy]
    assert "alpha=" in out


def test_pictures_history_and_weights_are_left(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="pictures need matplotlib (pip install -e '.[plots]')")
    assert main([a for a in SMALL if a != "--no-plots"] + ["--out", str(tmp_path / "run")]) == 0
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == [
        "checkpoint.safetensors",
        "confusion.png",
        "figure1.png",
        "figure2.png",
        "history.csv",
        "history.json",
        "run.toml",
        "weights.safetensors",
    ]
    for name in ("figure1.png", "figure2.png", "confusion.png"):
        assert (tmp_path / "run" / name).read_bytes().startswith(b"\x89PNG\r\n")


def test_figure_2_is_green_where_right_and_red_where_wrong(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="pictures need matplotlib (pip install -e '.[plots]')")
    from matplotlib.colors import to_rgb
    from matplotlib.image import imread

    from nn.plots import GREEN, RED, plot_predictions

    test = nn.data.mnist.load("test", subset="paper")[:4]

    def colours(predictions: list[int]) -> tuple[bool, bool]:
        plot_predictions(test, predictions, tmp_path / "p.png")
        pixels = {tuple(round(float(v) * 255) for v in p[:3]) for row in imread(tmp_path / "p.png") for p in row}
        return tuple(tuple(round(v * 255) for v in to_rgb(c)) in pixels for c in (GREEN, RED))  # type: ignore[return-value]

    right = test.labels
    assert colours(right) == (True, False)
    assert colours([(label + 1) % 10 for label in right]) == (False, True)
    assert colours([right[0], *((label + 1) % 10 for label in right[1:])]) == (True, True)


def test_without_matplotlib_the_run_says_how_to_get_pictures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main([a for a in SMALL if a != "--no-plots"] + ["--out", str(tmp_path / "run")]) == 0
    assert "pip install 'tinygrad-lists[plots]'" in capsys.readouterr().err


def test_results_of_another_run_are_not_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "run"
    assert main([*SMALL, "--out", str(folder)]) == 0
    before = (folder / "history.json").read_bytes()
    assert main([*SMALL, "--out", str(folder), "--seed", "9"]) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert (folder / "history.json").read_bytes() == before
    assert main([*SMALL, "--out", str(folder), "--seed", "9", "--overwrite"]) == 0
    assert (folder / "history.json").read_bytes() != before


def test_without_out_every_run_gets_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        assert main(SMALL) == 0
    assert sorted(p.name for p in (tmp_path / "runs").iterdir()) == ["train-1", "train-2"]


def test_ctrl_c_ends_cleanly_and_keeps_what_was_learnt(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "nn", "train", "--epochs", "1000", "--images", "16", "--test-images", "8"]
    command += ["--no-plots", "--out", "run"]
    process = subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        while "epoch 2" not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "Traceback" not in err
    assert "what was learnt is kept" in err
    record = history(tmp_path / "run")
    assert record["interrupted"] is True
    assert len(record["epochs"]) >= 2
    start, learnt = nn.paper.network(), nn.paper.network()
    nn.paper.initialise(start)
    load_weights(learnt, tmp_path / "run" / "weights.safetensors")
    assert learnt.state_dict() != start.state_dict()


def test_a_loss_that_is_no_number_ends_the_run_with_status_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*SMALL, "--lr", "1e200", "--out", str(tmp_path / "run")]) == 1
    err = capsys.readouterr().err
    assert "the loss is" in err
    assert "epoch 1, batch" in err
    assert history(tmp_path / "run")["error"]


BAD = [
    (["--lr", "-1"], "--lr: -1 is not a number of at least 0"),
    (["--lr", "nan"], "--lr: nan"),
    (["--lr", "fast"], "--lr"),
    (["--images", "0"], "--images: 0 is not at least 1"),
    (["--images", "1001"], "1001 images asked for, but mnist train has 1000"),
    (["--batch-size", "0"], "--batch-size: 0"),
    (["--epochs", "-3"], "--epochs: -3"),
    (["--gamma", "inf"], "--gamma: inf"),
    (["--init", "zeros"], "invalid choice: 'zeros'"),
    (["--learning-rate", "1"], "unrecognized arguments: --learning-rate 1 (see"),
    (["--optimizer", "adam"], "train: unrecognized arguments: --optimizer adam; did you mean --optimiser?"),
    (["--data", "nowhere"], "nowhere"),
]


@pytest.mark.parametrize(("arguments", "words"), BAD, ids=[" ".join(a) for a, _ in BAD])
def test_bad_input_is_one_clear_line_and_status_2(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert words in fails([*SMALL, "--out", str(tmp_path / "run"), *arguments], capsys)
    assert not (tmp_path / "run" / "history.json").exists()


def test_a_process_says_it_in_one_line_too(tmp_path: Path) -> None:
    done = run(*SMALL, "--out", "run", "--data", "nowhere", cwd=tmp_path)
    assert done.returncode == 2
    assert "nowhere" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "run").exists()


def mnist_folder(folder: Path) -> Path:
    """The paper's subset as if it were a folder of the user's."""
    folder.mkdir()
    source = ROOT / "nn" / "data" / "mnist_subset"
    for path in source.glob("*.gz"):
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def broken(folder: Path, how: str) -> None:
    path = next(folder.glob("train-images*"))
    content = path.read_bytes()
    plain = gzip.decompress(content)
    damaged = {
        "truncated gzip": content[: len(content) // 2],
        "corrupt gzip": content[:200] + bytes(50) + content[250:],
        "wrong magic number": gzip.compress(b"\x00\x00\x08\x07" + plain[4:]),
        "truncated IDX": gzip.compress(plain[:1000]),
        "label out of range": content,
    }
    path.write_bytes(damaged[how])
    if how == "label out of range":
        labels = next(folder.glob("train-labels*"))
        body = bytearray(gzip.decompress(labels.read_bytes()))
        body[8 + 5] = 77
        labels.write_bytes(gzip.compress(bytes(body)))


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("truncated gzip", "train-images"),
        ("corrupt gzip", "train-images"),
        ("wrong magic number", "magic number"),
        ("truncated IDX", "train-images"),
        ("label out of range", "77"),
    ],
)
def test_damaged_data_is_named(how: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = mnist_folder(tmp_path / "data")
    assert main([*SMALL, "--full", "--data", str(folder), "--out", str(tmp_path / "good")]) == 0
    capsys.readouterr()
    broken(folder, how)
    assert main([*SMALL, "--full", "--data", str(folder), "--out", str(tmp_path / "run")]) == 2
    err = capsys.readouterr().err
    assert words in err
    assert err.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_an_unwritable_folder_is_known_before_training(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("not a folder")
    start = time.perf_counter()
    assert main(["train", "--epochs", "1000", "--quiet", "--out", str(blocker / "run")]) == 2
    assert time.perf_counter() - start < 10  # 1,000 epochs would take hours
    assert "cannot write to the output folder" in capsys.readouterr().err
    assert blocker.read_text() == "not a folder"


def test_help_names_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["train", "--help"])
    assert stop.value.code == 0
    out = capsys.readouterr().out
    for option in [
        "epochs",
        "batch-size",
        "lr",
        "momentum",
        "weight-decay",
        "seed",
        "init",
        "alpha",
        "beta",
        "gamma",
        "full",
        "data",
        "images",
        "out",
    ]:
        assert f"--{option}" in out


# -- weights in files ----------


def test_weights_round_trip_to_the_bit(tmp_path: Path) -> None:
    model, other = nn.paper.network(), nn.paper.network()
    nn.paper.initialise(model, "kaiming", seed=3)
    save_weights(model, tmp_path / "w.safetensors")
    assert load_weights(other, tmp_path / "w.safetensors").state_dict() == model.state_dict()


@pytest.mark.parametrize("how", ["cut", "garbage", "other model"])
def test_damaged_or_foreign_weights_leave_the_model_as_it_was(how: str, tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    save_weights(nn.Dense(2, 2) if how == "other model" else nn.paper.network(), path)
    if how == "cut":
        path.write_bytes(path.read_bytes()[:-100])
    if how == "garbage":
        path.write_bytes(b"\xff" * 300)
    model = nn.paper.network()
    before = model.state_dict()
    with pytest.raises(CheckpointError, match=r"w\.safetensors"):
        load_weights(model, path)
    assert model.state_dict() == before


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "w.safetensors"
    save_weights(nn.Dense(2, 2), path)
    before = path.read_bytes()

    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        save_weights(nn.Dense(3, 3), path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["w.safetensors"]
