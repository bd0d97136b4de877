"""The model of a graph: what stands in it, that contributions add up to the bit, and that it is the same everywhere."""

from __future__ import annotations

import gc
import json
import os
import random
import subprocess
import sys
import weakref
from decimal import Decimal
from fractions import Fraction
from operator import add
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from op_arrays import Source, draws
from op_table import ROWS, Row

import nn
from tinygrad_lists import Value, checkpoint, detect_anomaly, primitive, record_source, scope
from tinygrad_lists.backward import gradients, seed_for
from tinygrad_lists.graph import Edge, Flow, Graph, Role, capture, capture_backward, to_dict, to_json
from tinygrad_lists.graph.formulas import FORMULAS, op_text
from tinygrad_lists.graph.thumbnail import LEVELS
from tinygrad_lists.primitives import PRIMITIVES

ROOT = Path(__file__).resolve().parents[1]


def cnn_loss() -> Value:
    """The paper's network on images of noise: every kind of layer, 8 images."""
    rng = random.Random(1)
    images = [[[[rng.random() for _ in range(28)] for _ in range(28)]] for _ in range(8)]
    model = nn.paper.network()
    nn.paper.initialise(model)
    return nn.CrossEntropyLoss()(model(Value(images, requires_grad=False, name="images")), list(range(8)))


def random_scalars(count: int, seed: int = 0) -> Value:
    """A tangle of scalar operations in which most results are used several times."""
    rng = random.Random(seed)
    values = [Value(rng.uniform(-1, 1), name=f"v{i}") for i in range(8)]
    for _ in range(count):
        a, b = rng.choice(values[-8:]), rng.choice(values[-8:])
        values.append(rng.choice([a + b, a * b, a.tanh(), a - b, a.relu()]))
    total = values[-1]
    for v in values[-8:-1]:
        total = total + v
    return total


# -- What stands in it ------------------------------------------------------------------------------------------------


def test_a_plus_a_has_two_edges() -> None:
    """micrograd keeps the inputs in a set and draws one."""
    a = Value(3.0, name="a")
    graph = capture(a + a)
    assert [(edge.source, edge.target, edge.position) for edge in graph.edges] == [("n0", "n1", 0), ("n0", "n1", 1)]
    assert graph.nodes[0].grad is not None
    assert graph.nodes[0].grad.data == 2.0


def test_nodes_in_topological_order_with_roles() -> None:
    w = Value([[1.0], [2.0]], name="w")
    x = Value([[3.0, 4.0]], requires_grad=False)
    graph = capture((x @ w) * 2)
    assert [(node.id, node.role, node.op, node.name) for node in graph.nodes] == [
        ("n0", Role.PARAMETER, "", "w"),
        ("n1", Role.INPUT, "", ""),
        ("n2", Role.OPERATION, "matmul", ""),
        ("n3", Role.CONSTANT, "", ""),
        ("n4", Role.OUTPUT, "mul", ""),
    ]
    place = {node.id: i for i, node in enumerate(graph.nodes)}
    assert all(place[edge.source] < place[edge.target] for edge in graph.edges)


def test_scopes_become_groups_and_parameters_stand_inside() -> None:
    model = nn.Sequential(nn.Dense(2, 3), nn.ReLU(), nn.Dense(3, 1))
    graph = capture(model([[1.0, 2.0]]).sum())
    assert [group.path for group in graph.groups] == [
        ("Sequential",),
        ("Sequential", "0 Dense"),
        ("Sequential", "1 ReLU"),
        ("Sequential", "2 Dense"),
    ]
    assert graph.find("0.weight").group == "g1"
    assert graph.find("2.bias").group == "g3"
    assert next(node for node in graph.nodes if node.role is Role.INPUT).group is None


def test_two_calls_of_one_module_are_two_groups() -> None:
    """Folding both into one node would make a cycle: out of the module, and back into it."""
    layer = nn.Tanh()
    x = Value([1.0], name="x")
    graph = capture((layer(layer(x) * 2)).sum())
    assert [group.label for group in graph.groups] == ["Tanh", "Tanh"]


def test_a_shared_parameter_stands_where_all_its_uses_are() -> None:
    w = Value(2.0, name="w")
    with scope("outer"):
        with scope("a"):
            x = w * 3
        with scope("b"):
            y = x * w
    graph = capture(y)
    assert graph.group(graph.find("w").group or "").path == ("outer",)


