"""Pictures and pages as a browser draws them: nothing is cut off, covered or out of reach.

The fixtures, a browser and its tab, are in conftest.py.
"""

from __future__ import annotations

import re
import runpy
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from test_graph_capture import cnn_loss

import nn
from tinygrad_lists import Graph, Value, draw, scope
from tinygrad_lists.graph import Mark, capture, capture_failure, diff, to_svg

Open = Callable[..., Any]


def twice() -> Graph:
    a = Value(3.0, name="a")
    return draw(a + a)


def mlp() -> Graph:
    model = nn.Sequential(nn.Dense(3, 4), nn.Tanh(), nn.Dense(4, 2))
    return draw(nn.CrossEntropyLoss()(model([[0.5, -1.0, 2.0]]), [1]))


def scalars() -> Graph:
    x, w = Value([[1.0, -2.0], [0.5, 1.5]], name="x"), Value([[0.3], [0.7]], name="w")
    return draw((x @ w).relu().sum(), expand="matmul")


@cache
def marked() -> Graph:
    graph = draw(cnn_loss(), depth=2)
    text = (
        "weight gradient: each filter is rotated by 180 degrees; worst at [1, 1, 0, 0]: by hand 0.08, automatic 0.005"
    )
    for node in graph.nodes:
        node.mark = Mark("WRONG", text) if node.title == "3 Conv2d" else Mark("ROUNDING")
    return graph


def failed() -> Graph:
    try:
        nn.Sequential(nn.Dense(3, 4), nn.Tanh(), nn.Dense(5, 2))(Value([[0.5, -1.0, 2.0]], name="x"))
    except ValueError as error:
        graph = capture_failure(error)
        assert graph is not None
        return graph
    raise AssertionError("the shapes fit")


def named() -> Graph:
    names = [
        "WWWWWWWWWWWWWWWWWWWWWWWW",
        "iiiiiiii",
        "漢字漢字漢字",
        "🎉🎉🎉🎉",
        "שלום עולם",
        "<b>&amp;</b>",
        "Σ∂√∞ ≤ ½",
    ]
    total = Value(float("nan"), name="total")
    for name in names:
        with scope(name):
            total = total * Value(-1.23456e-123, name=name)
    return draw(total)


def two_versions() -> Graph:
    p, q = Value(2.0, name="p"), Value(3.0, name="q")
    return diff(draw((p * q).exp() + p), draw((p * q).tanh().exp() + p))


KINDS = [twice, mlp, scalars, marked, failed, named, two_versions, lambda: draw(cnn_loss(), backward=1)]
IDS = ["a + a", "MLP", "scalars", "verdicts", "failure", "names", "difference", "backward"]


# -- SVG --------------------------------------------------------------------------------------------------------------

OUTSIDE = """() => {
  const out = [];
  const inside = (a, b) =>
    a.left >= b.left - 0.5 && a.right <= b.right + 0.5 && a.top >= b.top - 1 && a.bottom <= b.bottom + 1;
  const over = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  const boxOf = (e) => e.getBoundingClientRect();
  const page = boxOf(document.querySelector(".page"));
  for (const text of document.querySelectorAll("text")) if (!inside(boxOf(text), page)) out.push(text.textContent);
  for (const node of document.querySelectorAll("g.node")) {
    const frame = boxOf([...node.querySelectorAll("rect.box")].pop());
    const pictures = [...node.querySelectorAll("image")].map(boxOf);
    for (const text of node.querySelectorAll("text")) {
      const t = boxOf(text);
      if (pictures.some((p) => over(t, p)) || !inside(t, frame)) out.push(text.textContent);
    }
  }
  for (const plate of document.querySelectorAll("g.small > rect.plate"))
    for (const text of plate.parentElement.querySelectorAll("text"))
      if (!inside(boxOf(text), boxOf(plate))) out.push(text.textContent);
  return out;
}"""


def svg_page(tab: Any, folder: Path, svg: str) -> Any:
    file = folder / "picture.svg"
    file.write_text(svg, encoding="utf-8")
    tab.goto(file.as_uri())
    return tab


@pytest.mark.parametrize("make", KINDS, ids=IDS)
def test_every_text_of_a_picture_stands_inside_its_box(tab: Any, tmp_path: Path, make: Callable[[], Graph]) -> None:
    graph = make()
    assert svg_page(tab, tmp_path, to_svg(graph)).evaluate(OUTSIDE) == []
    assert svg_page(tab, tmp_path, to_svg(graph, across=True)).evaluate(OUTSIDE) == []


def test_a_text_that_is_cut_off_would_be_found(tab: Any, tmp_path: Path) -> None:
    page = svg_page(
        tab, tmp_path, to_svg(twice()).replace(">data 6.0<", ">data 6.0 and so much more that it is too wide<")
    )
    assert set(page.evaluate(OUTSIDE)) == {"data 6.0 and so much more that it is too wide"}


# -- The page ---------------------------------------------------------------------------------------------------------

TAGS = """() => {
  const boxOf = (e) => e.getBoundingClientRect();
  const all = (selector, name) => [...document.querySelectorAll(selector)].map((e) => [name(e), boxOf(e)]);
  const tags = all("#surface .tag rect", (e) => e.parentElement.dataset.line);
  const faces = all("#surface .card .face", () => "card");
  const titles = all("#surface .frame-title text", () => "title");
  const over = (a, b) =>
    a.left < b.right - 0.5 && b.left < a.right - 0.5 && a.top < b.bottom - 0.5 && b.top < a.bottom - 0.5;
  const covered = [];
  tags.forEach(([id, a], i) => [...tags.slice(i + 1), ...faces, ...titles].forEach(([other, b]) => {
    if (over(a, b)) covered.push([id, other]);
  }));
  return { labelled: tags.map(([id]) => id), covered };
}"""


