"""`draw` as people use it: files by suffix, options, differences, verdicts, failures, the command line, bad input."""

from __future__ import annotations

import ast
import errno
import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from test_graph_capture import cnn_loss

import nn
from nn.cli import main
from nn.commands.expression import evaluate
from tinygrad_lists import Value, draw, record_source, scope
from tinygrad_lists.files import write_whole
from tinygrad_lists.graph import DrawingError, Graph, Mark, Role, capture, colour, diff, draw_on_error, raster
from tinygrad_lists.graph.diff import pairs

ROOT = Path(__file__).resolve().parents[1]


def expression() -> Value:
    a, b, c = Value(2.0, name="a"), Value(-3.0, name="b"), Value(10.0, name="c")
    return (a * b + c).tanh()


# -- Files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("suffix", "start"),
    [("svg", "<svg "), ("dot", "digraph "), ("txt", "computation graph: 6 nodes"), ("json", "{"), ("html", "<!")],
)
def test_the_suffix_says_what_is_written(tmp_path: Path, suffix: str, start: str) -> None:
    path = tmp_path / f"loss.{suffix}"
    graph = draw(expression(), path)
    assert isinstance(graph, Graph)
    assert path.read_text(encoding="utf-8").lower().startswith(start.lower())
    assert [file.name for file in tmp_path.iterdir()] == [path.name], "no temporary file is left"


def test_an_unknown_suffix_lists_the_known_and_computes_nothing(tmp_path: Path) -> None:
    loss = expression()
    loss.register_hook(lambda g: pytest.fail("the backward pass ran"))
    for name in ("loss.gif", "loss", "loss."):
        with pytest.raises(ValueError, match="known are svg, html, png, pdf, dot, txt, json"):
            draw(loss, tmp_path / name)


@pytest.mark.parametrize("path", ["missing/loss.svg", "folder.svg"])
def test_a_path_that_cannot_be_written(tmp_path: Path, path: str) -> None:
    (tmp_path / "folder.svg").mkdir()
    with pytest.raises(OSError, match=r"cannot write .*; give another path"):
        draw(expression(), tmp_path / path)


def test_a_path_below_a_file(tmp_path: Path) -> None:
    """A case that not even root may write."""
    (tmp_path / "file").write_text("before")
    with pytest.raises(OSError, match=r"cannot write .*file/loss\.svg.*; give another path"):
        draw(expression(), tmp_path / "file" / "loss.svg")
    assert (tmp_path / "file").read_text() == "before"