def test_source_lines_are_recorded_without_the_folder() -> None:
    with record_source():
        y = Value(2.0).exp()
    source = capture(y).nodes[-1].source
    assert source is not None
    assert (source.file, source.function, source.text) == (
        "test_graph_capture.py",
        "test_source_lines_are_recorded_without_the_folder",
        "y = Value(2.0).exp()",
    )


def test_names_can_be_given_by_a_dict() -> None:
    model = nn.Sequential(nn.Dense(2, 1))
    graph = capture(model([[1.0, 2.0]]).sum(), names=dict(model.named_parameters()))
    assert {node.name for node in graph.nodes if node.role is Role.PARAMETER} == {"0.weight", "0.bias"}


def test_every_primitive_has_a_formula_and_one_derivative_for_each_input() -> None:
    assert set(PRIMITIVES) <= set(FORMULAS)
    for name, (_, *derivatives) in FORMULAS.items():
        if name in PRIMITIVES and PRIMITIVES[name].scalar is not None and PRIMITIVES[name].differentiable:
            code = PRIMITIVES[name].vjp.__code__
            assert len(derivatives) == code.co_argcount - 2, name


def test_rules_are_those_of_the_source() -> None:
    assert op_text(PRIMITIVES["tanh"]).rule == '"tanh": lambda g, out, x: (g * (1 - out * out),)'
    assert op_text(PRIMITIVES["conv2d"]).rule.startswith("def _conv2d(")
    source = (ROOT / "tinygrad_lists" / "vjps.py").read_text(encoding="utf-8")
    assert all(op_text(row).rule.partition(": ")[2] in source for row in PRIMITIVES.values())


def test_something_else_than_a_value_is_refused() -> None:
    with pytest.raises(TypeError, match="float is no Value"):
        capture(1.0)
    with pytest.raises(TypeError, match="1 is a list, not a Value"):
        capture([Value(1.0), [Value(1.0)]])
    with pytest.raises(ValueError, match="nothing to draw"):
        capture([])


# -- Contributions ----------------------------------------------------------------------------------------------------


def check_sums(graph: Graph) -> int:
    """Seeds and contributions, in the engine's order, add up to the gradients to the bit. Returns for how many."""
    arrived: dict[str, list[Edge]] = {}
    for edge in graph.edges:
        if edge.contribution is not None:
            arrived.setdefault(edge.source, []).append(edge)
    several = 0
    for node in graph.nodes:
        if node.grad is None:
            assert node.id not in arrived
            continue
        parts: list[Any] = [graph.seeds[node.id]] if node.id in graph.seeds else []
        parts += [edge.contribution for edge in sorted(arrived.get(node.id, []), key=lambda edge: edge.order or 0)]
        total = list(parts[0].flat)
        for part in parts[1:]:
            total = list(map(add, total, part.flat))
        assert list(map(repr, total)) == list(map(repr, node.grad.flat)), node
        several += len(parts) > 1
    return several


@pytest.mark.parametrize("seed", range(20))
def test_contributions_of_scalars_add_up_to_the_gradient_to_the_bit(seed: int) -> None:
    assert check_sums(capture(random_scalars(60, seed))) > 5


def test_contributions_of_tensors_add_up_to_the_gradient_to_the_bit() -> None:
    rng = random.Random(0)
    x = Value([[rng.gauss(0, 1) for _ in range(5)] for _ in range(4)], name="x")
    w = Value([[rng.gauss(0, 1) for _ in range(5)] for _ in range(5)], name="w")
    h = x
    for _ in range(4):
        h = (h @ w).tanh() + h * 0.1 + x
    assert check_sums(capture((h * h).sum())) >= 6


def test_contributions_of_the_cnn_add_up_to_the_gradient_to_the_bit() -> None:
    assert check_sums(capture(cnn_loss())) >= 1


def test_several_outputs_one_of_which_leads_to_the_other() -> None:
    x = Value(3.0, name="x")
    y = x * x
    graph = capture([y, y.exp()], gradient=[10.0, 1.0])
    assert check_sums(graph) == 2
    assert graph.outputs == ["n1", "n2"]


def test_the_check_of_sums_rejects_another_order() -> None:
    """Floats do not add up the same in any order: the check must see that."""
    x = Value(1.0, name="x")
    graph = capture(x * 0.1 + x * 0.2 + x * 0.3)
    assert check_sums(graph) == 1
    for edge in graph.edges:
        if edge.order is not None:
            edge.order = -edge.order
    with pytest.raises(AssertionError):
        check_sums(graph)