@pytest.mark.parametrize("make", KINDS[:-1], ids=IDS[:-1])  # pages of over 70 lines have labels at the chosen card only
def test_every_edge_of_a_page_tells_what_it_contributed_and_no_label_covers_anything(
    show: Open, make: Callable[[], Graph]
) -> None:
    graph = make()
    page = show(graph)
    if page.is_visible("#open-all") and page.is_enabled("#open-all"):
        page.click("#open-all")
    for _ in range(2):  # down and to the right
        told = page.evaluate(TAGS)
        assert told["covered"] == []
        assert {edge.id for edge in graph.edges if edge.contribution is not None} <= set(told["labelled"])
        page.keyboard.press("d")


def test_a_covered_label_would_be_found(show: Open) -> None:
    page = show(twice())
    page.evaluate("document.querySelector('#surface .tag').setAttribute('transform', 'translate(20 20)')")
    assert page.evaluate(TAGS)["covered"] != []


def test_labels_say_ranges_and_norms_of_tensors_and_what_closed_modules_send(show: Open) -> None:
    page = show(scalars())
    words = page.eval_on_selector_all("#surface .tag", "all => all.map((e) => e.textContent)")
    assert "∂ 0 … 1↑ ‖1‖" in words
    page = show(capture(cnn_loss()))
    closed = page.eval_on_selector_all("#surface .tag text", "all => all.map((e) => e.textContent)")
    assert len(closed) == 8 and all(text.startswith(("←", "↑")) and "‖" in text for text in closed)


def test_titles_of_modules_are_not_cut(show: Open) -> None:
    page = show(marked())
    titles = page.eval_on_selector_all("#surface .card .title", "all => all.map((e) => e.textContent)")
    assert "CrossEntropyLoss" in titles and "2 MaxPool2d" in titles


def test_verdicts_colour_the_borders(show: Open) -> None:
    page = show(marked())
    stroke = "(e) => getComputedStyle(e).stroke"
    wrong = page.eval_on_selector("#surface .card.look-bad .face", stroke)
    fine = page.eval_on_selector("#surface .card.look-fine .face", stroke)
    assert len({wrong, fine, page.eval_on_selector("#legend", stroke)}) == 3


def test_everything_is_in_reach_in_a_narrow_window(show: Open, tab: Any) -> None:
    tab.set_viewport_size({"width": 390, "height": 780})
    try:
        page = show(mlp())
        right = "all => Math.max(...all.map((e) => e.getBoundingClientRect().right))"
        assert page.eval_on_selector_all("header *, #legend *", right) <= 390
        page.keyboard.press("r")
        heights = page.eval_on_selector_all("#replay button", "all => all.map((e) => e.getBoundingClientRect().height)")
        assert max(heights) - min(heights) < 2, "no sign is broken into two lines"
        for button in page.query_selector_all("#replay button, #replay-slider"):
            box = button.bounding_box()
            assert box["x"] >= 0 and box["x"] + box["width"] <= 390 and box["y"] + box["height"] <= 780
        page.keyboard.press("Escape")
        page.keyboard.press("l")
        for id in ("#lesson-title", "#lesson-close", "#lesson-next", "#lesson-slider"):
            box = page.query_selector(id).bounding_box()
            assert box["y"] >= 0 and box["y"] + box["height"] <= 780, id
            assert box["x"] >= 0 and box["x"] + box["width"] <= 390, id
    finally:
        tab.set_viewport_size({"width": 1280, "height": 800})


# -- The gallery ------------------------------------------------------------------------------------------------------

GALLERY = Path(__file__).resolve().parents[1] / "docs" / "gallery"


@pytest.fixture(scope="module")
def gallery() -> Any:
    return SimpleNamespace(**runpy.run_path(str(GALLERY / "make.py")))


@pytest.mark.parametrize(
    "name",
    ["expression", "expression-across", "zeros", "mlp", "matmul-scalars", "repeats", "backward", "double-backward"]
    + ["difference", "failure"]
    + [pytest.param(name, marks=pytest.mark.slow) for name in ("cnn-collapsed", "cnn-expanded", "comparison")],
)
def test_the_gallery_shows_what_is_drawn_today(gallery: Any, name: str) -> None:
    _, svg = gallery.picture(name)
    assert svg == (GALLERY / f"{name}.svg").read_text(encoding="utf-8"), "run python docs/gallery/make.py"


def test_the_gallery_has_every_picture_that_the_docs_name_and_no_other(gallery: Any) -> None:
    pages = "".join((GALLERY.parent / page).read_text(encoding="utf-8") for page in ("drawing.md", "interactive.md"))
    named = set(re.findall(r"gallery/([\w-]+\.(?:svg|png))", pages))
    shot = set(re.findall(r'shoot\(.*?"([\w-]+)"\)', (GALLERY / "interactive.py").read_text(encoding="utf-8")))
    shot |= {"zeros", "matmul-scalars", "repeats", "double-backward"}
    made = {f"{name}.svg" for name in gallery.PICTURES} | {f"interactive-{name}.png" for name in shot}
    assert named == made == {file.name for file in GALLERY.iterdir() if file.suffix in (".svg", ".png")}
