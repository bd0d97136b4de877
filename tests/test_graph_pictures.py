"""Layout, SVG, DOT and text: nothing overlaps, nothing is injected, every renderer shows the same numbers."""

from __future__ import annotations

import random
import re
import shutil
import struct
import subprocess
import zlib
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_graph_capture import cnn_loss, random_scalars

from tinygrad_lists import Value, scope
from tinygrad_lists.graph import Edge, Graph, Group, Node, capture, capture_backward, draw, to_dot, to_graphviz, to_svg
from tinygrad_lists.graph.cards import FLOW_WORDS, card
from tinygrad_lists.graph.layout import Box, Layout, lay_out
from tinygrad_lists.graph.layout.ordering import crossings
from tinygrad_lists.graph.pixels import palette, png
from tinygrad_lists.graph.scale import STOPS, Scale
from tinygrad_lists.graph.thumbnail import Thumbnail
from tinygrad_lists.graph.words import clean, text_width

SVG = "{http://www.w3.org/2000/svg}"


class Measure:
    """Boxes of 60 x 30; labels of 40 x 12 if `labels`."""

    def __init__(self, labels: bool = False) -> None:
        self.labels = labels

    def node(self, node: Node) -> tuple[float, float]:
        return 60.0, 30.0

    def label(self, edge: Edge) -> tuple[float, float] | None:
        return (40.0, 12.0) if self.labels else None

    def header(self, label: str, count: int) -> tuple[float, float]:
        return 50.0, 14.0


def random_graph(seed: int, count: int, groups: int) -> Graph:
    """Nodes with edges from earlier ones; groups are runs of the order, some inside of others."""
    rng = random.Random(seed)
    made = [Group(f"g{i}", (f"g{i}",), f"g{i}") for i in range(groups)]
    cuts = sorted(rng.sample(range(count), min(count, 2 * groups)))
    place: list[str | None] = [None] * count
    for group, (start, stop) in zip(made, zip(cuts[::2], cuts[1::2], strict=False), strict=False):
        for i in range(start, stop):
            place[i] = group.id
    for i in range(1, len(made)):
        inside = [n for n in range(count) if place[n] == made[i - 1].id]
        if len(inside) > 4 and rng.random() < 0.5:
            inner = Group(f"i{i}", (made[i - 1].label, f"i{i}"), f"i{i}", made[i - 1].id)
            made.append(inner)
            for n in inside[1:-1]:
                place[n] = inner.id
    nodes = [Node(f"n{i}", "op", (), group=place[i]) for i in range(count)]
    edges = []
    for i in range(1, count):
        for position in range(rng.randrange(3)):
            source = max(0, i - 1 - int(rng.expovariate(0.3)))
            edges.append(Edge(f"e{len(edges)}", f"n{source}", f"n{i}", position))
    return Graph(nodes, edges, made)


def overlap(a: Box, b: Box) -> bool:
    return (
        a.x < b.x + b.width - 1e-6
        and b.x < a.x + a.width - 1e-6
        and a.y < b.y + b.height - 1e-6
        and b.y < a.y + a.height - 1e-6
    )


def inside(a: Box, b: Box) -> bool:
    return b.x <= a.x and b.y <= a.y and a.x + a.width <= b.x + b.width and a.y + a.height <= b.y + b.height


def check_layout(graph: Graph, layout: Layout, across: bool) -> None:
    boxes = list(layout.nodes.items())
    assert set(layout.nodes) == {node.id for node in graph.nodes}
    for i, (name, box) in enumerate(boxes):
        assert box.x >= 0
        assert box.y >= 0
        assert box.x + box.width <= layout.width
        assert box.y + box.height <= layout.height
        for other, second in boxes[i + 1 :]:
            assert not overlap(box, second), (name, other)
        for label in layout.labels.values():
            assert not overlap(box, label), name
    for node in graph.nodes:
        chain = graph.ancestors(node.group)
        for group in chain:
            assert inside(layout.nodes[node.id], layout.groups[group])
        for group in graph.groups:
            if group.id not in chain and group.id in layout.groups:
                assert not overlap(layout.nodes[node.id], layout.groups[group.id])
    for edge in graph.edges:
        path = layout.paths[edge.id]
        source, target = layout.nodes[edge.source], layout.nodes[edge.target]
        along = 0 if across else 1
        flow = [point[along] for point in path]
        assert flow == sorted(flow), "lines go forward only"
        start = source.x + source.width if across else source.y + source.height
        assert flow[0] == pytest.approx(start)
        assert flow[-1] == pytest.approx(target.x if across else target.y)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 40), st.integers(0, 4), st.booleans(), st.booleans())