@pytest.mark.parametrize("make", [cnn_loss, lambda: random_scalars(80, 5)], ids=["cnn", "scalars"])
def test_gradients_are_those_of_backward_to_the_bit_and_drawing_changes_none(make: Any) -> None:
    loss = make()
    graph = capture(loss)
    leaves = [node for node in graph.nodes if node.role is Role.PARAMETER]
    assert leaves
    assert all(node.held is None for node in graph.nodes)
    assert loss.grad is None
    loss.backward()
    again = capture(loss)
    for node in again.nodes:
        if node.grad is not None:
            assert node.held is not None
            assert node.held.same_bits(node.grad)
    assert all(a.grad is None or b.grad.same_bits(a.grad) for a, b in zip(graph.nodes, again.nodes, strict=True))


def test_an_observer_of_bare_numbers_sees_the_same_as_one_of_values() -> None:
    a, zero, constant = Value(0.5, name="a"), Value(0.0, name="zero"), Value(2.0, requires_grad=False)
    out = random_scalars(30) * (a * a + constant / a).relu() + (a / zero).tanh()
    seen: dict[bool, list[tuple[Value, list[str]]]] = {}
    for bare in (False, True):
        steps: list[tuple[Value, list[str]]] = []

        def observe(node: Value, g: Any, sent: list[Any], steps: Any = steps) -> None:
            steps.append((node, [repr(c._data if isinstance(c, Value) else c) for c in (g, *sent)]))

        gradients([out], [seed_for(out)], observe=observe, bare=bare)
        seen[bare] = steps
    assert seen[True] == seen[False]
    assert any("None" in texts for _, texts in seen[True])


def test_totals_grow_to_the_gradient() -> None:
    graph = capture(random_scalars(60, 2))
    for node in graph.nodes:
        edges = [edge for edge in graph.edges if edge.source == node.id and edge.order is not None]
        edges.sort(key=lambda edge: edge.order or 0)
        if len(edges) > 1 and node.id not in graph.seeds:
            assert edges[0].total is None
            assert edges[-1].total is not None
            assert node.grad is not None
            assert edges[-1].total.same_bits(node.grad)


def test_local_derivative_times_gradient_is_the_contribution() -> None:
    graph = capture(random_scalars(60, 7))
    compared = 0
    for edge in graph.edges:
        if edge.contribution is not None and edge.local is not None:
            g = graph.node(edge.target).grad
            assert g is not None
            assert edge.contribution.data == pytest.approx(g.data * edge.local.data, rel=1e-12, abs=1e-300)
            compared += 1
    assert compared > 60


def test_local_derivatives_where_plain_arithmetic_gives_up() -> None:
    x = Value(0.0, name="x")
    graph = capture(1 / x)
    assert [edge.local.data for edge in graph.edges if edge.local is not None] == [float("-inf")]


def test_steps_are_the_engine_s_and_send_what_they_say() -> None:
    loss = random_scalars(40, 1)
    graph = capture(loss)
    seen: list[Value] = []
    gradients([loss], [Value(1.0)], observe=lambda node, g, c: seen.append(node))
    ops = [node.op.name for node in seen if node.op]
    assert [graph.node(step.node).op for step in graph.steps] == ops
    edges = {edge.id: edge for edge in graph.edges}
    orders = [edges[edge].order for step in graph.steps for edge in step.edges]
    assert orders == list(range(len(orders)))


def test_hooks_are_told() -> None:
    x = Value(3.0, name="x")
    x.register_hook(lambda g: g * 10)
    graph = capture(x * x)
    assert graph.nodes[0].hooked
    assert graph.nodes[0].grad is not None
    assert graph.nodes[0].grad.data == 60.0


# -- Zeros have reasons -----------------------------------------------------------------------------------------------


def flow(graph: Graph, name: str) -> Flow:
    return graph.find(name).flow


def test_a_dead_relu_is_told_from_other_zeros() -> None:
    a, b, c = Value(-1.0, name="a"), Value(2.0, name="b"), Value(3.0, name="c")
    graph = capture((a * 2).relu() * c + b * 0)
    assert (flow(graph, "a"), flow(graph, "b"), flow(graph, "c")) == (Flow.DEAD, Flow.ZERO, Flow.ZERO)
    assert flow(graph, "relu") is Flow.FLOWS
    closed = next(edge for edge in graph.edges if graph.node(edge.target).op == "relu")
    assert closed.flow is Flow.DEAD


