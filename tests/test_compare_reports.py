"""A report in all its forms: stable JSON, text without rich, HTML into which no name can smuggle a script."""

from __future__ import annotations

import io
import json
import math
import re
import sys
from fractions import Fraction
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from test_compare_verdicts import DoubledInput, NegativeWeights, Steep, small

from nn.compare import Diagnosis, Metrics, Remark, Report, Row, Verdict, Worst, compare_gradients, compare_layer
from nn.compare.render.heatmap import LEVELS, heat_map, level, level_names
from nn.compare.render.markdown import markdown
from nn.compare.render.summary import number, percent, short
from nn.compare.render.terminal import show
from nn.compare.tensors import Tensor

SCRIPT = "<script>alert('x')</script>"


@pytest.fixture(scope="module")
def wrong() -> Report:
    model, network, x, y = small(dense=DoubledInput, conv=NegativeWeights, relu=Steep)
    return compare_gradients(model, network, x, y)


@pytest.fixture(scope="module")
def right() -> Report:
    model, network, x, y = small()
    return compare_gradients(model, network, x, y)


def hostile() -> Report:
    """Everything that can hold text holds markup."""
    metrics = Metrics((2,), (2,), 1.0, 1.0, 1.0, None, 1.0, 7, 7.0, 0, 0, 0, 0, 0.5)
    worst = Worst((1,), math.nan, Fraction(1, 3), Fraction(1, 3), 0.0)
    diagnosis = Diagnosis(f"name {SCRIPT}", f"sentence {SCRIPT} | `a` *b* [c](d)", 1.0, (f"other {SCRIPT}",))
    row = Row(
        f"path {SCRIPT}",
        f"Kind{SCRIPT}",
        f"tensor {SCRIPT}",
        "isolated",
        Verdict.WRONG,
        metrics,
        worst,
        diagnosis,
        f"pattern {SCRIPT}",
        f"note {SCRIPT}",
        1.0,
        (1,),
        Tensor([0.0, math.inf], (2,)),
        1.0,
    )
    return Report([row], [Remark(f"path {SCRIPT}", f"Kind{SCRIPT}", "raised", f"sentence {SCRIPT}\n<b>")])


# -- JSON -------------------------------------------------------------------------------------------------------------

ROW_KEYS = {
    "path",
    "kind",
    "tensor",
    "mode",
    "verdict",
    "metrics",
    "worst",
    "diagnosis",
    "pattern",
    "note",
    "tested",
    "wrong_elements",
}


def test_json_keeps_its_keys(wrong: Report) -> None:
    """An autograder reads these: keys may be added in a new version, none may go."""
    record = json.loads(wrong.to_json())
    assert (record["format"], record["version"]) == ("tinygrad-lists compare", 1)
    assert set(record) == {"format", "version", "ok", "first_guilty", "guilty", "rows", "remarks"}
    assert record["ok"] is False and record["guilty"] == ["3", "0"]
    assert record["first_guilty"] == {"path": "3", "kind": "Dense", "tensor": "input gradient", "mode": "isolated"}
    assert len(record["rows"]) == len(wrong.rows)
    for row in record["rows"]:
        assert set(row) == ROW_KEYS
        assert row["verdict"] in {"exact", "rounding", "kink", "wrong", "untested"}
        assert set(row["metrics"]) == set(Metrics.__dataclass_fields__)
        if row["worst"] is not None:
            assert set(row["worst"]) == {"index", "handwritten", "automatic", "oracle", "bound"}
        if row["diagnosis"] is not None:
            assert set(row["diagnosis"]) == {"name", "sentence", "confidence", "alternatives"}


def test_json_is_the_same_for_the_same_comparison(wrong: Report) -> None:
    model, network, x, y = small(dense=DoubledInput, conv=NegativeWeights, relu=Steep)
    assert compare_gradients(model, network, x, y).to_json() == wrong.to_json()


def test_json_has_no_numbers_that_json_has_not() -> None:
    text = hostile().to_json()
    record = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert record["rows"][0]["worst"] == {
        "index": [1],
        "handwritten": "nan",
        "automatic": "1/3",
        "oracle": "1/3",
        "bound": 0.0,
    }
    assert record["remarks"][0]["name"] == "raised"


# -- text -------------------------------------------------------------------------------------------------------------


