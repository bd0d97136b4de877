"""``tinygrad-lists compare`` as a person uses it: exit status, words and files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from cli_tools import fails

from nn.cli import main
from nn.compare.templates import names, text

ROOT = Path(__file__).resolve().parents[1]

RIGHT = """
class MyDense:
    def __init__(self, weight, bias):
        self.weight, self.bias = weight, bias
    def forward(self, x):
        self.x = x
        return [b + sum(v * row[j] for v, row in zip(x, self.weight)) for j, b in enumerate(self.bias)]
    def backward(self, g):
        self.weight_gradient = [[v * h for h in g] for v in self.x]
        self.bias_gradient = list(g)
        return [sum(h * w for h, w in zip(g, row)) for row in self.weight]
"""
WRONG = RIGHT.replace("list(g)", "[-h for h in g]")


@pytest.fixture
def homework(tmp_path: Path) -> Any:
    def write(source: str, name: str = "homework.py") -> str:
        path = tmp_path / name
        path.write_text(source)
        return str(path)

    return write


def test_right_homework_ends_with_status_0(homework: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", homework(RIGHT)]) == 0
    assert "right" in capsys.readouterr().out


def test_wrong_homework_ends_with_status_1_and_names_the_tensor(
    homework: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", homework(WRONG) + ":MyDense", "--seed", "3"]) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert "wrong" in out
    assert "MyDense" in out
    assert "bias gradient" in out


def test_reports_are_written(homework: Any, tmp_path: Path) -> None:
    files = {kind: tmp_path / f"report.{kind}" for kind in ("json", "html", "md")}
    options = ["--json", str(files["json"]), "--html", str(files["html"]), "--markdown", str(files["md"])]
    assert main(["compare", homework(WRONG), *options]) == 1
    record = json.loads(files["json"].read_text())
    wrong = [row for row in record["rows"] if row["verdict"] == "wrong"]
    assert {row["tensor"] for row in wrong} == {"bias gradient"}
    assert "bias gradient" in files["md"].read_text()
    page = files["html"].read_text()
    HTMLParser().feed(page)
    assert "bias gradient" in page
    assert "http://" not in page.replace("http://www.w3.org", "")  # self-contained
    assert "src=" not in page


def test_marks(homework: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weights = tmp_path / "weights.json"
    weights.write_text('{"dense": 20, "conv2d": 5}')
    results = tmp_path / "results.json"
    arguments = ["compare", homework(WRONG), "--grade", "--weights", str(weights), "--json", str(results)]
    assert main(arguments) == 1
    assert "16 of 25 marks" in capsys.readouterr().out
    record = json.loads(results.read_text())
    assert record["score"] == 16
    assert [test["name"] for test in record["tests"] if test["status"] == "failed"] == [
        "MyDense: bias gradient",
        "conv2d",
    ]
    assert main(["compare", homework(RIGHT), "--grade"]) == 0


def test_marks_are_printed_without_rich_too(
    homework: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "rich", None)
    assert main(["compare", homework(WRONG), "--grade"]) == 1
    out = capsys.readouterr().out
    assert "0/2  MyDense: bias gradient" in out
    assert out.endswith("8 of 10 marks\n")


def test_hints_do_not_tell_the_right_numbers(homework: Any, capsys: pytest.CaptureFixture[str]) -> None:
    main(["compare", homework(WRONG), "--grade"])
    out = capsys.readouterr().out
    assert "automatic" not in out
    assert "oracle" not in out


def test_a_file_that_cannot_be_loaded_is_graded_too(homework: Any, tmp_path: Path) -> None:
    """An autograder wants its JSON whatever was handed in."""
    results = tmp_path / "results.json"
    assert main(["compare", homework("def f(:"), "--grade", "--json", str(results)]) == 1
    record = json.loads(results.read_text())
    assert record["score"] == 0
    assert "SyntaxError" in record["tests"][0]["output"]


def test_the_papers_network_on_real_images(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "--images", "2", "--json", str(tmp_path / "report.json")]) == 0
    record = json.loads((tmp_path / "report.json").read_text())
    assert {row["verdict"] for row in record["rows"]} <= {"exact", "rounding"}
    assert {row["path"] for row in record["rows"]} == {*map(str, range(8)), "loss"}


def test_templates_are_listed_and_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "--template"]) == 0
    assert capsys.readouterr().out.split() == names()
    assert main(["compare", "--template", "conv2d"]) == 0
    assert capsys.readouterr().out == text("conv2d")


BAD = [
    (["nowhere.py"], "nowhere.py: there is no such file"),
    (["homework.py:Nobody"], "there is no 'Nobody'"),
    (["empty.py"], "no layer found"),
    (["homework.py", "--layer", "tanh"], "invalid choice: 'tanh'"),
    (["homework.py", "--time-limit", "0"], "0 is not a number of seconds above 0"),
    (["homework.py", "--time-limit", "nan"], "nan is not"),
    (["homework.py", "--seed", "x"], "--seed"),
    (["homework.py", "--weights", "weights.json"], "--weights is for --grade"),
    (["homework.py", "--grade", "--weights", "homework.py"], "is no JSON"),
    (["homework.py", "--grade", "--weights", "nowhere.json"], "nowhere.json"),
    (["--grade"], "are for homework"),
    (["--images", "0"], "0 is not from 1 to 1000"),
    (["--template", "tanh"], "no template 'tanh'; there are conv2d"),
    (["homework.py", "--json", "nowhere/report.json"], "nowhere"),
]


@pytest.mark.parametrize(("arguments", "words"), BAD, ids=[" ".join(a) for a, _ in BAD])
def test_bad_input_is_one_clear_line_and_status_2(
    arguments: list[str],
    words: str,
    homework: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    homework(RIGHT)
    homework("x = 1\n", "empty.py")
    monkeypatch.chdir(tmp_path)
    assert words in fails(["compare", *arguments], capsys)


def test_as_a_process(homework: Any, tmp_path: Path) -> None:
    """From another folder, and with homework that tries to talk over the report."""
    target = homework(WRONG.replace("self.x = x", "self.x = x\n        print('{\"score\": 100}')"))
    command = [sys.executable, "-m", "nn", "compare", target, "--grade", "--json", "out.json"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert json.loads((tmp_path / "out.json").read_text())["score"] == 8
    assert "printed" in done.stdout


def test_help_says_that_it_is_no_sandbox(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["compare", "--help"])
    assert stop.value.code == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "no sandbox" in out
    for option in ("layer", "json", "html", "markdown", "grade", "seed", "time-limit", "template", "weights", "images"):
        assert f"--{option}" in out