def test_one_open_way_is_enough() -> None:
    a = Value([-1.0, 2.0], name="a")
    assert flow(capture(a.relu().sum()), "a") is Flow.FLOWS
    assert flow(capture((a - 5).relu().sum()), "a") is Flow.DEAD
    assert flow(capture((a - 5).relu().sum() + a.sum()), "a") is Flow.FLOWS


def test_a_dead_relu_behind_another_zero_is_not_blamed() -> None:
    """No gradient arrives at the ReLU, so that it is not the ReLU that stops it."""
    a = Value(-1.0, name="a")
    assert flow(capture(a.relu() * 0), "a") is Flow.ZERO


def test_detached_constant_index_unreached_and_not_computed() -> None:
    x = Value([3.0, 1.0], name="x")
    y = (x * x.detach()).sum()
    detached = capture(y)
    assert [node.flow for node in detached.nodes if node.role is Role.CONSTANT] == [Flow.DETACHED]
    assert flow(capture(x * 2, gradient=[1.0, 1.0]), "n1") is Flow.CONSTANT
    pooled = capture(nn.MaxPool2d(2)(Value([[[[1.0, 2.0], [3.0, 4.0]]]], name="image")).sum())
    assert flow(pooled, "max_pool2d_argmax") is Flow.INDEX
    condition = Value([1.0, 0.0], name="condition")
    unreached = capture(condition.where(x, 2.0).sum())
    assert flow(unreached, "condition") is Flow.UNREACHED
    assert flow(capture(y, gradients=False), "x") is Flow.NOT_COMPUTED
    several = capture([y, x.sum()])
    assert flow(several, "x") is Flow.NOT_COMPUTED
    assert "several outputs" in several.notes[0]


def test_a_detached_scalar_that_an_operation_made() -> None:
    x = Value(3.0, name="x")
    y = x.exp()
    graph = capture(y * y.detach())
    assert [node.flow for node in graph.nodes if not node.op and not node.name] == [Flow.DETACHED]


def test_equal_literals_are_not_taken_for_detached_copies() -> None:
    x = Value(3.0, name="x")
    graph = capture(x * 3.0)
    assert [node.flow for node in graph.nodes if not node.op and not node.name] == [Flow.CONSTANT]


def test_data_assigned_since_are_told_and_drawn_without_gradients() -> None:
    """The usual order in a training loop: backward, step, and then the wish to see the graph."""
    w = Value(2.0, name="w")
    loss = (w * w).exp()
    loss.backward()
    w.data = 3.0
    graph = capture(loss)
    assert [node.op for node in graph.nodes] == ["", "mul", "exp"]
    assert "'w' were assigned after mul had used them" in graph.notes[0]
    assert graph.nodes[0].flow is Flow.NOT_COMPUTED
    assert graph.nodes[0].held is not None
    assert not graph.steps


def test_constants_only() -> None:
    graph = capture(Value(1.0, requires_grad=False) * 2)
    assert len(graph.nodes) == 1
    assert "nothing here depends on" in graph.notes[0]


def test_numbers_that_operations_hand_out_are_not_taken_for_detached_copies() -> None:
    x, y = Value(-1.0, name="x"), Value(-2.0, requires_grad=False)
    graph = capture(x.relu() + y.relu())
    assert [node.flow for node in graph.nodes if node.role is Role.CONSTANT] == [Flow.CONSTANT]


def test_a_backward_pass_that_fails_is_told() -> None:
    """A rule of one's own that is wrong: the graph can be looked at all the same."""
    broken = primitive(lambda x: x, vjp=lambda g, out, x: (g, g), name="broken")
    graph = capture(broken(Value(1.0) * 2))
    assert [node.op for node in graph.nodes if node.op] == ["mul", "broken"]
    assert "no gradients: the backward pass failed: broken: its rule must return a tuple" in graph.notes[0]


def test_nan_is_drawn_also_while_anomalies_are_errors() -> None:
    x = Value([0.0, 1.0], name="x")
    y = (x * float("nan")).sum()
    with detect_anomaly():
        graph = capture(y)
    assert graph.find("x").grad is not None
    assert not graph.notes


# -- Kinds of number, sizes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [float, Fraction, Decimal, complex])
def test_every_kind_of_number(kind: Any) -> None:
    x = Value([kind(1), kind(-2)], name="x")
    out = (x * x * 3).sum()
    rows = to_dict(capture(out))["arrays"]
    assert json.loads(json.dumps(rows)) == rows
    gradient = next(row for row in rows if row.get("values", [None])[0] in (6.0, "6", "(6+0j)"))
    assert gradient["norm"] == pytest.approx(180**0.5, rel=1e-5)