def test_nothing_overlaps_and_groups_hold_what_is_theirs(
    seed: int, count: int, groups: int, labels: bool, across: bool
) -> None:
    graph = random_graph(seed, count, groups)
    check_layout(graph, lay_out(graph, Measure(labels), across), across)


def test_the_check_of_layouts_rejects_overlaps() -> None:
    graph = random_graph(1, 10, 1)
    layout = lay_out(graph, Measure())
    layout.nodes["n3"] = layout.nodes["n2"]
    with pytest.raises(AssertionError):
        check_layout(graph, layout, False)


@pytest.mark.parametrize("backward", [False, True])
def test_the_layout_of_the_cnn(backward: bool) -> None:
    graph = capture_backward(cnn_loss()) if backward else capture(cnn_loss())
    check_layout(graph, lay_out(graph, Measure(labels=True)), False)


def test_crossings_are_counted_and_avoided() -> None:
    assert crossings([[0, 1, 2], [3, 4, 5]], [(0, 5, 0, 0), (1, 4, 0, 0), (2, 3, 0, 0)]) == 3
    nodes = [Node(f"n{i}", "op", ()) for i in range(8)]
    edges = [Edge(f"e{i}", f"n{i}", f"n{7 - i}", 0) for i in range(4)]
    layout = lay_out(Graph(nodes, edges), Measure())
    for edge in edges:
        (x, _), *_, (last, _) = layout.paths[edge.id]
        assert x == pytest.approx(last), "lines that need not cross run straight"


def test_long_lines_run_straight() -> None:
    x = Value(1.0, name="x")
    graph = capture((x.exp().sin().cos().tanh()) * x)
    points = lay_out(graph, Measure()).paths["e5"]
    assert len({round(place, 3) for place, _ in points[1:-2]}) <= 2


def test_deep_groups_need_no_recursion() -> None:
    groups = [
        Group(f"g{i}", tuple(f"g{j}" for j in range(i + 1)), f"g{i}", f"g{i - 1}" if i else None) for i in range(1500)
    ]
    graph = Graph([Node("n0", "op", (), group="g1499"), Node("n1", "op", ())], [Edge("e0", "n0", "n1", 0)], groups)
    layout = lay_out(graph, Measure())
    assert len(layout.groups) == 1500
    assert to_dot(graph).count("subgraph") == 1500


# -- SVG --------------------------------------------------------------------------------------------------------------

EVIL = [
    "<script>alert(1)</script>",
    '"]; evil -> evil [label="x',
    "\\N \\G \\E \\L \\",
    "a -> b",
    "two\nlines\r\nand\ttab",
    "bell\a null\0 escape\x1b",
    "שלום עולם",
    "مرحبا",
    "\u202eevil\u2066",
    "🎉👨‍👩‍👧",
    "&lt;b&gt; &amp; &#x27;",
    "]]><![CDATA[",
    "\ud800 lone surrogate",
    "\ufffe\uffff",
    "x" * 500,
    "<!-- -->",
    "' onload='alert(1)",
]


def evil_graph() -> Graph:
    total = Value(1.0, name="start")
    for i, name in enumerate(EVIL):
        with scope(name):
            total = total * Value(1.0 + i, name=name)
    return draw(total, title=EVIL[0])


def texts(svg: str) -> list[str]:
    root = ElementTree.fromstring(svg.encode())
    return ["".join(element.itertext()) for element in root.iter(f"{SVG}text")]


def test_svg_is_xml_and_holds_no_script_whatever_the_names() -> None:
    svg = evil_graph().to_svg()
    root = ElementTree.fromstring(svg.encode())
    allowed = {"svg", "title", "style", "defs", "pattern", "rect", "g", "path", "text", "tspan", "image"}
    for element in root.iter():
        assert element.tag.removeprefix(SVG) in allowed
        assert not [name for name in element.attrib if name.startswith("on")]
        for name, value in element.attrib.items():
            if name.endswith("href"):
                assert value.startswith("data:image/png;base64,")
    shown = " ".join(texts(svg))
    assert "<script>alert(1)</script>" in shown
    assert "&lt;b&gt; &amp; &#x27;" in shown
    assert "two ⏎ lines ⏎ and tab" in shown


