"""``tinygrad-lists draw``: the graph of an expression, of a program's Value, or of the paper's network."""

from __future__ import annotations

import argparse
import runpy
import sys
from pathlib import Path
from typing import Any

from tinygrad_lists import Graph, Value, draw, record_source
from tinygrad_lists.graph import DrawingError, capture_failure

from .. import paper
from ..data import mnist
from ..layers import Sequential
from ..losses import CrossEntropyLoss
from .expression import evaluate, numbers

__all__ = ["add_arguments", "run"]


def _depth(text: str) -> int | str:
    if text == "all":
        return text
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is neither a number of at least 1 nor 'all'")
    return int(text)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.add_argument(
        "what",
        nargs="?",
        metavar="WHAT",
        help="an expression such as 'a*b + c.tanh()', or SCRIPT.py:NAME, where NAME is a Value, several, or a function "
        "that returns them. The script is run",
    )
    parser.add_argument("--model", choices=("paper",), help="draw the paper's network and its loss on real images")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=NUMBERS",
        help="what a name in the expression stands for: 2, -0.5 or [[1, 2], [3, 4]]. Names not set get some number",
    )
    parser.add_argument("--images", type=int, default=8, metavar="N", help="images for --model (8)")
    picture = parser.add_argument_group("picture")
    picture.add_argument(
        "--out",
        metavar="FILE",
        help="where to draw: .svg, .html (interactive), .png, .pdf, .dot, .txt or .json; without it a table is printed",
    )
    picture.add_argument(
        "--depth",
        type=_depth,
        metavar="N",
        help="levels of modules to show, or 'all' operations; left out, as much as can be read",
    )
    picture.add_argument(
        "--expand",
        action="append",
        default=[],
        metavar="NAME",
        help="a tensor operation to take apart into scalars: a name, an operation such as matmul, or an id such as n7",
    )
    picture.add_argument(
        "--backward",
        type=int,
        default=0,
        choices=(0, 1, 2),
        help="1: draw the operations of the backward pass as well; 2: also those that differentiate it again",
    )
    picture.add_argument(
        "--compare",
        nargs="?",
        const="",
        metavar="REPORT.json",
        help="colour by the verdicts of a report "
        "(tinygrad-lists compare --json REPORT.json); without a file, with --model paper, compare now",
    )
    picture.add_argument("--across", action="store_true", help="from left to right instead of from the top down")
    picture.add_argument("--title", default="", help="a line above the picture")


def run(arguments: argparse.Namespace) -> int:
    """Draw. 0: done; 1: the program to be drawn failed, and the graph up to there is drawn; ValueError: bad input."""
    if (arguments.what is None) == (arguments.model is None):
        raise ValueError("give either WHAT to draw (an expression, or SCRIPT.py:NAME) or --model paper")
    if arguments.compare == "" and arguments.model is None:
        raise ValueError("--compare without a file is for --model paper; give --compare REPORT.json")
    script, name = _script(arguments.what or "")
    if arguments.set and (script or arguments.model):
        raise ValueError("--set is for expressions")
    names: Any = None
    if arguments.model is not None:
        value, names = _paper(arguments.images)
    elif script:
        outcome = _Run(script, name)
        if outcome.error is not None:
            return _failed(outcome.error, arguments)
        value = outcome.value
    else:
        value = evaluate(arguments.what, dict(map(_assignment, arguments.set)))
    _draw(value, arguments, names)
    return 0


def _draw(value: Any, arguments: argparse.Namespace, names: Any = None) -> None:
    try:
        graph = draw(
            value,
            arguments.out,
            depth=arguments.depth,
            expand=arguments.expand,
            backward=arguments.backward,
            names=names,
            report=_report(arguments),
            title=arguments.title,
            across=arguments.across,
        )
    except (DrawingError, ValueError, TypeError, KeyError, RuntimeError) as error:
        text = str(error.args[0] if error.args else error)
        raise ValueError(text.removeprefix("draw: ")) from None  # the command's name stands before it already
    print(f"{graph!r} in {arguments.out}" if arguments.out else graph.to_text(), end="\n" if arguments.out else "")


def _assignment(text: str) -> tuple[str, Value]:
    name, equals, given = text.partition("=")
    if not equals or not name.strip().isidentifier():
        raise ValueError(f"--set {text}: write NAME=NUMBERS, as in --set a=2")
    return name.strip(), Value(numbers(given, f"--set {name.strip()}"), name=name.strip())


def _script(what: str) -> tuple[str, str]:
    """File and name of ``SCRIPT.py:NAME``; two empty texts for anything else."""
    path, colon, name = what.rpartition(":")
    if what.endswith(".py"):
        raise ValueError(f"{what}: which of its Values? Write {what}:NAME")
    return (path, name) if colon and path.endswith(".py") else ("", "")


class _Run:
    """One run of somebody's script: what NAME is, or the error that stopped it."""

    def __init__(self, path: str, name: str) -> None:
        self.value: Any = None
        self.error: BaseException | None = None
        if not Path(path).is_file():
            raise FileNotFoundError(f"{path}: no such file")
        sys.path.insert(0, str(Path(path).resolve().parent))
        with record_source():
            try:
                variables = runpy.run_path(path, run_name="__draw__")
                if name in variables:
                    found = variables[name]
                    self.value = found() if callable(found) and not isinstance(found, Value | Graph) else found
            except Exception as error:  # noqa: BLE001 (somebody's program may raise anything; it is shown, and drawn)
                self.error = error
                return
            finally:
                sys.path.pop(0)
        if name not in variables:
            drawable = [key for key, value in variables.items() if isinstance(value, Value | Graph)]
            raise ValueError(f"{path} has no {name!r}; it has {', '.join(drawable[:8]) or 'no Value at all'}")


def _failed(error: BaseException, arguments: argparse.Namespace) -> int:
    """Say what went wrong, and draw what there is."""
    text = " ".join(f"{type(error).__name__}: {error}".split())
    graph = capture_failure(error)
    if graph is None:
        raise ValueError(f"{arguments.what}: {text}")
    print(f"tinygrad-lists draw: {arguments.what} failed: {text}", file=sys.stderr)
    arguments.expand, arguments.backward, arguments.compare = [], 0, None
    _draw(graph, arguments)
    return 1


def _paper(images: int) -> tuple[Value, Sequential]:
    """The loss of the paper's network on the first images, with the weights that training begins with."""
    data = mnist.load("train", subset="paper")
    if not 1 <= images <= len(data):
        raise ValueError(f"--images: {images} is not from 1 to {len(data)}")
    model = paper.network()
    paper.initialise(model)
    batch = [data[i] for i in range(images)]
    with record_source():
        pictures = Value([image for image, _ in batch], requires_grad=False, name="images")
        return CrossEntropyLoss()(model(pictures), [label for _, label in batch]), model


def _report(arguments: argparse.Namespace) -> Any:
    if arguments.compare is None:
        return None
    if arguments.compare:
        return Path(arguments.compare).read_text(encoding="utf-8")
    from ..compare import compare_gradients
    from ..handwritten import paper_network

    data = mnist.load("train", subset="paper")
    batch = [data[i] for i in range(arguments.images)]
    model = paper.network()
    paper.initialise(model)
    network = paper_network(model.state_dict())
    return compare_gradients(model, network, [image for image, _ in batch], [label for _, label in batch])
