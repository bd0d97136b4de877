"""Folding: modules, repeated blocks, operations in a row; and the scalars inside of a tensor operation."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_graph_capture import cnn_loss, random_scalars

import nn
from tinygrad_lists import Value, concat, conv2d, scope
from tinygrad_lists.graph import Flow, Graph, Role, capture, collapse, draw, expand, fit, fold_repeats
from tinygrad_lists.graph.fold import chunk
from tinygrad_lists.graph.layout.ranks import topological


def check(graph: Graph) -> None:
    """A graph that renderers can rely on: sorted, whole, free of cycles."""
    place = {node.id: i for i, node in enumerate(graph.nodes)}
    groups = {group.id for group in graph.groups}
    assert len(place) == len(graph.nodes)
    assert len({edge.id for edge in graph.edges}) == len(graph.edges)
    for edge in graph.edges:
        assert place[edge.source] < place[edge.target], edge
    keys = [(place[edge.target], edge.position) for edge in graph.edges]
    assert keys == sorted(keys)
    assert all(node.group is None or node.group in groups for node in graph.nodes)
    assert all(group.parent is None or group.parent in groups for group in graph.groups)
    assert set(graph.outputs) <= set(place)
    assert set(graph.seeds) <= set(place)
    edges = {edge.id for edge in graph.edges}
    for step in graph.steps:
        assert step.node in place
        assert set(step.edges) <= edges
    for text in (graph.to_json(), graph.to_svg(), graph.to_dot(), graph.to_text()):
        assert text
    _quotient_is_free_of_cycles(graph)


def _quotient_is_free_of_cycles(graph: Graph) -> None:
    """Folding all top groups leaves no cycle."""
    top = {node.id: (graph.ancestors(node.group) or [node.id])[0] for node in graph.nodes}
    names = list(dict.fromkeys(top.values()))
    number = {name: i for i, name in enumerate(names)}
    links = {(number[top[e.source]], number[top[e.target]]) for e in graph.edges if top[e.source] != top[e.target]}
    topological(len(names), links)


# -- Modules ----------------------------------------------------------------------------------------------------------


def test_the_cnn_collapsed_fits_in_fifteen_nodes() -> None:
    graph = collapse(capture(cnn_loss()), depth=2)
    check(graph)
    assert [node.title for node in graph.nodes] == [
        "images",
        "0 Conv2d",
        "1 ReLU",
        "2 MaxPool2d",
        "3 Conv2d",
        "4 ReLU",
        "5 MaxPool2d",
        "6 Flatten",
        "7 Dense",
        "CrossEntropyLoss",
    ]
    assert list(graph.nodes[1].params) == ["weight", "bias"]
    assert graph.outputs == [graph.nodes[-1].id]


def test_expanded_it_shows_every_primitive() -> None:
    loss = cnn_loss()
    seen, stack = {loss}, [loss]
    while stack:
        for x in stack.pop().inputs:
            if x not in seen:
                seen.add(x)
                stack.append(x)
    graph = draw(loss)
    assert len(graph.nodes) == len(seen)
    assert sorted(node.op for node in graph.nodes if node.op) == sorted(v.op.name for v in seen if v.op)


def test_a_folded_module_shows_its_result() -> None:
    whole = capture(cnn_loss())
    folded = collapse(whole, 2)
    relu = next(node for node in whole.nodes if node.op == "relu")
    group = next(node for node in folded.nodes if node.name == "1 ReLU")
    assert (group.data, group.grad, group.shape) == (relu.data, relu.grad, relu.shape)
    assert collapse(whole, 1).nodes[-2].inside == 17


def test_a_folded_module_that_holds_the_output_says_so() -> None:
    graph = collapse(capture(cnn_loss()), 2)
    assert graph.to_text().splitlines()[-1].endswith("16 nodes  output")
    assert graph.to_svg().count("16 nodes, the last is the output") == 1
    assert graph.to_svg().count("the output<") == 1


def test_depth_one_folds_the_outermost() -> None:
    graph = collapse(capture(cnn_loss()), 1)
    check(graph)
    assert [node.title for node in graph.nodes] == ["images", "Sequential", "CrossEntropyLoss"]


def test_single_groups_can_be_folded() -> None:
    whole = capture(cnn_loss())
    graph = collapse(whole, groups=["g1"])
    check(graph)
    assert [node.id for node in graph.nodes if node.role is Role.GROUP] == ["g1"]
    with pytest.raises(KeyError, match="no group g99"):
        collapse(whole, groups=["g99"])


def test_edges_into_a_folded_group_run_together_and_add_up() -> None:
    x = Value(1.0, name="x") * 2
    with scope("0 Square"):
        y = x * x
    graph = collapse(capture(y), 1)
    edge = graph.edges[-1]
    assert (graph.node(edge.target).title, edge.count) == ("0 Square", 2)
    assert edge.contribution is not None
    assert edge.contribution.data == 4.0


@pytest.mark.parametrize("depth", [0, -1, True, 1.5, "two"])
def test_a_depth_that_is_none(depth: Any) -> None:
    with pytest.raises(ValueError, match="depth is an int of at least 1"):
        draw(Value(1.0) * 2, depth=depth)


def test_folding_leaves_the_graph_alone() -> None:
    graph = capture(cnn_loss())
    before = graph.to_json()
    collapse(graph, 1)
    fold_repeats(graph)
    chunk(graph, 5)
    expand(graph, "n22")
    assert graph.to_json() == before


def test_a_module_that_is_called_twice() -> None:
    tanh = nn.Tanh()
    x = Value([0.5, 1.0], name="x")
    graph = collapse(capture((tanh(tanh(x) * 2) * x).sum()), 1)
    check(graph)
    assert [node.title for node in graph.nodes] == ["x", "Tanh", "constant", "mul", "Tanh", "mul", "sum", "reshape"]


# -- Repeats ----------------------------------------------------------------------------------------------------------


class Block(nn.Module):
    """A residual block."""

    def __init__(self) -> None:
        self.a = nn.Dense(4, 4)
        self.b = nn.ReLU()

    def forward(self, x: Any) -> Value:
        return x + self.b(self.a(x))


def test_twelve_blocks_are_shown_once() -> None:
    model = nn.Sequential(nn.Dense(2, 4), *[Block() for _ in range(12)], nn.Dense(4, 1))
    graph = fold_repeats(capture(model([[1.0, 2.0]]).sum()))
    check(graph)
    (block,) = [group for group in graph.groups if group.count > 1]
    assert (block.label, block.count) == ("1 Block", 12)
    inside = [node for node in graph.nodes if block.id in graph.ancestors(node.group)]
    assert [(node.title, node.count) for node in inside] == [
        ("weight", 12),
        ("bias", 12),
        ("matmul", 12),
        ("add", 12),
        ("relu", 12),
        ("add", 12),
    ]


def test_a_block_that_stands_for_the_output_is_one() -> None:
    folded = fold_repeats(capture(nn.Sequential(*[nn.Tanh() for _ in range(12)])(Value(0.5, name="x"))))
    assert [(node.title, node.role) for node in folded.nodes] == [("x", Role.PARAMETER), ("tanh", Role.OUTPUT)]


def test_several_modules_a_period() -> None:
    layers = [layer for _ in range(10) for layer in (nn.Dense(4, 4), nn.ReLU())]
    graph = fold_repeats(capture(nn.Sequential(*layers)([[1.0] * 4]).sum()))
    check(graph)
    (both,) = [group for group in graph.groups if group.count > 1]
    assert (both.label, both.count) == ("Dense, ReLU", 10)


def test_a_shared_weight_is_counted_once() -> None:
    w, h = Value(0.5, name="w"), Value(1.0, name="h")
    for _ in range(6):
        h = (h * w).tanh()
    graph = fold_repeats(capture(h))
    check(graph)
    assert {node.name: node.count for node in graph.nodes if node.name} == {"w": 1, "h": 1}


def test_blocks_that_differ_are_not_folded() -> None:
    x = Value(0.5, name="x")
    early = x.exp()
    y = x
    for i in range(8):
        y = y * (early if i % 3 else x)
        y = y.tanh() if i % 2 else y.sin()
    assert all(group.count < 8 for group in fold_repeats(capture(y)).groups)
    two = (x * 2).tanh() * 2
    assert len(fold_repeats(capture(two.tanh())).nodes) == len(capture(two.tanh()).nodes)


def test_wiring_must_repeat_not_only_the_operations() -> None:
    """Each step uses what was made two steps before: operations alike, blocks not connected alike at the start."""
    a, b = Value(0.5, name="a"), Value(0.25, name="b")
    values = [a, b]
    for i in range(12):
        values.append(values[-1] * values[-2 if i % 2 else -1])
    graph = capture(values[-1])
    folded = fold_repeats(graph)
    check(folded)
    total = sum(node.count for node in folded.nodes if node.op)
    assert total == sum(1 for node in graph.nodes if node.op)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(3, 9))
def test_random_blocks_fold_to_one(seed: int, length: int, times: int) -> None:
    """A random block applied again and again is found; the number of operations it stands for stays."""
    rng = random.Random(seed)
    plan = [(rng.choice(["mul", "add", "tanh"]), rng.random()) for _ in range(length)]
    x = Value(0.5, name="x")
    h = x
    for _ in range(times):
        for op, share in plan:
            h = h.tanh() if op == "tanh" else h * share if op == "mul" else h + x
    graph = capture(h)
    folded = fold_repeats(graph)
    check(folded)
    assert sum(node.count for node in folded.nodes if node.op) == sum(1 for node in graph.nodes if node.op)
    assert len([node for node in folded.nodes if node.op]) <= 2 * length + 2


# -- Fitting ----------------------------------------------------------------------------------------------------------


def test_small_graphs_stay_as_they_are() -> None:
    graph = capture(cnn_loss())
    assert fit(graph) is graph


def test_large_graphs_are_folded_and_say_so() -> None:
    x = Value(0.5, name="x")
    for _ in range(1000):
        x = (x * x + x).tanh()
    graph = draw(x)
    assert len(graph.nodes) <= 5
    assert graph.notes == ["3,001 nodes folded to 4 (repeated blocks); depth='all' shows every one"]
    assert len(draw(x, depth="all").nodes) == 3001


def test_modules_are_folded_as_deep_as_fits() -> None:
    rng = random.Random(0)

    def part(h: Value) -> Value:
        for _ in range(rng.randrange(3, 9)):
            h = rng.choice([h.tanh, h.sin, h.cos, h.exp])()
        return h

    h = Value(0.5, name="h")
    for i in range(6):
        with scope(f"{i} Outer"):
            for j in range(6):
                with scope(f"{j} Inner"):
                    h = part(h)
    graph = fit(capture(h), 50)
    check(graph)
    assert "modules to depth 2" in graph.notes[0]
    assert sum(node.role is Role.GROUP for node in graph.nodes) == 36
    assert sum(node.role is Role.GROUP for node in fit(capture(h), 20).nodes) == 6


def test_without_modules_or_repeats_operations_in_a_row_are_folded() -> None:
    graph = fit(capture(random_scalars(600, 4)), 60)
    check(graph)
    assert len(graph.nodes) <= 60
    assert "operations in a row" in graph.notes[-1]


# -- Scalars inside of a tensor operation -----------------------------------------------------------------------------


def close(a: Any, b: Any) -> bool:
    return a == pytest.approx(b, rel=1e-12, abs=1e-12)


def tensors() -> dict[str, Value]:
    rng = random.Random(0)

    def values(*shape: int) -> Value:
        size = 1
        for n in shape:
            size *= n
        return Value([rng.uniform(-1, 1) for _ in range(size)], name="x").reshape(*shape)

    x, y = values(2, 3), values(3, 2)
    return {
        "mul": x * values(3),
        "tanh": x.tanh(),
        "sum": x.sum(0),
        "reshape": x.reshape(6),
        "permute_dims": x.T,
        "broadcast_to": values(1, 3).broadcast_to(2, 3),
        "crop": x[:, 1:],
        "pad": x.pad(1),
        "flip": x.flip(),
        "concat": concat([x, x * 2], 1),
        "gather": x[[1, 0, 1]],
        "matmul": x @ y,
        "conv2d": conv2d(values(1, 2, 3, 4), values(2, 1, 2, 2), values(2), (1, 2), 1, 1, 2),
        "where": (x > 0).where(x, x * 2),
    }


@pytest.mark.parametrize("op", list(tensors()))
def test_scalars_compute_what_the_tensor_operation_did(op: str) -> None:
    out = tensors()[op]
    rng = random.Random(1)
    seed = [rng.uniform(-1, 1) for _ in range(out.size)]
    whole = capture(out, gradient=Value(seed).reshape(*out.shape))
    node = next(node for node in reversed(whole.nodes) if node.op == op)
    graph = expand(whole, node.id)
    check(graph)
    parts = [edge for edge in graph.edges if edge.target == node.id]
    assert node.data is not None
    assert all(close(graph.node(e.source).data.data, v) for e, v in zip(parts, node.data.flat, strict=True))
    for before in whole.inputs()[node.id]:
        if before.contribution is None:
            continue
        sent: dict[str, float] = {}
        for edge in graph.edges:
            inner = graph.node(edge.target)
            if edge.source == before.source and inner.op == "element" and edge.contribution is not None:
                sent[inner.id] = edge.contribution.data
        total = sum(sent.values())
        several = [e for e in whole.inputs()[node.id] if e.source == before.source and e.contribution is not None]
        assert close(total, sum(v for e in several for v in e.contribution.flat))


def test_expanded_zeros_have_reasons() -> None:
    """The first row's ReLU is closed; the last factor of the second is 0, which is another reason."""
    x, w = Value([[1.0, -2.0], [0.5, 0.0]], name="x"), Value([[0.3], [0.7]], name="w")
    for bias in (None, Value([[0.0], [0.0]])):
        product = x @ w if bias is None else (x @ w + bias)
        graph = expand(capture(product.relu().sum()), "matmul")
        flows = {node.title: node.flow for node in graph.nodes if node.op == "element"}
        assert flows["x[0, 0]"] is flows["x[0, 1]"] is Flow.DEAD
        assert flows["x[1, 0]"] is flows["x[1, 1]"] is flows["w[0, 0]"] is Flow.FLOWS
        assert flows["w[1, 0]"] is Flow.ZERO
        assert {edge.flow for edge in graph.edges if edge.target == graph.find("x[0, 0]").id} == {Flow.DEAD}
    zeroed = expand(capture(((x @ w) * [[0.0], [1.0]]).sum()), "matmul")
    assert Flow.DEAD not in {node.flow for node in zeroed.nodes}


def test_expanded_fractions_stay_exact() -> None:
    x = Value([[Fraction(1, 3), Fraction(2, 7)]], name="x")
    graph = draw((x @ [[Fraction(1, 2)], [Fraction(3, 1)]]).sum(), expand="matmul")
    added = next(node for node in graph.nodes if node.op == "add")
    assert added.data is not None
    assert added.data.number == "43/42"


def test_what_cannot_be_expanded_says_so() -> None:
    big = capture((Value([[1.0] * 50] * 50, name="x") * 2).sum())
    with pytest.raises(ValueError, match=r"mul \(50, 50\) has 5001 elements"):
        expand(big, "mul")
    with pytest.raises(ValueError, match="cannot be taken apart; elementwise operations, sum, matmul"):
        expand(capture(Value([1.0, 2.0]).max()), "max")
    with pytest.raises(KeyError, match="no node is called 'nonsense'"):
        draw(Value(1.0) * 2, expand="nonsense")