@given(st.text())
@settings(max_examples=80, deadline=None)
def test_any_text_can_be_a_name(name: str) -> None:
    graph = capture(Value(1.0, name=name) * 2, title=name)
    ElementTree.fromstring(graph.to_svg().encode())
    assert graph.to_dot().encode()
    assert graph.to_text().encode()
    assert graph.to_json().encode()


def test_right_to_left_text_is_isolated_and_switches_are_made_visible() -> None:
    assert clean("שלום") == "\u2068שלום\u2069"
    assert clean("\u202eabc\u2066") == "\ufffdabc\ufffd"
    assert clean("👨‍👩‍👧") == "👨‍👩‍👧"


def test_long_names_are_cut_between_characters() -> None:
    assert clean("e\u0301" * 10, limit=6) == "e\u0301e\u0301…"
    assert len(clean("x" * 500, limit=30)) == 30
    assert text_width("W" * 30, 12) > text_width("i" * 30, 12)


def test_svg_shows_data_gradients_derivatives_and_contributions() -> None:
    a, b = Value(2.0, name="a"), Value(-3.0, name="b")
    shown = texts(to_svg(capture(a * b)))
    for text in ("a", "data 2.0", "grad −3.0", "data −6.0", "∂ −3.0", "↑ −3.0", "∂ 2.0", "↑ 2.0"):
        assert text in shown, text
    assert any(text.startswith("mul") for text in shown)


def test_svg_names_the_reasons_of_zeros_and_each_looks_different() -> None:
    x = Value([1.0, 2.0], name="x")
    dead, zero = Value(-1.0, name="dead"), Value(2.0, name="zero")
    condition = Value([1.0, 0.0], name="condition")
    graph = capture((condition.where(x, 0.0) * x.detach()).sum() + dead.relu() + zero * 0)
    svg = to_svg(graph)
    shown = texts(svg)
    for text in ("grad 0, dead ReLU", "grad 0", "no grad, unreached", "detached"):
        assert text in shown, text
    assert svg.count("url(#tgl-dead)") >= 2
    assert 'class="strip hollow"' in svg
    assert "grad not computed" in texts(to_svg(capture(x * 2)))
    assert len(set(FLOW_WORDS.values())) == len(FLOW_WORDS)


def test_svg_is_dark_where_the_page_is_dark_and_touches_nothing_else() -> None:
    style = ElementTree.fromstring(to_svg(capture(cnn_loss())).encode()).find(f"{SVG}style")
    assert style is not None
    assert style.text is not None
    assert "@media (prefers-color-scheme: dark)" in style.text
    for rule in re.findall(r"([^{}]+)\{[^{}]*\}", style.text.replace("@media (prefers-color-scheme: dark) {", "")):
        assert all(selector.strip().startswith(".tgl") for selector in rule.split(",")), rule


def test_pictures_of_the_cnn_have_thumbnails_and_a_legend() -> None:
    svg = to_svg(capture(cnn_loss()))
    assert svg.count("<image ") > 30
    shown = texts(svg)
    assert "|gradient|, root mean square" in shown
    assert "parameter, wants a gradient" in shown
    assert len(svg) < 300_000


def test_nan_and_infinities_are_shown() -> None:
    x = Value([1.0, float("nan"), float("inf")], name="x")
    shown = texts(to_svg(capture(x * 2, gradient=[1.0, 1.0, 1.0])))
    assert "⚠ 1 NaN, 1 ∞ of 3" in shown
    assert "⚠ NaN" in texts(to_svg(capture(Value(float("nan"), name="x") * 2)))


def test_a_gradient_that_is_not_finite_is_not_shown_as_a_small_one() -> None:
    svg = to_svg(capture(Value(2.0, name="x") / Value(0.0, name="zero")))
    assert svg.count('class="strip strange"') == 3, "two operands and the key"
    assert "gradient with NaN or ∞" in texts(svg)
    assert "strip strange" not in to_svg(capture(Value(2.0) / Value(4.0)))