def test_nan_inf_and_sizes_of_zero() -> None:
    x = Value([1.0, float("nan"), float("inf"), float("-inf"), 0.0], name="x")
    empty = Value([], name="empty")
    graph = capture((x * 2).sum() + empty.sum())
    statistics = graph.find("x").data.statistics
    assert (statistics.nan, statistics.inf, statistics.minus_inf, statistics.zeros) == (1, 1, 1, 1)
    assert (statistics.low, statistics.high, statistics.mean) == (0.0, 1.0, 0.5)
    arrays = to_dict(graph)["arrays"]
    assert next(a for a in arrays if a["shape"] == [5])["values"][1:4] == ["nan", "inf", "-inf"]
    nothing = next(a for a in arrays if a["shape"] == [0])
    assert nothing["values"] == []
    assert nothing["norm"] is None
    assert "thumbnail" not in nothing
    assert "NaN" not in to_json(graph)


def test_statistics_of_huge_and_tiny_numbers() -> None:
    for scale in (1e300, 1e-300):
        statistics = capture(Value([3.0 * scale, 4.0 * scale])).nodes[0].data.statistics
        assert statistics.norm == pytest.approx(5.0 * scale, rel=1e-12)
        assert statistics.mean == pytest.approx(3.5 * scale, rel=1e-12)


@pytest.mark.parametrize(
    "shape",
    [(1,), (5,), (400,), (3, 4), (100, 3), (8, 1, 3, 3), (16, 8, 3, 3), (8, 1, 28, 28), (2, 40, 11, 11), (7, 9, 9)],
)
def test_thumbnails_are_small_and_complete(shape: tuple[int, ...]) -> None:
    rng = random.Random(0)
    size = 1
    for n in shape:
        size *= n
    values = [rng.uniform(-1, 1) for _ in range(size)]
    row = to_dict(capture(Value(values).reshape(*shape), gradients=False))["arrays"][-1]
    picture = row["thumbnail"]
    assert len(picture["pixels"]) == picture["rows"] * picture["columns"]
    assert max(picture["rows"], picture["columns"]) <= 48
    assert set(picture["pixels"]) <= set(LEVELS) | {"."}
    assert ("values" in row) == (size <= 64)


def test_a_thumbnail_shows_the_numbers() -> None:
    picture = to_dict(capture(Value([[-1.0, 0.0], [0.5, float("nan")]])))["arrays"][0]["thumbnail"]
    assert picture["pixels"] == LEVELS[0] + LEVELS[31] + LEVELS[46] + "!"
    assert picture["signed"]
    assert picture["high"] == 1.0


# -- The same everywhere ----------------------------------------------------------------------------------------------

PROGRAM = """
import sys
sys.path[:0] = {path!r}
from test_graph_capture import cnn_loss
from tinygrad_lists.graph import capture, capture_backward, collapse, to_dot, to_json, to_svg, to_text
loss = cnn_loss()
graph = capture(loss)
import hashlib
for g in (graph, collapse(graph, 2), capture_backward(loss)):
    for render in (to_json, to_svg, to_dot, to_text):
        print(hashlib.sha256(render(g).encode()).hexdigest())
"""


def test_the_same_bytes_in_any_process_and_with_any_hash_seed() -> None:
    program = PROGRAM.format(path=[str(ROOT), str(ROOT / "tests")])
    outputs = set()
    for seed, junk in (("0", ""), ("12345", "junk = [object() for _ in range(1000)]\n")):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            [sys.executable, "-c", junk + program], capture_output=True, text=True, env=environment, check=False
        )
        assert done.returncode == 0, done.stderr
        outputs.add(done.stdout)
    assert len(outputs) == 1
    assert len(outputs.pop().split()) == 12


def test_json_has_only_what_the_page_about_it_says() -> None:
    page = (ROOT / "docs" / "graph-json.md").read_text(encoding="utf-8")
    content = to_dict(capture(cnn_loss()))
    for part in ("nodes", "edges", "groups", "steps"):
        for row in content[part]:
            for field in row:
                assert f"`{field}`" in page or f'"{field}"' in page, field
    for row in content["arrays"]:
        for field in row:
            assert f"`{field}`" in page or f'"{field}"' in page, field
    assert all(f"`{flow}`" in page for flow in Flow)
    assert json.loads(to_json(capture(cnn_loss()))) == content
    assert len(to_json(capture(cnn_loss()))) < 200_000