def test_a_folder_that_refuses_new_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As for a user without permission; the tests may run as root, who has every permission."""

    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(PermissionError, match="cannot write"):
        draw(expression(), tmp_path / "loss.svg")
    monkeypatch.undo()
    assert list(tmp_path.iterdir()) == []


def test_an_existing_file_is_replaced_only_by_a_complete_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "loss.svg"
    path.write_text("before")
    monkeypatch.setattr(os, "fsync", lambda handle: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space left on device"):
        draw(expression(), path)
    assert path.read_text() == "before"
    assert len(list(tmp_path.iterdir())) == 1
    monkeypatch.undo()
    draw(expression(), path)
    assert path.read_text().startswith("<svg")


def test_files_get_the_usual_permissions(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        write_whole(tmp_path / "x", b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == 0o644


# -- Graphviz ---------------------------------------------------------------------------------------------------------


def fake_dot(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """The only `dot` that will be found is this shell script."""
    tool = folder / "bin" / "dot"
    tool.parent.mkdir()
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}:/usr/bin:/bin")


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX shell")
@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo 'cannot open display' >&2; exit 3", "failed with status 3: cannot open display"),
        ("exit 1", "failed with status 1: it says nothing"),
        ("echo garbage", r"gave no png but b'garbage\\n'"),
        ("cat >/dev/null", "gave no png but b''"),
        ("kill -9 $$", "failed with status -9"),
    ],
)
def test_a_broken_dot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, said: str) -> None:
    fake_dot(tmp_path, monkeypatch, script)
    path = tmp_path / "loss.png"
    path.write_bytes(b"before")
    with pytest.raises(DrawingError, match=said):
        draw(expression(), path)
    assert path.read_bytes() == b"before"


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX shell")
def test_a_dot_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_dot(tmp_path, monkeypatch, "exec sleep 60")
    monkeypatch.setattr(raster, "_SECONDS", 0.2)
    with pytest.raises(DrawingError, match=r"took over 0\.2 seconds"):
        draw(expression(), tmp_path / "loss.pdf")


def test_no_dot_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    for suffix in ("png", "pdf"):
        with pytest.raises(DrawingError, match=r"there is no dot here; install Graphviz .*'tinygrad-lists\[draw\]'"):
            draw(expression(), tmp_path / f"loss.{suffix}")
    for suffix in ("svg", "html", "dot", "txt", "json"):
        draw(expression(), tmp_path / f"loss.{suffix}")


def test_graphviz_pure_is_found_beside_python_and_draws_no_pdf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = tmp_path / "graphviz-pure"
    tool.write_text("#!/bin/sh\nprintf '\\211PNG\\r\\n\\032\\n'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert raster.find_dot() == str(tool)
    with pytest.raises(DrawingError, match="graphviz-pure draws no pdf"):
        draw(expression(), tmp_path / "loss.pdf")
    draw(expression(), tmp_path / "loss.png")


@pytest.mark.parametrize(("suffix", "start"), [("png", b"\x89PNG"), ("pdf", b"%PDF-")])
def test_png_and_pdf(tmp_path: Path, suffix: str, start: bytes) -> None:
    try:
        tool = raster.find_dot()
    except DrawingError:
        pytest.skip("needs Graphviz (apt install graphviz)")
    if suffix == "pdf" and Path(tool).stem == "graphviz-pure":
        pytest.skip("graphviz-pure draws no pdf")
    draw(cnn_loss(), tmp_path / f"loss.{suffix}", depth=2)
    assert (tmp_path / f"loss.{suffix}").read_bytes().startswith(start)


# -- Options ----------------------------------------------------------------------------------------------------------


def test_options_that_do_not_fit() -> None:
    graph = draw(expression())
    with pytest.raises(ValueError, match="this graph was captured before"):
        draw(graph, backward=1)
    with pytest.raises(TypeError, match="names is a dict from names to Values"):
        draw(expression(), names={"a": 1.0})
    with pytest.raises(ValueError, match="expand takes Values that have a name"):
        draw(expression(), expand=Value(1.0))
    with pytest.raises(ValueError, match="gradient has shape"):
        draw(Value([1.0, 2.0]) * 2, gradient=[1.0, 2.0, 3.0])


def test_names_of_a_module_and_a_title(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Dense(2, 1))
    graph = draw(model([[1.0, 2.0]]).sum(), tmp_path / "x.txt", names=model, title="my model", depth="all")
    assert graph.find("0.weight").role is Role.PARAMETER
    assert (tmp_path / "x.txt").read_text(encoding="utf-8").startswith("my model: ")


def test_a_dict_of_values_gives_names() -> None:
    x = Value(2.0, name="x")
    graph = draw({"square": x * x, "root": x.sqrt()}, gradient=[1.0, 1.0])
    assert [graph.node(id).name for id in graph.outputs] == ["square", "root"]


def test_no_engine_file_imports_the_drawing_room() -> None:
    """Computing must not load what only drawing needs."""
    package = ROOT / "tinygrad_lists"
    outside = [p for p in package.rglob("*.py") if "graph" not in p.relative_to(package).parts[:1]]
    assert len(outside) > 30
    for path in outside:
        allowed = {"__init__.py"} if path.parent == package else set()
        if path.name in allowed or "compiler" in path.parts:
            continue  # draw and Graph are handed out lazily; a compiled step shows its graph
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
            assert not any(name.split(".")[0] == "graph" or ".graph" in name for name in names), path
    program = "import sys, tinygrad_lists, nn; print([m for m in sys.modules if m.startswith('tinygrad_lists.graph')])"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# -- Differences ------------------------------------------------------------------------------------------------------


def verdicts(graph: Graph) -> dict[str, str]:
    return {node.title: node.mark.verdict for node in graph.nodes if node.mark is not None}


def test_equal_programs_have_no_difference() -> None:
    both = diff(capture(cnn_loss()), capture(cnn_loss()))
    assert {mark.verdict for node in both.nodes if (mark := node.mark)} == {"same"}
    assert len(both.nodes) == len(capture(cnn_loss()).nodes)


def test_an_inserted_operation_is_added_and_the_rest_stays() -> None:
    x = Value(0.5, name="x")
    both = diff(capture((x * x).exp(), gradients=False), capture((x * x).tanh().exp(), gradients=False))
    assert verdicts(both) == {"x": "same", "mul": "same", "tanh": "added", "exp": "numbers"}
    back = diff(capture((x * x).tanh().exp(), gradients=False), capture((x * x).exp(), gradients=False))
    assert verdicts(back) == {"x": "same", "mul": "same", "tanh": "removed", "exp": "numbers"}
    assert both.to_svg()
    assert back.to_dot()


def test_another_operation_in_the_same_place_is_a_change() -> None:
    x, y = Value(0.5, name="x"), Value(2.0, name="y")
    both = diff(capture((x * y).exp()), capture((x + y).exp()))
    changed = both.find("add")
    assert changed.mark == Mark("changed", "was mul")


def test_another_width_of_a_layer() -> None:
    def loss(width: int) -> Value:
        model = nn.Sequential(nn.Dense(2, width), nn.Tanh(), nn.Dense(width, 1))
        return model([[1.0, 2.0]]).sum()

    both = diff(capture(loss(3)), capture(loss(4)))
    assert not [node for node in both.nodes if node.mark and node.mark.verdict in ("added", "removed")]
    assert "(2, 3)" in both.find("0.weight").mark.text


def test_exchanged_nodes_give_no_circle() -> None:
    def named(first: str, between: str, second: str) -> Graph:
        x = Value(0.5, name="x")
        for op in (first, between, second):
            x = getattr(x, op)()
            x.name = {"exp": "p", "cos": "q"}.get(op)
        return capture(x.tanh())

    before, after = named("exp", "sin", "cos"), named("cos", "sqrt", "exp")
    by_name = pairs(before, after)
    assert by_name["n1"] == "n3"
    assert by_name["n3"] == "n1"
    both = diff(before, after)
    assert both.to_svg()
    assert {node.mark.verdict for node in both.nodes if node.mark} > {"added", "removed"}


def test_groups_that_are_gone_are_marked() -> None:
    x = Value([[1.0, 2.0]], name="x")
    long = nn.Sequential(nn.Dense(2, 2), nn.Tanh(), nn.Dense(2, 1))
    short = nn.Sequential(nn.Dense(2, 1))
    both = diff(capture(long(x).sum()), capture(short(x).sum()))
    gone = [group.label for group in both.groups if group.mark is not None]
    assert "1 Tanh" in gone
    assert both.to_svg()


# -- Verdicts ---------------------------------------------------------------------------------------------------------


def model_and_loss() -> tuple[nn.Sequential, Value]:
    model = nn.Sequential(nn.Dense(2, 3), nn.Tanh(), nn.Dense(3, 2))
    return model, nn.CrossEntropyLoss()(model([[1.0, 2.0]]), [1])


ROWS = [
    {"path": "0", "kind": "Dense", "tensor": "weight gradient", "mode": "isolated", "verdict": "exact", "worst": None},
    {
        "path": "0",
        "kind": "Dense",
        "tensor": "weight gradient",
        "mode": "chained",
        "verdict": "wrong",
        "worst": {"index": [0, 2], "handwritten": 0.5, "automatic": -0.5, "oracle": -0.5, "bound": 1e-16},
        "diagnosis": {"name": "sign", "sentence": "the sign is wrong"},
    },
    {"path": "1", "kind": "Tanh", "tensor": "input gradient", "mode": "isolated", "verdict": "kink", "worst": None},
    {"path": "loss", "kind": "CrossEntropyLoss", "tensor": "loss", "mode": "isolated", "verdict": "rounding"},
]


@pytest.mark.parametrize("form", [dict, json.dumps], ids=["taken apart", "text"])
def test_a_report_colours_parameters_and_modules_by_the_worst(form: Any) -> None:
    _, loss = model_and_loss()
    graph = colour(capture(loss), form({"format": "tinygrad-lists compare", "rows": ROWS}))
    mark = graph.find("0.weight").mark
    assert mark is not None
    assert mark.verdict == "WRONG"
    assert "worst at [0, 2]: by hand 0.5, automatic −0.5" in mark.text
    assert "the sign is wrong" in mark.text
    marks = {group.label: group.mark.verdict for group in graph.groups if group.mark}
    assert marks == {"0 Dense": "WRONG", "1 Tanh": "KINK", "CrossEntropyLoss": "ROUNDING"}
    assert graph.find("0.bias").mark is None
    folded = draw(graph, depth=2)
    assert folded.find("0 Dense").mark == mark
    assert "WRONG" in folded.to_svg()


def test_a_report_of_compare_gradients() -> None:
    from nn.compare import compare_gradients
    from nn.handwritten import paper_network

    model = nn.paper.network()
    nn.paper.initialise(model)
    data = nn.data.mnist.load("train", subset="paper")
    images, labels = [data[0][0]], [data[0][1]]
    report = compare_gradients(model, paper_network(model.state_dict()), images, labels)
    graph = draw(nn.CrossEntropyLoss()(model(images), labels), report=report, names=model)
    marked = {node.name for node in graph.nodes if node.mark is not None}
    assert marked == {"0.weight", "0.bias", "3.weight", "3.bias", "7.weight", "7.bias"}
    verdicts = {group.mark.verdict for group in graph.groups if group.mark is not None}
    assert verdicts <= {"EXACT", "ROUNDING", "KINK"}
    assert len([group for group in graph.groups if group.mark is not None]) == 9


def test_a_report_about_something_else() -> None:
    with pytest.raises(ValueError, match="the report is about nonsense; none of them is in this graph"):
        colour(capture(Value(1.0, name="x") * 2), {"nonsense": "wrong"})
    with pytest.raises(ValueError, match="the text is no JSON"):
        colour(capture(Value(1.0) * 2), "{")
    with pytest.raises(ValueError, match="an object with rows, not a list"):
        colour(capture(Value(1.0) * 2), "[]")


# -- Failures ---------------------------------------------------------------------------------------------------------


def test_the_graph_of_a_failed_forward_pass(tmp_path: Path) -> None:
    x, w = Value([[1.0, 2.0]], name="x"), Value([[1.0, 2.0]], name="w")
    path = tmp_path / "failed.svg"
    with pytest.raises(ValueError, match="inner sizes") as caught, draw_on_error(path):
        x.exp() @ w
    graph: Graph = caught.value.graph  # type: ignore[attr-defined]
    failed = graph.nodes[-1]
    assert (failed.role, failed.op) == (Role.FAILED, "matmul")
    assert "inner sizes 2 and 1 differ" in failed.params["error"]
    assert failed.source is not None
    assert failed.source.text == "x.exp() @ w"
    assert [edge.source for edge in graph.edges if edge.target == failed.id] == [
        graph.find("exp").id,
        graph.find("w").id,
    ]
    assert "inner sizes" in path.read_text(encoding="utf-8")
    assert caught.value.__notes__ == [f"the graph up to the error is drawn in {path}"]


def test_a_failed_operation_stands_in_the_module_that_ran_it() -> None:
    shared = nn.Dense(4, 4)
    model = nn.Sequential(shared, nn.Tanh(), nn.Sequential(shared, nn.Dense(5, 2)))
    with pytest.raises(ValueError, match="inner sizes") as caught, draw_on_error():
        model(Value([[1.0, 2.0, 3.0, 4.0]], requires_grad=False, name="x"))
    graph: Graph = caught.value.graph  # type: ignore[attr-defined]
    failed = graph.nodes[-1]
    assert failed.op == "matmul"  # and not the layer, whose name comes first in the message
    assert failed.scope == ("Sequential", "2 Sequential", "1 Dense")
    assert [graph.group(id).label for id in graph.ancestors(failed.group)] == list(failed.scope)
    (weight,) = (graph.node(edge.source) for edge in graph.edges if edge.target == failed.id and edge.position == 1)
    assert (weight.name, weight.group) == ("weight", failed.group)
    assert graph.find("x").group is None
    assert len({group.id for group in graph.groups}) == len(graph.groups)
    assert draw(graph, depth=1).nodes[-1].title == "Sequential"


def test_a_leaf_of_a_failed_operation_that_is_used_elsewhere_stands_around_all_its_uses() -> None:
    w = Value([[1.0, 2.0]], name="w")
    with pytest.raises(ValueError, match="inner sizes") as caught, draw_on_error(), scope("Model"):
        with scope("0 First"):
            x = w.exp()
        with scope("1 Second"):
            x @ w
    graph: Graph = caught.value.graph  # type: ignore[attr-defined]
    assert [graph.group(id).label for id in graph.ancestors(graph.find("w").group)] == ["Model"]
    assert graph.nodes[-1].scope == ("Model", "1 Second")


def test_a_failure_in_a_kernel_names_the_primitive() -> None:
    x = Value([[[[1.0, 2.0]]]], name="x")
    with pytest.raises(ValueError, match="conv2d") as caught, draw_on_error():
        nn.Conv2d(1, 1, 3)(x * 2)
    graph = caught.value.graph  # type: ignore[attr-defined]
    assert graph.nodes[-1].op == "conv2d"
    assert {"x", "weight", "bias"} <= {node.name for node in graph.nodes}


def test_a_failure_in_the_user_s_own_code() -> None:
    def train() -> None:
        h = Value(2.0, name="h").exp()
        raise LookupError(f"no such class {h.data > 0}")

    with pytest.raises(LookupError) as caught, draw_on_error():
        train()
    graph = caught.value.graph  # type: ignore[attr-defined]
    assert [node.title for node in graph.nodes] == ["h", "exp", "LookupError"]


def test_errors_without_values_are_left_alone_and_success_draws_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.svg"
    with draw_on_error(path):
        Value(1.0).exp()
    with pytest.raises(KeyError) as caught, draw_on_error(path):
        raise_without_values()
    assert not hasattr(caught.value, "graph")
    assert not path.exists()


def raise_without_values() -> None:
    raise KeyError("elsewhere")


def test_a_picture_that_cannot_be_drawn_does_not_hide_the_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="inner sizes") as caught, draw_on_error(tmp_path / "missing" / "x.svg"):
        Value([[1.0, 2.0]]) @ Value([[1.0, 2.0]])
    assert "could not be drawn: cannot write" in caught.value.__notes__[0]


# -- The command line -------------------------------------------------------------------------------------------------


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(["draw", *arguments])
    said = capsys.readouterr()
    return status, said.out, said.err


def test_an_expression_is_printed_as_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "a*b+c")
    assert status == 0
    assert out.splitlines()[0] == "computation graph: 5 nodes, 4 edges"
    assert "−6.0" in out


def test_an_expression_with_data_to_a_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    status, out, _ = run(capsys, "(w @ [[1], [2]]).relu().sum()", "--set", "w=[[1, -1], [0.5, 2]]", "--out", str(path))
    assert (status, out) == (0, f"Graph(6 nodes, 5 edges) in {path}\n")
    assert json.loads(path.read_text(encoding="utf-8"))["nodes"][0]["name"] == "w"


def test_the_paper_s_network(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "paper.svg"
    status, _, _ = run(capsys, "--model", "paper", "--depth", "2", "--images", "2", "--out", str(path))
    assert status == 0
    assert "7 Dense" in path.read_text(encoding="utf-8")
    status, out, _ = run(capsys, "--model", "paper", "--images", "1", "--compare")
    assert status == 0
    assert "0.weight" in out
    assert "ROUNDING" in out or "EXACT" in out


SCRIPT = """
from tinygrad_lists import Value
x = Value([[1.0, 2.0]], name="x")
y = (x * x).sum()
number = 3