def test_the_scale_is_logarithmic_and_bounded() -> None:
    scale = Scale(-6, 0)
    assert [scale.share(m) for m in (1e-6, 1e-3, 1.0, 1e-9, 1e9)] == pytest.approx([0, 0.5, 1, 0, 1])
    assert scale.colour(1e-6) == STOPS[0]

    def lightness(colour: str) -> float:
        red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    steps = [lightness(scale.colour(10 ** (-6 + i / 10))) for i in range(61)]
    assert steps == sorted(steps), "it can be read without colours"


def test_thumbnails_are_png_files() -> None:
    content = png(Thumbnail(2, 3, "Af+!).", False, 1.0, ""))
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", content[16:24]) == (3, 2)
    start = content.index(b"IDAT")
    length = struct.unpack(">I", content[start - 4 : start])[0]
    assert zlib.decompress(content[start + 4 : start + 4 + length]) == bytes([0, 0, 31, 62, 0, 63, 64, 66])
    assert len(set(palette(True))) == 63


def test_a_graph_shows_itself_in_jupyter() -> None:
    graph = draw(Value(2.0, name="a") * 3)
    bundle = graph._repr_mimebundle_()
    assert bundle["image/svg+xml"] == graph._repr_svg_()
    assert bundle["text/plain"] == str(graph)
    assert set(graph._repr_mimebundle_(include=["text/plain"])) == {"text/plain"}
    assert set(graph._repr_mimebundle_(exclude=["text/plain"])) == {"image/svg+xml"}
    assert repr(graph) == "Graph(3 nodes, 2 edges)"


# -- DOT --------------------------------------------------------------------------------------------------------------


def test_dot_is_quoted_whatever_the_names() -> None:
    text = to_dot(evil_graph())
    for line in text.splitlines():
        bare = re.sub(r'"(?:[^"\\]|\\.)*"', "", line)
        assert '"' not in bare, line
        assert "evil" not in bare
        assert "script" not in bare


@pytest.mark.skipif(shutil.which("dot") is None, reason="needs Graphviz (apt install graphviz)")
@pytest.mark.parametrize("make", [evil_graph, lambda: capture(cnn_loss()), lambda: capture(random_scalars(30))])
def test_graphviz_reads_it_and_shows_the_names(make: object) -> None:
    graph: Graph = make()  # type: ignore[operator]
    done = subprocess.run(
        ["dot", "-Tsvg"], input=to_dot(graph), capture_output=True, text=True, check=False, encoding="utf-8"
    )
    assert done.returncode == 0
    assert "yntax" not in done.stderr
    drawn = ElementTree.fromstring(done.stdout.encode())
    nodes = [g for g in drawn.iter(f"{SVG}g") if g.get("class") == "node"]
    edges = [g for g in drawn.iter(f"{SVG}g") if g.get("class") == "edge"]
    assert (len(nodes), len(edges)) == (len(graph.nodes), len(graph.edges))
    shown = {"".join(t.itertext()).strip().replace("\xa0", " ") for t in drawn.iter(f"{SVG}text")}
    titles = [card(graph, node).title for node in graph.nodes]
    assert sum(any(title.strip() in text for text in shown) for title in titles) == len(titles)


def test_dot_through_the_package_graphviz() -> None:
    pytest.importorskip("graphviz", reason="needs the package graphviz")
    graph = capture(Value(2.0) * 3)
    assert to_graphviz(graph).source == to_dot(graph)


def test_clusters_are_the_modules() -> None:
    text = to_dot(capture(cnn_loss()))
    assert text.count("subgraph") == 10
    assert 'label="0 Conv2d"' in text


# -- Text -------------------------------------------------------------------------------------------------------------


def test_text_lists_every_node_once_with_its_module() -> None:
    graph = capture(cnn_loss())
    lines = graph.to_text().splitlines()
    ids = [word for line in lines[2:] for word in line.replace("│", " ").split()[:1] if re.fullmatch(r"n\d+", word)]
    assert sorted(ids) == sorted(node.id for node in graph.nodes)
    assert "│ 0 Conv2d" in lines
    assert max(map(len, lines)) < 140


def test_text_of_names_with_wide_and_combining_characters_stays_aligned() -> None:
    graph = capture(Value(1.0, name="漢字") * Value(2.0, name="e\u0301"))
    rows = graph.to_text().splitlines()[2:]
    assert rows[0].index("scalar") + 2 == rows[2].index("scalar")


def test_paths_to_files_are_not_in_pictures(tmp_path: Path) -> None:
    assert str(tmp_path) not in draw(Value(1.0) * 2, tmp_path / "x.svg").to_json()