# -- Size, memory, and anything that can be computed ------------------------------------------------------------------


def test_a_hundred_thousand_nodes_need_no_recursion() -> None:
    x = Value(0.5, name="x")
    for _ in range(50_000):
        x = x * 1.0001
    graph = capture(x)
    assert len(graph.nodes) == 100_001
    assert len(graph.steps) == 50_000


def test_a_graph_holds_no_values() -> None:
    x = Value([1.0, 2.0])
    y = (x * x).sum()
    alive = weakref.ref(y)
    gc.disable()
    try:
        graph = capture(y)
        del y
        assert alive() is None
        assert graph.nodes
    finally:
        gc.enable()


def test_the_collector_is_left_as_it_was() -> None:
    assert gc.isenabled()
    capture(Value(1.0) * 2)
    assert gc.isenabled()
    gc.disable()
    try:
        capture(Value(1.0) * 2)
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_operations_of_one_s_own_and_checkpoints() -> None:
    cube = primitive(lambda x: x**3, vjp=lambda g, out, x: (g * 3 * x * x,), name="cube")
    x = Value(2.0, name="x")
    graph = capture(checkpoint(lambda v: cube(v) * v, x))
    assert graph.ops["checkpoint"].rule == ""
    assert graph.nodes[-1].params == {"part": "<_Part>"}
    assert graph.nodes[0].grad is not None
    assert graph.nodes[0].grad.data == 32.0
    assert capture(cube(x)).ops["cube"].formula == "cube(…)"


@pytest.mark.parametrize("row", [row for row in ROWS if row.differentiable], ids=lambda row: row.name)
@settings(max_examples=2, deadline=None)
@given(st.data())
def test_everything_in_the_op_table_can_be_drawn(row: Row, data: st.DataObject) -> None:
    source: Source = data.draw(draws("float", empty=True))
    arrays, params = row.sample(source)
    inputs = [
        Value(list(a.flat)).reshape(*a.shape) if a.shape else Value(a.flat[0]) for a in arrays if a.flat or a.shape
    ]
    if any(type(v) is int for a in arrays for v in a.flat):
        return  # labels and positions are no Values
    out = row.call(*inputs, **params)
    outs = out if isinstance(out, list) else [out]
    seeds = [v.detach() * 0 + 1 for v in outs]
    graph = capture(outs, gradient=seeds if len(outs) > 1 else seeds[0])
    assert check_sums(graph) >= 0
    for text in (graph.to_svg(), graph.to_dot(), graph.to_text(), graph.to_json()):
        assert text


# -- Backward passes --------------------------------------------------------------------------------------------------


def test_the_graph_of_a_backward_pass() -> None:
    loss = cnn_loss()
    plain, graph = capture(loss), capture_backward(loss)
    names = [graph.node(id).name for id in graph.outputs[1:]]
    assert names == [f"∂/∂{name}" for name in ("0.weight", "0.bias", "3.weight", "3.bias", "7.weight", "7.bias")]
    for id, node in zip(graph.outputs[1:], [n for n in plain.nodes if n.role is Role.PARAMETER], strict=True):
        assert node.grad is not None
        assert graph.node(id).data is not None
        assert graph.node(id).data.same_bits(node.grad)
    paths = {group.path for group in graph.groups}
    assert ("backward", "Sequential", "3 Conv2d") in paths
    for node in graph.nodes:
        if node.phase and node.of is not None and node.op == "conv2d_weight_grad":
            assert graph.node(node.of).op == "conv2d"


def test_additions_belong_to_the_node_whose_gradient_they_add_up() -> None:
    x = Value(3.0, name="x")
    graph = capture_backward(x * x * x)
    owners = [graph.node(node.of or "").name for node in graph.nodes if node.op == "add"]
    assert owners == ["x", "x"]


def test_the_graph_of_a_double_backward_pass() -> None:
    x = Value(3.0, name="x")
    graph = capture_backward(x * x * x, order=2)
    assert graph.find("∂²/∂x²").data.number == 18.0
    assert {node.phase for node in graph.nodes} == {0, 1, 2}
    with pytest.raises(ValueError, match="backward is 0, 1 or 2, not 3"):
        capture_backward(x * x, order=3)
    with pytest.raises(RuntimeError, match="requires a gradient"):
        capture_backward(Value(1.0, requires_grad=False))
    linear = capture_backward(x * 2, order=2)
    assert {node.phase for node in linear.nodes} == {0, 1}
