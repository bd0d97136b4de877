"""``tinygrad-lists predict``: from a run and images to answers, and one clear line for what cannot be read."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import picture_tools
import pytest
from training_tools import needs_compiler

import nn
from nn.checkpoint import save_weights
from nn.cli import main
from nn.commands.predict_output import bar
from nn.data.images import GreyImage, write_png
from tinygrad_lists import no_grad

TEST = nn.data.mnist.load("test", subset="paper")
needs_pillow = pytest.mark.skipif(
    picture_tools.missing("PIL"), reason="PNG files need Pillow (pip install -e '.[plots]')"
)


def model() -> nn.Module:
    """The paper's network, with weights that nobody trained: some classes are never the answer."""
    network = nn.paper.network()
    nn.paper.initialise(network, "kaiming", seed=3)
    return network


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a run leaves behind."""
    folder = tmp_path_factory.mktemp("run")
    save_weights(model(), folder / "weights.safetensors")
    epoch = {"number": 1, "loss": 1.5, "train_accuracy": 0.5, "test_loss": 1.0, "test_accuracy": 0.7, "seconds": 1.0}
    history = {"config": {"dropout": 0.0}, "epochs": [epoch | {"images_per_second": 9.0, "validation_loss": None}]}
    (folder / "history.json").write_text(json.dumps(history))
    return folder


def expected(i: int) -> list[float]:
    with no_grad():
        return model()([TEST.image(i)]).softmax(1).tolist()[0]  # type: ignore[no-any-return]


def predict(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    assert main(["predict", *map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)  # type: ignore[no-any-return]


def write_idx(folder: Path, count: int, labels: bool = True) -> Path:
    pixels, known = TEST.stored(range(count))
    path = folder / "t10k-images-idx3-ubyte"
    nn.data.write_idx(path, nn.data.IdxArray((count, 28, 28), pixels))
    if labels:
        nn.data.write_idx(folder / "t10k-labels-idx1-ubyte", nn.data.IdxArray((count,), known))
    return path


def digit(i: int) -> GreyImage:
    return GreyImage(TEST.stored([i])[0], 28, 28)


@needs_pillow
def test_one_png_gets_the_probabilities_of_the_network(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_png(tmp_path / "seven.png", digit(0))
    (image,) = predict(capsys, run, tmp_path / "seven.png")["images"]
    assert image["probabilities"] == expected(0)
    assert image["prediction"] == expected(0).index(max(expected(0)))
    assert not image["prepared"]
    assert main(["predict", str(run), str(tmp_path / "seven.png")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"seven.png: {image['prediction']} ({max(expected(0)):.1%})"
    for j, share in enumerate(expected(0)):
        assert any(line.rstrip().endswith(f"{j}  {bar(share)} {share:6.1%}") for line in lines)


def test_idx_with_labels_gives_accuracy_and_a_confusion_matrix(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_idx(tmp_path, 12)
    answer = predict(capsys, run, path)
    predictions = [row.index(max(row)) for row in map(expected, range(12))]
    right = sum(p == y for p, y in zip(predictions, TEST.labels, strict=False))
    assert [image["prediction"] for image in answer["images"]] == predictions
    assert [image["label"] for image in answer["images"]] == TEST.labels[:12]
    assert answer["accuracy"] == right / 12
    assert answer["confusion"] == nn.metrics.confusion_matrix(TEST.labels[:12], predictions, 10)
    assert predict(capsys, run, tmp_path) == answer | {
        "images": [image | {"name": f"test {image['name']}"} for image in answer["images"]]
    }
    assert main(["predict", str(run), str(path), "--show", "1"]) == 0
    out = capsys.readouterr().out
    assert f"accuracy {right / 12:.2%}: {right} of 12 right" in out
    assert "11 more; --show 12 shows them" in out
    assert f"most confidently wrong, 8 of {12 - right}" in out
    table = [
        line.split() for line in out.splitlines() if line.startswith("    ") and line.rstrip().endswith(("%", "none"))
    ]
    counted = [[int(cell) if cell != "." else 0 for cell in row[1:11]] for row in table[-10:]]
    assert counted == answer["confusion"]


@needs_compiler
def test_compiled_it_reads_the_same(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain, compiled = (predict(capsys, run, "--limit", 3, *options)["images"] for options in ((), ("--jit",)))
    for a, b in zip(plain, compiled, strict=True):
        assert all(
            math.isclose(p, q, rel_tol=1e-12) for p, q in zip(a["probabilities"], b["probabilities"], strict=True)
        )


@needs_compiler
def test_a_program_that_cannot_be_compiled_is_one_line(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "tinygrad-lists" / "jit"
    cache.mkdir(parents=True)
    cache.chmod(0o777)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert main(["predict", str(run), "--limit", "1", "--jit"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("tinygrad-lists predict: jit: others can write to the cache")
    assert error.count("\n") == 1


def test_idx_without_labels_has_no_accuracy_until_they_are_named(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_idx(tmp_path, 3, labels=False)
    assert set(predict(capsys, run, path)) == {"images"}
    nn.data.write_idx(tmp_path / "known", nn.data.IdxArray((3,), bytes(TEST.labels[:3])))
    assert "accuracy" in predict(capsys, run, path, "--labels", tmp_path / "known")


def test_options_may_stand_between_a_run_and_its_images(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_idx(tmp_path, 3)
    assert main(["predict", str(run), "--limit", "2", str(path), "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["images"]) == 2


def test_a_file_of_weights_will_do(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "best.safetensors").write_bytes((run / "weights.safetensors").read_bytes())
    assert predict(capsys, tmp_path / "best.safetensors", "--limit", 2) == predict(capsys, run, "--limit", 2)


def test_without_images_it_reads_the_200_of_the_package(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = predict(capsys, run, "--limit", 5)
    assert [image["label"] for image in answer["images"]] == TEST.labels[:5]


@needs_pillow
def test_folders_of_labels_and_of_files(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for i in range(4):
        (tmp_path / str(TEST.label(i))).mkdir()
        write_png(tmp_path / str(TEST.label(i)) / "a.png", digit(i))
    answer = predict(capsys, run, tmp_path)
    assert [(image["name"], image["label"]) for image in answer["images"]] == [
        ("0/a.png", 0),
        ("1/a.png", 1),
        ("2/a.png", 2),
        ("7/a.png", 7),
    ]
    assert answer["images"][3]["probabilities"] == expected(0)
    assert set(predict(capsys, run, tmp_path / "7", tmp_path / "1" / "a.png")) == {"images"}


@needs_pillow
def test_a_drawing_is_prepared_and_a_digit_of_mnist_only_if_asked(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = picture_tools.make()
    write_png(tmp_path / "own.png", script.drawing("3", 8, 0, 255))
    write_png(tmp_path / "mnist.png", digit(0))
    own, mnist = predict(capsys, run, tmp_path / "own.png", tmp_path / "mnist.png")["images"]
    assert (own["prepared"], mnist["prepared"]) == (True, False)
    (mnist,) = predict(capsys, run, tmp_path / "mnist.png", "--prepare", "always")["images"]
    assert mnist["prepared"]
    assert main(["predict", str(run), str(tmp_path / "own.png"), "--prepare", "never"]) == 2
    assert "own.png has 100 x 100 pixels, expected 28 x 28" in capsys.readouterr().err


def test_a_run_with_dropout_has_other_names_of_weights(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["train", "--images", "8", "--test-images", "8", "--epochs", "1", "--quiet", "--no-plots"]
    assert main([*arguments, "--dropout", "0.5", "--out", str(tmp_path / "run")]) == 0
    capsys.readouterr()
    answer = predict(capsys, tmp_path / "run", "--limit", 8)
    history = json.loads((tmp_path / "run" / "history.json").read_text())
    assert [image["prediction"] for image in answer["images"]] == history["predictions"]


@needs_pillow
def test_pictures(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib", reason="pictures need matplotlib (pip install -e '.[plots]')")
    (tmp_path / "digits" / "3").mkdir(parents=True)
    write_png(tmp_path / "digits" / "3" / "own.png", picture_tools.make().drawing("3", 8, 0, 255))
    pictures = tmp_path / "new" / "pictures"
    assert main(["predict", str(run), str(tmp_path / "digits"), "--pictures", str(pictures)]) == 0
    assert f"pictures in {pictures}" in capsys.readouterr().out
    names = {"confusion", "curves", "features", "filters", "mistakes", "predictions", "preparation", "readings"}
    assert {path.stem for path in pictures.iterdir()} == names
    for path in pictures.iterdir():
        assert path.read_bytes().startswith(b"\x89PNG\r\n")


def test_it_speaks_ascii_where_nothing_else_can_be_said(
    run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Ascii:
        encoding = "ascii"
        written = ""

        def write(self, text: str) -> int:
            Ascii.written += text
            return len(text)

        def flush(self) -> None:
            pass

    monkeypatch.setattr(sys, "stdout", Ascii())
    assert main(["predict", str(run), "--limit", "2"]) == 0
    assert "#####" in Ascii.written
    assert Ascii.written.isascii()


def bad(run: Path, tmp: Path) -> list[tuple[list[str], str]]:
    """Bad input by the line that it must get."""
    (tmp / "empty").mkdir()
    (tmp / "text.png").write_text("no picture")
    (tmp / "text.txt").write_text("no picture")
    (tmp / "labels" / "x").mkdir(parents=True)
    write_png(tmp / "labels" / "x" / "a.png", digit(0))
    write_png(tmp / "blank.png", GreyImage(b"\xff" * 900, 30, 30))
    write_png(tmp / "good.png", digit(0))
    (tmp / "cut.png").write_bytes((tmp / "good.png").read_bytes()[:120])
    nn.data.write_idx(tmp / "small", nn.data.IdxArray((2, 3, 3), bytes(18)))
    for name, history in {
        "damaged": "{",
        "list": "[]",
        "share": '{"config": {"dropout": 7}}',
        "deep": "[" * 9**6,
    }.items():
        (tmp / name).mkdir()
        (tmp / name / "history.json").write_text(history)
        (tmp / name / "weights.safetensors").write_bytes((run / "weights.safetensors").read_bytes())
    (tmp / "nan").mkdir()
    broken = model()
    for parameter in broken.parameters()[-1:]:
        parameter.data = [math.nan] * 10
    save_weights(broken, tmp / "nan" / "weights.safetensors")
    at = str(run)
    return [
        ([str(tmp / "empty")], "weights.safetensors: no such file; give the folder of a run"),
        ([str(tmp / "nowhere")], "no such file; give the folder of a run"),
        ([str(tmp / "text.txt")], "text.txt"),
        ([str(tmp / "damaged")], "history.json is no history of a run"),
        ([str(tmp / "list")], "history.json is no history of a run"),
        ([str(tmp / "deep")], "history.json is no history of a run"),
        ([str(tmp / "share")], "dropout is 7"),
        ([str(tmp / "nan")], "the weights give no probabilities (nan)"),
        ([at, str(tmp / "nothing.png")], f"predict: {tmp / 'nothing.png'}: No such file or directory"),
        ([at, str(tmp / "empty")], "empty has no images"),
        ([at, str(tmp / "text.png")], "text.png is not a PNG file"),
        ([at, str(tmp / "text.txt")], "text.txt is neither a PNG nor an IDX file"),
        ([at, str(tmp / "cut.png")], "cut.png: damaged or truncated PNG file"),
        ([at, str(tmp / "blank.png")], "blank.png: nothing is drawn on it"),
        ([at, str(tmp / "labels")], "x does not stand for a label"),
        ([at, str(tmp / "small")], "2 images of 3 x 3, expected at least 1 of 28 x 28"),
        ([at, str(tmp / "good.png"), "--labels", "y"], "--labels goes with one IDX file"),
        ([at, "--limit", "0"], "--limit 0 leaves no images"),
        ([at, "--limit", "1", "--pictures", str(tmp / "text.txt")], "text.txt"),
    ]


@needs_pillow
def test_bad_input_gets_one_line_and_status_2(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, said in bad(run, tmp_path):
        assert main(["predict", *arguments]) == 2, arguments
        out, error = capsys.readouterr()
        assert out == ""
        assert error.startswith("tinygrad-lists predict: ")
        assert error.count("\n") == 1
        assert said in error


def test_what_is_not_installed_is_named(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    for absent, arguments in (("PIL", [str(tmp_path / "a.png")]), ("matplotlib", ["--pictures", str(tmp_path / "p")])):
        with monkeypatch.context() as without:
            without.setitem(sys.modules, absent, None)
            for part in [name for name in sys.modules if name.startswith(f"{absent}.")]:
                without.delitem(sys.modules, part)
            assert main(["predict", str(run), *arguments, "--limit", "1"]) == 2
        assert capsys.readouterr().err.endswith("(pip install 'tinygrad-lists[plots]')\n")