def test_text_says_what_to_look_at_first(wrong: Report) -> None:
    lines = str(wrong).splitlines()
    assert lines[0] == "handwritten against automatic: wrong"
    assert "Look first at layer 3 (Dense), input gradient." in lines
    assert "Wrong by themselves as well: layer 0." in lines
    assert any(line.startswith("layer 3 (Dense), input gradient: wrong") for line in lines)
    assert any("factor 2: It is twice the right one." in line for line in lines)
    assert any("sign: Every number has the opposite sign." in line for line in lines)
    assert "(nearer to the automatic number)" in " ".join(" ".join(lines).split())
    assert any("slope 1 at 0: At 0 the slope is taken as 1" in line for line in lines)
    assert max(map(len, lines)) <= 120


def test_text_of_a_right_network_is_a_table(right: Report) -> None:
    text = str(right)
    assert text.startswith("handwritten against automatic: right\n14 tensors, 42 comparisons: ")
    assert "WRONG" not in text and "Look first" not in text


def test_text_names_what_was_not_tested() -> None:
    model, network, x, y = small()
    report = compare_gradients(model, [None, *list(network.layers.values())[1:]], x, y)
    assert "not everything was tested" in str(report).splitlines()[0]


def test_the_terminal_needs_no_rich(wrong: Report, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setitem(sys.modules, "rich.console", None)
    wrong.show()
    assert capsys.readouterr().out == f"{wrong}\n"


@pytest.mark.parametrize("width", [80, 100, 140])
def test_the_terminal_repeats_colours_in_words(wrong: Report, width: int) -> None:
    console = pytest.importorskip("rich.console", reason="rich is not installed")
    out = io.StringIO()
    show(wrong, console.Console(file=out, width=width, color_system=None))
    text = out.getvalue()
    for said in ("✗ wrong", "rounding", "exact", "kink", "weight grad", "CrossEntropyLoss", "factor 2"):
        assert said in text, f"{said!r} is missing at width {width}"
    assert "…" not in text
    assert max(len(line.rstrip()) for line in text.splitlines()) <= width


def test_markup_of_rich_in_a_name_is_only_text() -> None:
    console = pytest.importorskip("rich.console", reason="rich is not installed")
    report = compare_layer("relu", Steep(), [[0.0, 1.0]], path="[bold red]x[/bold red] [/]")
    out = io.StringIO()
    show(report, console.Console(file=out, width=160, color_system=None))
    assert "[bold red]x[/bold red] [/]" in out.getvalue()


# -- Markdown ---------------------------------------------------------------------------------------------------------


def test_markdown_is_a_table_with_equally_many_cells(wrong: Report) -> None:
    page = wrong.to_markdown()
    table = [line for line in page.splitlines() if line.startswith("|")]
    assert len(table) == 2 + 14
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in table} == {10}
    assert "**wrong**" in page and "## layer 3 (Dense), input gradient: wrong" in page


def test_markdown_escapes_names() -> None:
    page = markdown(hostile())
    assert "<script" not in page.replace("\\<script", "")
    assert r"\| \`a\` \*b\* \[c\](d)" in page
    assert "\n<b>" not in page


# -- HTML -------------------------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """Checks that every tag is closed in order, and keeps what it saw."""

    VOID = {"meta", "link", "br", "img", "input", "path", "rect"}

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open}"
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data


def parsed(html: str) -> Page:
    page = Page()
    page.feed(html)
    page.close()
    assert page.open == []
    return page


@pytest.mark.parametrize("which", ["wrong", "right", "hostile"])
def test_html_is_well_formed_and_self_contained(which: str, wrong: Report, right: Report) -> None:
    html = {"wrong": wrong, "right": right, "hostile": hostile()}[which].to_html()
    assert html.startswith("<!DOCTYPE html>")
    page = parsed(html)
    assert "script" not in page.tags and "link" not in page.tags and "img" not in page.tags
    names = {name for name, _ in page.attributes}
    assert not {name for name in names if name.startswith("on")} and "src" not in names
    targets = [value or "" for name, value in page.attributes if name == "href"]
    assert all(target.startswith("#") for target in targets)
    assert "http:" not in html and "https:" not in html and "@import" not in html
    ids = {value for name, value in page.attributes if name == "id"}
    assert {target[1:] for target in targets} <= ids
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in page.attributes


