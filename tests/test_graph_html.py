"""The interactive page, first as text, then as a person uses it: in a real browser, without a window."""

from __future__ import annotations

import base64
import hashlib
import html.parser
import json
import math
import random
import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

import nn
from nn.paper import network
from tinygrad_lists import Value, draw, record_source, scope
from tinygrad_lists.graph import Graph, Mark, capture, capture_failure, diff, to_dict, to_json
from tinygrad_lists.graph.derived import capture_backward
from tinygrad_lists.graph.html import to_html
from tinygrad_lists.graph.html.sections import with_sections

ATTACKS = [
    "</script><script>window.hacked = 1</script>",
    "<!--<script>",
    "<img src=x onerror='window.hacked = 1'>",
    "\"quoted\" 'twice' -> & &lt;",
    "two\nlines\r\nand\ttab\x00\x07",
    "\u202eright to left\u2066 עברית مرحبا",
    "emoji 🙂👩‍👩‍👧 and half of one \ud83d",
    "{{script}} {{data}} \\u003c/script> ${1}",
    "\u2028\u2029",
]


def small() -> tuple[Value, dict[str, Value]]:
    """micrograd's first picture, with a reused node, a dead ReLU and an unreached leaf."""
    a, b, c = Value(2.0, name="a"), Value(-3.0, name="b"), Value(10.0, name="c")
    e = a * b
    d = e + c
    dead = (a * -5.0).relu()
    out = d * e + d + dead
    e.name, d.name, out.name = "e", "d", "out"
    return out, {"a": a, "b": b, "c": c, "e": e, "d": d, "out": out}


def cnn_loss(batch: int = 1) -> Value:
    rng = random.Random(0)
    images = [[[[rng.random() for _ in range(28)] for _ in range(28)]] for _ in range(batch)]
    return nn.CrossEntropyLoss()(network()(images), [i % 10 for i in range(batch)])


# The page as text


