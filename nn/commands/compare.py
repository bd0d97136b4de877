"""``tinygrad-lists compare``: gradients written by hand beside automatic ones."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from .. import paper
from ..compare import compare_gradients
from ..compare.grading import Marks, check_weights, grade
from ..compare.homework import split_target
from ..compare.kinds import KINDS, NETWORK
from ..compare.remote import TIME_LIMIT
from ..compare.report import Report
from ..compare.runner import Outcome, compare_homework, merged
from ..compare.templates import names, text
from ..data import mnist
from ..files import write_whole
from ..handwritten import paper_network

__all__ = ["add_arguments", "run"]


def _seconds(given: str) -> float:
    value = float(given)
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{given} is not a number of seconds above 0")
    return value


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.add_argument(
        "target",
        nargs="?",
        metavar="FILE.py[:NAME]",
        help="homework: a class, a pair of functions, or a network; without NAME everything in the file. Left out: "
        "nn.handwritten's version of the paper's network. It runs in a process of its own, which is no sandbox",
    )
    parser.add_argument("--layer", choices=[*KINDS, NETWORK], help="what NAME is, where its name does not say so")
    parser.add_argument("--images", type=int, default=8, metavar="N", help="images for the paper's network (8)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed of all random numbers (0)")
    parser.add_argument(
        "--time-limit",
        type=_seconds,
        default=TIME_LIMIT,
        metavar="S",
        help=f"seconds for each layer ({TIME_LIMIT:g})",
    )
    output = parser.add_argument_group("output")
    output.add_argument("--json", metavar="FILE", help="write the report (with --grade: the marks) as JSON")
    output.add_argument("--html", metavar="FILE", help="write one self-contained page with heat maps")
    output.add_argument("--markdown", metavar="FILE", help="write the report as Markdown")
    output.add_argument("--grade", action="store_true", help="give marks and hints instead of numbers")
    output.add_argument(
        "--weights", metavar="FILE", help='marks by name or kind of layer, as JSON: {"conv2d": 30, "relu": 10}'
    )
    output.add_argument(
        "--template",
        nargs="?",
        const="",
        metavar="LAYER",
        help="print a class with holes to begin with; without LAYER list what there is",
    )


def run(arguments: argparse.Namespace) -> int:
    """Compare, print, write files. 0: all is right; 1: something is not; ValueError: bad input."""
    if arguments.template is not None:
        print(
            text(arguments.template) if arguments.template else "\n".join(names()),
            end="" if arguments.template else "\n",
        )
        return 0
    if arguments.target is None:
        if arguments.grade or arguments.weights or arguments.layer:
            raise ValueError("--grade, --weights and --layer are for homework: give FILE.py or FILE.py:NAME")
        report = _paper(arguments.images)
        return _finish(report, report.ok, arguments)
    if arguments.weights and not arguments.grade:
        raise ValueError("--weights is for --grade")
    path, name = split_target(arguments.target)
    weights = _weights(arguments.weights)
    outcomes = compare_homework(path, name, arguments.layer, seed=arguments.seed, time_limit=arguments.time_limit)
    if arguments.grade:
        return _grade(outcomes, grade(outcomes, weights), arguments)
    return _finish(merged(outcomes), all(outcome.ok for outcome in outcomes), arguments)


def _paper(images: int) -> Report:
    """The paper's network, written by hand, on real images."""
    data = mnist.load("train", subset="paper")
    if not 1 <= images <= len(data):
        raise ValueError(f"--images: {images} is not from 1 to {len(data)}")
    model = paper.network()
    paper.initialise(model)
    network = paper_network(model.state_dict())
    pairs = [data[i] for i in range(images)]
    return compare_gradients(model, network, [image for image, _ in pairs], [label for _, label in pairs])


def _weights(file: str | None) -> dict[str, Fraction] | None:
    if file is None:
        return None
    try:
        return check_weights(json.loads(Path(file).read_text(encoding="utf-8")))
    except json.JSONDecodeError as error:
        raise ValueError(f"{file} is no JSON: {error}") from None


def _finish(report: Report, ok: bool, arguments: argparse.Namespace) -> int:
    report.show()
    _write_pages(report, arguments)
    if arguments.json:
        write_whole(arguments.json, (report.to_json().rstrip() + "\n").encode())
    return 0 if ok else 1


def _write_pages(report: Report, arguments: argparse.Namespace) -> None:
    if arguments.markdown:
        write_whole(arguments.markdown, report.to_markdown().encode())
    if arguments.html:
        write_whole(arguments.html, report.to_html().encode())


def _grade(outcomes: Sequence[Outcome], marks: Marks, arguments: argparse.Namespace) -> int:
    print_marks(marks)
    _write_pages(merged(outcomes), arguments)
    if arguments.json:
        write_whole(arguments.json, marks.to_json().encode())
    return 0 if all(test.passed for test in marks.tests) else 1


def print_marks(marks: Marks) -> None:
    """A table of marks and hints, with rich where it is installed."""
    total = f"{_mark(marks.score)} of {_mark(marks.max_score)} marks"
    rows = [(test.name, f"{_mark(test.score)}/{_mark(test.max_score)}", test.hint) for test in marks.tests]
    try:
        from rich import box
        from rich.console import Console
        from rich.markup import escape
        from rich.table import Table
    except ImportError:
        for name, score, said in rows:
            print(f"{score:>9}  {name}" + (f"\n           {said}" if said else ""))
        print(*marks.printed, total, sep="\n")
        return
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("Test")
    table.add_column("Marks", justify="right")
    table.add_column("Hint")
    for row in rows:
        table.add_row(*map(escape, row))
    console = Console()
    console.print(table)
    for line in marks.printed:
        console.print(line, style="dim", markup=False, highlight=False)
    console.print(total, highlight=False)


def _mark(value: Fraction) -> str:
    """With two decimals at most."""
    return f"{round(float(value), 2):g}"