def test_html_shows_names_as_text_and_not_as_markup() -> None:
    page = parsed(hostile().to_html())
    assert "b" not in page.tags[page.tags.index("body") :] or page.tags.count("b") == 1  # the path in the table
    for text in ("path", "Kind", "tensor", "pattern", "note", "sentence", "other", "name"):
        assert re.search(rf"{text} ?{re.escape(SCRIPT)}", page.text)


def test_html_has_the_words_beside_the_colours(wrong: Report) -> None:
    page = parsed(wrong.to_html())
    for word in ("wrong", "kink", "rounding", "exact", "factor 2", "Worst element", "handwritten", "oracle"):
        assert word in page.text
    assert page.text.count("equal") >= 1 and "above 1" in page.text


def test_html_is_written_to_a_file(wrong: Report, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    assert wrong.to_html(path) == path.read_text(encoding="utf-8")


# -- maps -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "shape", [(), (1,), (200,), (3, 4), (100, 7), (2, 3, 5, 6), (4, 1, 3, 3), (2, 1, 1, 1), (3, 2, 2)], ids=str
)
def test_maps_have_a_square_for_every_element(shape: tuple[int, ...]) -> None:
    size = math.prod(shape)
    errors = Tensor([10.0 ** -(i % 20) for i in range(size)], shape)
    tensor = "weight gradient" if shape == (4, 1, 3, 3) else "input gradient"
    row = Row("0", "Conv2d", tensor, "isolated", Verdict.WRONG, errors=errors, scale=1.0, outside=(0,))
    svg, words = heat_map(row)
    root = ElementTree.fromstring(svg)
    _, _, width, height = map(int, root.attrib["viewBox"].split())
    shaded = [path for path in root if "class" in path.attrib]
    covered: set[tuple[int, int]] = set()
    for path in shaded:
        for x, y, run in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", path.attrib["d"]):
            squares = {(int(x) + i, int(y)) for i in range(int(run))}
            assert not squares & covered
            covered |= squares
    assert all(x < width and y < height for x, y in covered)
    of_a_sample = len(shape) == 4 and tensor == "input gradient"
    assert len(covered) == (size // shape[0] if of_a_sample else size)
    assert any(path.attrib.get("fill") == "url(#hatch)" for path in root)
    assert words in root.attrib["aria-label"]


def test_levels_are_two_decimal_places_each() -> None:
    assert len(level_names()) == LEVELS
    assert [level(10.0**exponent, 1.0) for exponent in (-20, -15, -13, -1, 1)] == [1, 1, 2, 8, 9]
    assert level(0.0, 0.0) == 0 and level(1.0, 0.0) == LEVELS - 1
    assert level(math.inf, 1.0) == level(math.nan, 1.0) == LEVELS - 1
    assert level(5e-310, 1e-308) == level(5e-2, 1.0)


# -- numbers ----------------------------------------------------------------------------------------------------------


def test_numbers_are_shown_with_all_their_digits_and_shortly_in_tables() -> None:
    assert number(0.1) == "0.1" and number(1 / 3) == "0.3333333333333333"
    assert number(Fraction(1, 3)) == "1/3"
    assert number(Fraction(1, 3**40)).startswith("8.22526333996995")
    assert (short(0.0), short(1e-20), short(0.5), short(1234567), short(None)) == (
        "0",
        "1.00e-20",
        "0.5",
        "1.2e+06",
        "",
    )
    assert short(Fraction(10) ** 400) == "huge"
    assert (percent(0.0), percent(1e-6), percent(0.999999), percent(1.0)) == ("0%", "<0.1%", ">99.9%", "100%")


def test_nothing_is_said_twice_and_no_heading_stands_over_nothing() -> None:
    shape = Metrics((2, 3), (3, 2))
    note = "has shape (2, 3), expected (3, 2)"
    told = Diagnosis("shape", f"It {note}.")
    rows = [
        Row("ReLU", "ReLU", "activation", "isolated", Verdict.WRONG, note="ReLU.forward returned None"),
        Row("MyDense", "Dense", "activation", "isolated", Verdict.WRONG, shape, None, told, note=note),
    ]
    report = Report(rows)
    for form in (str(report), report.to_markdown(), report.to_html()):
        assert form.replace("\\", "").count(note) == 1
        assert "ReLU.forward returned None" in form
        assert "ReLU ReLU" not in form
        assert "MyDense</b> Dense" in form or "MyDense Dense" in form
    assert "<h4>Numbers</h4><dl></dl>" not in report.to_html()
    assert report.to_html().count("<h4>Numbers</h4>") == 1