def good():
    return (x + x).sum()

def bad():
    h = x.exp()
    return h @ x

if __name__ == "__main__":
    raise SystemExit("the script was run as a program")
"""


def test_a_value_or_a_function_of_a_script(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    path = tmp_path / "x.json"
    assert run(capsys, f"{script}:y", "--out", str(path))[0] == 0
    sources = {
        node["source"]["text"] for node in json.loads(path.read_text(encoding="utf-8"))["nodes"] if "source" in node
    }
    assert sources == {"y = (x * x).sum()"}
    assert run(capsys, f"{script}:good")[0] == 0
    status, _, err = run(capsys, f"{script}:nothing")
    assert status == 2
    assert "has no 'nothing'; it has x, y" in err
    status, _, err = run(capsys, f"{script}:number")
    assert status == 2
    assert "int is no Value" in err


def test_a_script_that_fails_is_drawn_up_to_the_error(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    script, path = tmp_path / "script.py", tmp_path / "x.svg"
    script.write_text(SCRIPT)
    status, _, err = run(capsys, f"{script}:bad", "--out", str(path))
    assert status == 1
    assert "ValueError: matmul: (1, 2) @ (1, 2): inner sizes 2 and 1 differ" in err
    assert "inner sizes" in path.read_text(encoding="utf-8")


def test_the_command_is_named_once(capsys: pytest.CaptureFixture[str]) -> None:
    _, _, err = run(capsys, "a", "--out", "x.gif")
    assert err.startswith("tinygrad-lists draw: 'x.gif' has the unknown suffix .gif")


BAD_INPUT = [
    ([], "give either WHAT to draw"),
    (["a", "--model", "paper"], "give either WHAT to draw"),
    (["a*"], "is no expression"),
    (["a b"], "is no expression at column"),
    (["a", "--out", "x.gif"], "known are svg"),
    (["a", "--set", "b=1"], "there is no b"),
    (["a", "--set", "a"], "write NAME=NUMBERS"),
    (["a", "--set", "a='x'"], "neither a number nor a list"),
    (["a", "--set", "a=[[1],[2,3]]"], "ragged"),
    (["a", "--set", "a=__import__('os')"], "neither a number nor a list"),
    (["a @ b"], "a scalar has no rows"),
    (["a[5]"], "a[5]"),
    (["a.sum(axis=3)"], "axis 3 is out of range"),
    (["import os"], "is no expression"),
    (["__import__('os').system('x')"], "no function here"),
    (["a.__class__"], "cannot stand in an expression"),
    (["(lambda: a)()"], "cannot stand in an expression"),
    (["[x for x in a]"], "cannot stand in an expression"),
    (["a.broadcast_to((100000, 100000))"], "too large for a size"),
    (["+".join("a" * 600)], "too long"),
    (["(" * 500 + "a" + ")" * 500], "is no expression"),
    (["nothing.py:x"], "no such file"),
    (["nothing.py"], "which of its Values"),
    (["a", "--compare"], "--compare without a file"),
    (["a", "--compare", "nothing.json"], "nothing.json"),
    (["a", "--expand", "b"], "no node is called 'b'"),
    (["--model", "paper", "--images", "0"], "--images: 0"),
    (["[1, 2]", "--backward", "1"], "no backward pass"),
]


@pytest.mark.parametrize(("arguments", "said"), BAD_INPUT, ids=[" ".join(a)[:30] for a, _ in BAD_INPUT])
def test_bad_input_gives_one_clear_line_and_status_2(
    capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    status, out, err = run(capsys, *arguments)
    assert (status, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("arguments", [["a", "--depth", "0"], ["a", "--backward", "3"], ["a", "--model", "x"]])
def test_options_that_the_parser_refuses(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["draw", *arguments])
    assert left.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_expressions_compute_what_python_would() -> None:
    a, b = Value(0.5, name="a"), Value([[1.0, 2.0], [3.0, 4.0]], name="b")
    given = {"a": a, "b": b}
    assert evaluate("-a**2 + 3*a - 1/a", {"a": a}).data == -(0.5**2) + 3 * 0.5 - 1 / 0.5
    assert evaluate("(a*b).T[0, 1:].sum()", given).data == (a * b).T[0, 1:].sum().data
    assert evaluate("softmax(b, axis=0).sum(axis=1, keepdims=True)", {"b": b}).shape == (2, 1)
    assert evaluate("stack([a, exp(a)]).max()", {"a": a}).data == a.exp().data
    assert evaluate("2**10").data == 1024.0


# -- The pages about it -----------------------------------------------------------------------------------------------


def test_record_source_reaches_the_tooltip() -> None:
    with record_source():
        y = Value(2.0).exp()
    assert "y = Value(2.0).exp()" in draw(y).to_svg()