class Reader(html.parser.HTMLParser):
    """What a browser's parser makes of the page: tags, and the text of scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] in ("script", "style", "title") and data.strip():
            self.texts.append((self.tags[-1][0], data))

    def text(self, tag: str) -> list[str]:
        return [data for name, data in self.texts if name == tag]


def test_the_page_needs_nothing_else() -> None:
    page = to_html(capture(small()[0]))
    found = Reader(page)
    assert {value for _, attrs in found.tags for name, value in attrs.items() if name in ("src", "href")} == {"data:,"}
    assert set(re.findall(r"https?://[^\"'\s]+", page)) == {"http://www.w3.org/2000/svg"}  # a name, not an address
    assert not re.search(r"url\(|@import|\bimport\s*\(|\bfetch\(|XMLHttpRequest|innerHTML|eval\(", page)
    assert not [name for _, attrs in found.tags for name in attrs if name.startswith("on") or name == "style"]


def test_only_the_page_s_own_script_and_style_may_run() -> None:
    found = Reader(to_html(capture(small()[0])))
    policy = next(attrs["content"] for tag, attrs in found.tags if attrs.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    data, script = found.text("script")
    (style,) = found.text("style")
    assert json.loads(data)["format"] == "tinygrad-lists graph"
    assert rules["default-src"] == "'none'"
    for name, text in (("script-src", script), ("style-src", style)):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert rules[name] == f"'sha256-{digest}'"


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_name_leaves_the_block_of_data(attack: str) -> None:
    graph = capture(Value(2.0, name=attack) * 3.0, title=attack)
    page = to_html(graph)
    page.encode()  # half a surrogate pair would not be written
    plain = Reader(to_html(capture(Value(2.0) * 3.0)))
    found = Reader(page)
    assert [tag for tag, _ in found.tags] == [tag for tag, _ in plain.tags]
    data, script = found.text("script")
    assert script == plain.text("script")[1]
    assert "<" not in data
    assert json.loads(data)["nodes"][0]["name"] == attack


def test_the_data_are_exactly_the_json_of_the_graph() -> None:
    graph = capture(cnn_loss())
    assert json.loads(Reader(to_html(graph)).text("script")[0]) == json.loads(to_json(graph))


def test_the_same_graph_gives_the_same_page() -> None:
    assert to_html(capture(small()[0])) == to_html(capture(small()[0]))
    assert "<title>of my own</title>" in to_html(capture(small()[0]), title="of my own")


def test_the_paper_s_network_forward_and_backward_is_under_a_megabyte() -> None:
    assert len(to_html(capture_backward(cnn_loss(8))).encode()) < 1_000_000


def test_what_is_too_large_for_a_page_is_folded_and_says_so() -> None:
    graph = json.loads(Reader(to_html(capture(chain(400)), limit=120)).text("script")[0])
    assert len(graph["nodes"]) <= 130
    assert "folded" in graph["notes"][0]


# Sections of long flat graphs


def chain(length: int) -> Value:
    x = Value(1.0, name="x")
    for i in range(length):
        x = x * 1.01 if i % 2 else x + x
    return x


def contracted_is_acyclic(graph: Graph) -> bool:
    """Whether closing every single group leaves no cycle between what is directly inside each group."""
    inside = {None: [], **{group.id: [] for group in graph.groups}}
    for group in graph.groups:
        inside[group.parent].append(group.id)
    chains = {node.id: [*graph.ancestors(node.group), node.id] for node in graph.nodes}
    links: dict[tuple[str, str], None] = {}
    for edge in graph.edges:
        a, b = chains[edge.source], chains[edge.target]
        common = 0
        while a[common] == b[common]:
            common += 1
        links[a[common], b[common]] = None
    waiting: dict[str, int] = {}
    for a, b in links:
        waiting.setdefault(a, 0)
        waiting[b] = waiting.get(b, 0) + 1
    ready = [id for id, count in waiting.items() if not count]
    done = 0
    while ready:
        id = ready.pop()
        done += 1
        for a, b in links:
            if a == id:
                waiting[b] -= 1
                if not waiting[b]:
                    ready.append(b)
    return done == len(waiting)


def test_long_flat_graphs_are_cut_into_sections() -> None:
    graph = with_sections(capture(chain(700)))
    direct: dict[str | None, int] = {}
    computed = {edge.target for edge in graph.edges}
    for node in graph.nodes:
        if node.id in computed:
            direct[node.group] = direct.get(node.group, 0) + 1
    for group in graph.groups:
        direct[group.parent] = direct.get(group.parent, 0) + 1
    assert max(direct.values()) <= 64
    assert contracted_is_acyclic(graph)
    assert [replace(node, group=None) for node in graph.nodes] == capture(chain(700)).nodes or len(graph.nodes) == 1051
    seen: set[str | None] = {None}
    for group in graph.groups:
        assert group.parent in seen
        seen.add(group.id)


def test_sections_of_sections() -> None:
    graph = with_sections(capture(chain(300)), most=5)
    assert max(len(graph.ancestors(node.group)) for node in graph.nodes) >= 3
    assert contracted_is_acyclic(graph)


def test_a_cycle_would_be_found() -> None:
    """The checker above rejects a bad grouping: first and last of a chain in one group."""
    graph = capture(chain(4))
    groups = with_sections(capture(chain(200)), most=100).groups[:1]
    ends = {graph.nodes[1].id, graph.nodes[-1].id}
    nodes = [replace(node, group=groups[0].id if node.id in ends else None) for node in graph.nodes]
    assert not contracted_is_acyclic(replace(graph, nodes=nodes, groups=groups))


def test_short_graphs_are_left_alone_and_modules_stay() -> None:
    graph = capture(cnn_loss())
    assert with_sections(graph) is graph
    with scope("Block"):
        inner = chain(100)
    cut = with_sections(capture(inner * 2.0))
    assert cut.groups[0].label == "Block"
    assert {group.parent for group in cut.groups[1:]} == {cut.groups[0].id}


# The page in a browser: fixtures are in conftest.py

Open = Callable[..., Any]


def cards(page: Any) -> list[str]:
    return page.eval_on_selector_all("#surface .card", "cards => cards.map((card) => card.dataset.id)")


def number(page: Any, kind: str) -> float:
    return float(page.get_attribute(f"#panel [data-array='{kind}']", "data-value"))


def choose(page: Any, id: str) -> None:
    page.click(f"#surface [data-id={id}] .face")


def test_a_click_shows_the_engine_s_numbers(show: Open) -> None:
    out, names = small()
    graph = capture(out)
    page = show(graph)
    out.backward()
    for name, v in names.items():
        choose(page, graph.find(name).id)
        assert number(page, "value") == v.data
        assert number(page, "gradient") == v.grad
    text = page.inner_text("#panel")
    assert "out = x + y" in text
    assert '"add": lambda g, out, x, y' in text


def test_tensors_show_shape_statistics_picture_and_source(show: Open) -> None:
    graph = capture(cnn_loss())
    page = show(graph)
    page.click("#open-all")
    conv = next(node for node in graph.nodes if node.op == "conv2d")
    page.fill("#search", conv.id)
    page.keyboard.press("Enter")
    facts = dict(
        page.eval_on_selector_all(
            "#panel [data-array='value'] dd", "all => all.map((e) => [e.dataset.fact, e.textContent])"
        )
    )
    assert conv.data is not None
    s = conv.data.statistics
    assert facts["shape"] == "1 × 8 × 26 × 26"
    assert s.norm is not None and math.isclose(float(facts["norm"]), s.norm, rel_tol=1e-5)
    assert s.low is not None and math.isclose(float(facts["min"]), s.low, rel_tol=1e-5)
    pixels = page.evaluate(
        "document.querySelector('#panel canvas').getContext('2d').getImageData(0, 0, 9, 9).data.length"
    )
    assert pixels == 9 * 9 * 4
    assert "conv2d_weight_grad" in page.inner_text("#panel")
    assert "stride = (1, 1)" in page.inner_text("#panel")


def overlaps(page: Any) -> list[Any]:
    """Cards that cover one another, and cards outside of the frame around them."""
    return page.evaluate(
        """() => {
          const box = (e) => e.getBoundingClientRect();
          const faces = [...document.querySelectorAll("#surface .card .face")].map(box);
          const bad = [];
          faces.forEach((a, i) => faces.slice(i + 1).forEach((b) => {
            if (a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom) bad.push([a, b]);
          }));
          const frames = [...document.querySelectorAll("#surface .frame .border")].map(box);
          for (const a of faces) for (const f of frames) {
            const inside = a.left >= f.left && a.right <= f.right && a.top >= f.top && a.bottom <= f.bottom;
            const apart = a.right <= f.left || a.left >= f.right || a.bottom <= f.top || a.top >= f.bottom;
            if (!inside && !apart) bad.push([a, f]);
          }
          return bad;
        }"""
    )


def on_screen(page: Any) -> bool:
    return page.evaluate(
        """() => {
          const s = document.querySelector("#surface").getBoundingClientRect();
          return [...document.querySelectorAll("#surface .face")].every((e) => {
            const b = e.getBoundingClientRect();
            return b.left >= s.left && b.right <= s.right && b.top >= s.top && b.bottom <= s.bottom;
          });
        }"""
    )


def test_the_network_begins_with_its_modules_and_opens_to_every_primitive(show: Open) -> None:
    graph = capture(cnn_loss())
    page = show(graph)
    assert len(cards(page)) <= 15
    assert on_screen(page)
    assert overlaps(page) == []
    page.click("#open-all")
    assert sorted(cards(page)) == sorted(node.id for node in graph.nodes)
    assert on_screen(page)
    assert overlaps(page) == []
    page.keyboard.press("d")
    assert overlaps(page) == []
    page.click("#close-all")
    assert len(cards(page)) == 3
    assert on_screen(page)


def test_cards_on_top_of_each_other_would_be_found(show: Open) -> None:
    page = show(small()[0])
    assert overlaps(page) == []
    page.evaluate(
        """() => {
          const [a, b] = document.querySelectorAll("#surface .card");
          a.setAttribute("transform", b.getAttribute("transform"));
        }"""
    )
    assert overlaps(page) != []


def test_groups_open_and_close_by_click(show: Open) -> None:
    graph = capture(cnn_loss())
    page = show(graph)
    conv = next(group for group in graph.groups if group.label == "0 Conv2d")
    before = cards(page)
    page.click(f"[data-id={conv.id}] .opener")
    assert set(cards(page)) - set(before) == {node.id for node in graph.nodes if node.group == conv.id}
    page.click(f"[data-frame={conv.id}]")
    assert cards(page) == before
    page.click(f"[data-id={conv.id}] .face")
    assert "Parameters" in page.inner_text("#panel")
    page.click(f"[data-id={conv.id}] .face")
    assert conv.id not in cards(page)


def test_search_goes_from_hit_to_hit_into_closed_groups(show: Open) -> None:
    graph = capture(cnn_loss())
    page = show(graph)
    relus = [node.id for node in graph.nodes if node.op == "relu"]
    page.keyboard.press("/")
    page.keyboard.type("relu")
    for id in relus:  # nodes inside of modules called ReLU are hits as well; those whose operation it is come first
        page.keyboard.press("Enter")
        assert f", {id}" in page.inner_text("#panel .heading .sub")
        assert id in cards(page)
    page.keyboard.press("Shift+Enter")
    assert f", {relus[0]}" in page.inner_text("#panel .heading .sub")
    page.fill("#search", "16x8x3x3")
    page.keyboard.press("Enter")
    assert page.inner_text("#search-count").startswith("1 of")
    assert "16 × 8 × 3 × 3" in page.inner_text("#panel .heading")
    page.fill("#search", "nothing like it")
    assert page.inner_text("#search-count") == "no hit"


def grads_shown(page: Any) -> dict[str, float]:
    """Click every card and read in the panel its gradient so far."""
    shown = page.evaluate(
        """() => [...document.querySelectorAll("#surface .card")].map((card) => {
          card.querySelector(".face").dispatchEvent(new MouseEvent("click", { bubbles: true }));
          return [card.dataset.id, document.querySelector("#panel [data-array='so-far']")?.dataset.value];
        })"""
    )
    return {id: float(value) for id, value in shown if value is not None}


def test_replay_steps_to_the_engine_s_gradients(show: Open) -> None:
    out, names = small()
    graph = capture(out)
    page = show(graph)
    page.keyboard.press("r")
    expected = {id: seed.number for id, seed in graph.seeds.items()}
    assert grads_shown(page) == expected
    edges = {edge.id: edge for edge in graph.edges}
    for i, step in enumerate(graph.steps):
        page.keyboard.press("ArrowRight")
        assert page.inner_text("#replay-count") == f"{i + 1} / {len(graph.steps)}"
        for id in step.edges:
            edge = edges[id]
            assert edge.contribution is not None
            before = expected.get(edge.source)
            expected[edge.source] = edge.contribution.data if before is None else before + edge.contribution.data
        assert grads_shown(page) == expected
        assert page.query_selector_all(".card.is-active")[0].get_attribute("data-id") == step.node
        sent = [
            float(e.get_attribute("data-value")) for e in page.query_selector_all("#replay-words strong[data-value]")
        ]
        node = graph.node(step.node)
        assert node.grad is not None and sent[0] == node.grad.number
    out.backward()
    assert grads_shown(page) == expected
    for name, v in names.items():
        id = graph.find(name).id
        assert expected[id] == v.grad
    page.keyboard.press("ArrowLeft")
    assert page.inner_text("#replay-count") == f"{len(graph.steps) - 1} / {len(graph.steps)}"


def test_a_node_that_waits_says_how_much_has_arrived(show: Open) -> None:
    a = Value(3.0, name="a")
    b = a * a
    page = show(b + a)
    page.keyboard.press("r")
    assert page.get_attribute("[data-id=n0]", "class").split()[-1] == "is-waiting"
    page.keyboard.press("ArrowRight")
    assert "is-partial" in page.get_attribute("[data-id=n0]", "class")
    assert "1/3" in page.text_content("[data-id=n0]")
    page.keyboard.press("ArrowRight")
    assert "is-complete" in page.get_attribute("[data-id=n0]", "class")


def test_the_slider_of_the_replay_works_by_mouse(show: Open) -> None:
    out, names = small()
    page = show(capture(out))
    page.click("#replay-open")
    box = page.query_selector("#replay-slider").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    step = int(page.input_value("#replay-slider"))
    assert 0 < step < int(page.get_attribute("#replay-slider", "max"))
    assert page.inner_text("#replay-count").startswith(f"{step} / ")
    assert page.query_selector_all("#surface .card.is-active")
    page.mouse.click(box["x"] + box["width"] - 2, box["y"] + box["height"] / 2)
    out.backward()
    choose(page, "n0")
    assert number(page, "gradient") == names["a"].grad


def test_play_runs_to_the_end(show: Open) -> None:
    a = Value(2.0, name="a")
    page = show(a * a)
    page.click("#replay-open")
    page.click("#replay-play")
    page.locator("#replay-count", has_text="1 / 1").wait_for()
    assert page.get_attribute("#replay-play", "aria-label") == "Play"
    page.click("#replay-close")
    assert not page.is_visible("#replay")


def test_replay_of_a_network_ends_with_its_gradients(show: Open) -> None:
    loss = cnn_loss()
    graph = capture(loss)
    page = show(graph)
    page.click("#open-all")
    page.click("#replay-open")
    page.keyboard.press("End")
    assert "last step" in page.inner_text("#replay-words")
    for node in graph.nodes:
        if node.role != "parameter" or node.grad is None:
            continue
        page.fill("#search", node.id)
        page.press("#search", "Enter")
        norm = float(page.inner_text("#panel [data-array='so-far'] [data-fact='norm']"))
        assert node.grad.statistics.norm is not None
        assert math.isclose(norm, node.grad.statistics.norm, rel_tol=1e-5)


def test_zeros_have_reasons_in_words_and_looks(show: Open) -> None:
    a, b, c = Value(-1.0, name="a"), Value(2.0, name="b"), Value(0.0, name="c")
    cut = (b * 3.0).detach()
    graph = capture([a.relu() + b * c + cut, Value(5.0, name="far") * 1.0], gradient=[1.0, None])
    graph.node(graph.find("far").id)
    page = show(graph)
    looks = {}
    for node in graph.nodes:
        element = page.query_selector(f"[data-id={node.id}]")
        looks[node.flow] = element.get_attribute("class")
        choose(page, node.id)
        if node.flow == "dead":
            assert "closed" in page.inner_text("#panel")
    assert {"dead", "constant"} <= set(looks)
    assert "flow-dead" in looks["dead"]
    plain = show(capture(a * b, gradients=False))
    assert "not computed" in plain.text_content("[data-id=n0]")


def test_why_lists_the_ways_and_they_add_up(show: Open) -> None:
    a = Value(3.0, name="a")
    b = a * 2.0
    c = a * b
    out = c + b * a + a
    graph = capture(out)
    page = show(graph)
    choose(page, "n0")
    page.click("text=Why is this gradient")
    products = [float(e.get_attribute("data-product")) for e in page.query_selector_all("[data-product]")]
    assert len(products) == 5
    assert sum(products) == graph.node("n0").grad.number == 25.0
    assert products == sorted(products, key=abs, reverse=True)


def test_very_many_ways_are_counted_not_listed(show: Open) -> None:
    x = Value(1.0, name="x")
    for _ in range(60):
        x = x + x
    page = show(x)
    page.fill("#search", "n0")
    page.keyboard.press("Enter")
    page.click("text=Why is this gradient")
    assert len(page.query_selector_all("[data-product]")) == 12
    assert "about 1.15e18" in page.inner_text(".why")
    assert "more, which together give 1.15292e18" in page.inner_text(".why .more")


def test_why_of_a_tensor_names_its_uses(show: Open) -> None:
    x = Value([1.0, -2.0], name="x")
    page = show((x * x + x).sum())
    choose(page, "n0")
    page.click("text=Why is this gradient")
    assert "sum of 3 contributions" in page.inner_text(".why")
    page.click(".why [data-go=n1]")
    assert ", n1" in page.inner_text("#panel .heading")


def test_a_click_on_a_line_tells_local_derivative_and_contribution(show: Open) -> None:
    out, _ = small()
    graph = capture(out)
    page = show(graph)
    edge = next(edge for edge in graph.edges if edge.local is not None and edge.total is not None)
    page.dispatch_event(f"#surface .line[data-line={edge.id}] .grip", "click")
    assert number(page, "local") == edge.local.number
    assert number(page, "contribution") == edge.contribution.number
    assert number(page, "total") == edge.total.number


# Lessons: each mistake is made in Python too


def inputs_of(v: Value) -> list[tuple[Value, float]]:
    x = list(v.inputs)
    if not x:
        return []
    assert v.op is not None
    if v.op.name == "mul":
        return [(x[0], x[1].data), (x[1], x[0].data)]
    return [(x[0], 1.0), (x[1], 1.0)]


def made_wrong(out: Value, order: list[Value], mistake: str) -> dict[Value, float]:
    grads = {out: 1.0}

    def recurse(v: Value, seen: set[Value]) -> None:
        for x, d in inputs_of(v):
            grads[x] = grads.get(x, 0.0) + grads[v] * d
            if x not in seen:
                seen.add(x)
                recurse(x, seen)

    def run(add: bool) -> None:
        for v in reversed(order):
            for x, d in inputs_of(v):
                grads[x] = grads[v] * d + (grads.get(x, 0.0) if add else 0.0)

    if mistake == "No topological order":
        recurse(out, {out})
    elif mistake == "= instead of +=":
        run(add=False)
    else:
        run(add=True)
        for v in order:
            if v.inputs:
                del grads[v]
        grads[out] = 1.0
        run(add=True)
    return grads


@pytest.mark.parametrize("mistake", ["No topological order", "= instead of +=", "Gradients not reset"])
def test_a_lesson_shows_the_numbers_that_the_mistake_gives(show: Open, mistake: str) -> None:
    a, b = Value(2.0, name="a"), Value(3.0, name="b")
    c = a * b
    d = c + a
    e = c * d
    e.name = "e"
    page = show(e)
    page.keyboard.press("l")
    page.click(f"#lesson-tabs >> text={mistake}")
    assert 2 <= page.inner_text("#lesson-words").count(". ") + 1 <= 4
    slider = page.locator("#lesson-slider")
    slider.focus()
    page.keyboard.press("End")
    wrong = made_wrong(e, [a, b, c, d, e], mistake)
    e.backward()
    ids = {"n0": a, "n1": b, "n2": c, "n3": d, "n4": e}
    shown = {}
    for side in ("right", "wrong"):
        got = page.eval_on_selector_all(
            f"#lesson-{side} .card", "all => all.map((c) => [c.dataset.id, c.dataset.grad])"
        )
        shown[side] = {ids[id]: float(grad) for id, grad in got}
    assert shown["right"] == {v: v.grad for v in ids.values()}
    assert shown["wrong"] == wrong != shown["right"]
    rows = page.query_selector_all("#lesson-result tbody tr")
    assert len(rows) == sum(wrong[v] != v.grad for v in ids.values())
    assert page.query_selector_all("#lesson-wrong .is-wrong")
    page.keyboard.press("Home")
    seen_bad = False
    for _ in range(int(slider.get_attribute("max"))):
        page.keyboard.press("ArrowRight")
        seen_bad |= "bad" in (page.get_attribute("#lesson-wrong-words", "class") or "")
        assert "bad" not in page.get_attribute("#lesson-right-words", "class").split()
    assert seen_bad
    page.keyboard.press("Escape")
    assert not page.is_visible("#lesson")


def test_a_mistake_that_does_not_show_says_so_and_tensors_get_the_example(show: Open) -> None:
    page = show(Value(2.0, name="a") * Value(3.0, name="b") + Value(1.0, name="c"))
    page.click("#lesson-open")
    assert "changes no number" in page.inner_text("#lesson-note")
    page.click("#lesson-sources >> text=Example")
    assert page.inner_text("#lesson-note") == ""
    page = show(Value([1.0, 2.0]).sum())
    page.click("#lesson-open")
    assert not page.is_visible("#lesson-sources")
    assert len(page.query_selector_all("#lesson-right .card")) == 5


# The comparison on the picture


def test_verdicts_colour_the_cards_and_a_click_tells_the_worst_element(show: Open) -> None:
    graph = capture(cnn_loss())
    verdicts = ["EXACT", "ROUNDING", "KINK", "WRONG", "UNTESTED"]
    marked = [node for node in graph.nodes if node.role == "parameter"][:5]
    for node, verdict in zip(marked, verdicts, strict=True):
        node.mark = Mark(verdict, f"worst of {node.id}: [0, 1] 0.5 against 0.25")
    page = show(graph)
    assert "WRONG" in page.inner_text("#legend")
    signs = page.eval_on_selector_all("#surface .verdict text", "all => all.map((e) => e.textContent)")
    assert "✗" in signs  # of the closed group that holds it
    page.click("#open-all")
    looks = {}
    for node, verdict in zip(marked, verdicts, strict=True):
        looks[verdict] = page.get_attribute(f"[data-id={node.id}] .verdict", "class")
        page.fill("#search", node.id)
        page.press("#search", "Enter")
        assert f"worst of {node.id}: [0, 1] 0.5 against 0.25" in page.inner_text("#panel .note")
        assert verdict in page.inner_text("#panel .note")
    assert len(set(looks.values())) == 5


# Keyboard, themes, bad input


def test_everything_can_be_done_without_a_mouse(show: Open) -> None:
    graph = capture(cnn_loss())
    page = show(graph)
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.classList.contains('card')"):
            break
    focused = "document.activeElement.dataset.id ?? document.activeElement.dataset.frame"
    first = page.evaluate(focused)
    assert page.evaluate("document.activeElement.matches(':focus-visible')")
    assert page.evaluate("getComputedStyle(document.activeElement.querySelector('.halo')).stroke") != "none"
    page.keyboard.press("ArrowRight")
    second = page.evaluate(focused)
    assert second != first
    page.keyboard.press("ArrowLeft")
    assert page.evaluate(focused) == first == next(group.id for group in graph.groups if group.label == "0 Conv2d")
    conv = page.evaluate(focused)
    page.keyboard.press("Enter")
    assert "0 Conv2d" in page.inner_text("#panel")
    page.keyboard.press("Enter")
    assert conv not in cards(page)
    assert page.evaluate("document.activeElement.dataset.frame") == conv
    page.keyboard.press("Enter")
    assert conv in cards(page)
    assert page.evaluate(focused) == conv
    page.keyboard.press("Escape")
    assert not page.is_visible("#panel")
    page.keyboard.press("Space")
    assert conv not in cards(page)
    page.keyboard.press("?")
    assert page.is_visible("#help")
    page.keyboard.press("Escape")
    assert not page.is_visible("#help")
    before = page.get_attribute("#surface .content", "transform")
    page.keyboard.press("+")
    assert page.get_attribute("#surface .content", "transform") != before
    page.keyboard.press("0")
    assert on_screen(page)
    page.keyboard.press("r")
    page.keyboard.press(".")
    assert page.inner_text("#replay-count").startswith("1 /")
    page.keyboard.press("Escape")
    assert not page.is_visible("#replay")


def test_every_control_has_a_name(show: Open) -> None:
    page = show(small()[0])
    unnamed = page.evaluate(
        """() => [...document.querySelectorAll("button, input, [role=button]")].filter(
          (e) => !(e.getAttribute("aria-label") || e.textContent.trim())).map((e) => e.id || e.outerHTML)"""
    )
    assert unnamed == []
    label = page.get_attribute("[data-id=n0]", "aria-label")
    assert label.startswith("a, parameter, gradient ")


def test_wheel_zooms_drag_pans_and_a_drag_is_no_click(show: Open) -> None:
    page = show(small()[0])
    content = "#surface .content"
    start = page.get_attribute(content, "transform")
    page.hover("[data-id=n0] .face")
    page.mouse.wheel(0, -300)
    page.locator(f"{content}:not([transform='{start}'])").wait_for()
    zoomed = page.get_attribute(content, "transform")
    box = page.locator("[data-id=n0] .face").bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 120, box["y"] + 80, steps=4)
    page.mouse.up()
    assert page.get_attribute(content, "transform") != zoomed
    assert not page.is_visible("#panel")
    page.click("#fit")
    assert on_screen(page)


def test_light_and_dark(show: Open) -> None:
    def brightness(page: Any) -> float:
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        return sum(map(int, re.findall(r"\d+", colour)[:3]))

    page = show(small()[0], "dark")
    assert brightness(page) < 200
    page.keyboard.press("t")
    assert brightness(page) > 600
    page = show(small()[0])
    assert brightness(page) > 600
    page.keyboard.press("t")
    assert brightness(page) < 200


def test_names_are_shown_as_text(show: Open) -> None:
    leaves = [Value(2.0, name=attack) for attack in ATTACKS]
    with scope(ATTACKS[0]):
        out = sum(leaves[1:], leaves[0]) * 3.0
    graph = capture(out, title=ATTACKS[0])
    for node in graph.nodes:
        node.mark = Mark("WRONG", node.name)
    page = show(graph)
    assert page.inner_text("#title") == page.title() == ATTACKS[0]
    for node in graph.nodes:
        if node.name in ATTACKS:
            choose(page, node.id)
            if node.name.isprintable():
                assert node.name in page.inner_text("#panel h2") + page.inner_text("#panel .note")
    page.keyboard.press("r")
    page.keyboard.press("End")
    page.keyboard.press("l")
    assert page.evaluate("window.hacked") is None
    assert page.evaluate("document.scripts.length") == 2
    assert page.evaluate("document.images.length") == 0


def test_the_policy_stops_what_would_get_in(show: Open) -> None:
    """The proof that the policy works: a script and a request that come by another way are refused."""
    page = show(small()[0])
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.hacked = 1'}))"
    )
    assert page.evaluate("window.hacked") is None
    assert page.evaluate("fetch('data:text/plain,x').then(() => 'sent', () => 'refused')") == "refused"
    assert len(show.said) >= 2 and all("Content Security Policy" in text for text in show.said)  # type: ignore[attr-defined]
    show.said.clear()  # type: ignore[attr-defined]


def test_numbers_that_are_none(show: Open) -> None:
    nan, inf = float("nan"), float("inf")
    out = Value(nan, name="n") * Value(2.0, name="x") + Value([[1.0, nan], [-inf, 0.0]], name="t").sum()
    page = show(out + Value([[], []], name="empty").sum() + Value(inf, name="i"))
    for id, word in (("n0", "nan"), ("n1", "2")):
        choose(page, id)
        assert page.get_attribute("#panel [data-array='value']", "data-value") == word
    text = page.text_content("#surface")
    assert "NaN" in text and "∞" in text and "2 × 0" in text
    page.keyboard.press("r")
    page.keyboard.press("End")


def test_exact_and_complex_numbers(show: Open) -> None:
    third = Value(Fraction(1, 3), name="third")
    graph = capture(third * third)
    page = show(graph)
    choose(page, "n1")
    assert page.get_attribute("#panel [data-array='value']", "data-value") == "1/9"
    choose(page, "n0")
    assert page.get_attribute("#panel [data-array='gradient']", "data-value") == "2/3"
    page.click("text=Why is this gradient")
    z = Value(1 + 2j, name="z")
    page = show(capture(z * z, gradients=False))
    choose(page, "n0")
    assert page.get_attribute("#panel [data-array='value']", "data-value") == "(1+2j)"


def test_three_thousand_nodes_stay_usable(show: Open) -> None:
    rng = random.Random(1)
    pool = [Value(rng.uniform(-1, 1), name=f"x{i}") for i in range(12)]
    for i in range(1500):
        a, b = rng.choice(pool[-30:]), rng.choice(pool[-30:])
        pool.append((a * b).tanh() if i % 2 else (a - b) * 0.5)
    out = sum(pool[-29:], pool[-30])
    graph = capture(out)
    assert len(graph.nodes) > 3000
    page = show(graph)
    assert len(cards(page)) <= 80
    assert overlaps(page) == []
    page.fill("#search", "x3")
    page.keyboard.press("Enter")
    assert graph.find("x3").id in cards(page)
    page.keyboard.press("Escape")
    page.click("#open-all")
    assert len(cards(page)) == len(graph.nodes)
    page.click("#replay-open")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.click("#close-all")
    assert len(cards(page)) <= 80


def test_source_lines_and_parents_are_told(show: Open) -> None:
    with record_source():
        a = Value(2.0, name="a")
        out = a * a
    graph = capture(out)
    assert graph.nodes[1].source is not None
    page = show(graph)
    choose(page, "n1")
    assert f"test_graph_html.py:{graph.nodes[1].source.line}" in page.inner_text("#panel")
    assert "out = a * a" in page.inner_text("#panel")


def test_a_failed_forward_pass_shows_where_and_why(show: Open) -> None:
    x = Value([[1.0, 2.0]], name="x")
    with pytest.raises(ValueError) as caught:
        (x * 2.0) @ [[1.0], [2.0], [3.0]]
    graph = capture_failure(caught.value)
    assert graph is not None
    page = show(graph)
    choose(page, next(node.id for node in graph.nodes if node.role == "failed"))
    assert "inner sizes 2 and 3 differ" in page.inner_text("#panel .note")
    assert "no result" in page.inner_text("#panel .sub")
    assert page.is_disabled("#replay-open")


def test_differences_and_folded_blocks_open(show: Open) -> None:
    a, b = Value(2.0, name="a"), Value(3.0, name="b")
    page = show(diff(capture(a * b + a), capture((a * b).tanh() + b)))
    assert "added: only in the second" in page.inner_text("#legend")
    model = nn.Sequential(*[nn.Sequential(nn.Dense(2, 2), nn.ReLU()) for _ in range(40)])
    page = show(draw(model([[0.5, -1.0]]).sum()))
    assert "× 40" in page.text_content("#surface")
    page.keyboard.press("r")
    page.keyboard.press("End")
    assert "last step" in page.inner_text("#replay-words")


def test_on_paper_the_whole_picture_is_shown(show: Open) -> None:
    page = show(cnn_loss())
    page.click("#zoom-in")
    page.click("#zoom-in")
    before = page.get_attribute("#surface .content", "transform")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert on_screen(page)
    assert not page.is_visible(".tools")
    page.emulate_media(media="screen")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.get_attribute("#surface .content", "transform") == before


def test_graphs_of_backward_passes_and_without_gradients(show: Open) -> None:
    page = show(capture_backward(cnn_loss()))
    assert overlaps(page) == []
    page.fill("#search", "conv2d_input_grad")
    page.keyboard.press("Enter")
    assert "Made by the backward pass" in page.inner_text("#panel")
    page = show(capture(Value([1.0, 2.0]) * 2.0))
    assert "no gradients: the output has shape (2,)" in page.inner_text("#notes")
    assert page.is_disabled("#replay-open")


def test_to_dict_and_the_page_agree_on_every_field(show: Open) -> None:
    """The page reads what docs/graph-json.md describes, nothing else."""
    graph = capture(small()[0])
    page = show(graph)
    inside = page.evaluate("JSON.parse(document.querySelector('#graph-data').textContent)")
    assert inside == to_dict(graph)
