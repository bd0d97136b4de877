"""Takes the screenshots of the interactive page that stand in this folder.

Run it with ``python docs/gallery/interactive.py`` from the repository. It needs playwright and a Chromium on the
system, and Pillow to make the files small.
"""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE)]

from make import PICTURES  # noqa: E402
from PIL import Image  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402

import nn  # noqa: E402
from nn.paper import initialise, network  # noqa: E402
from tinygrad_lists import Value, record_source  # noqa: E402
from tinygrad_lists.graph import Graph, capture  # noqa: E402
from tinygrad_lists.graph.derived import capture_backward  # noqa: E402
from tinygrad_lists.graph.html import to_html  # noqa: E402


def scalars() -> Graph:
    """A small program in which a and c are used twice."""
    with record_source():
        a, b = Value(0.5, name="a"), Value(-1.5, name="b")
        c = a * b
        d = c + a
        out = (c * d).tanh() + (b * 0.1).relu()
    c.name, d.name, out.name = "c", "d", "out"
    return capture(out, title="a small program")


def cnn(backward: bool = False) -> Graph:
    """The paper's network on one digit."""
    model = network()
    initialise(model)
    image, label = nn.data.mnist.load("train", subset="paper")[0]
    loss = nn.CrossEntropyLoss()(model([image]), [label])
    return (
        capture_backward(loss, title="forward and backward") if backward else capture(loss, title="the paper's network")
    )


class Camera:
    """A browser that takes pictures of pages."""

    def __init__(self, browser: Any, folder: Path) -> None:
        self.browser = browser
        self.folder = folder

    def open(self, graph: Graph, scheme: str = "light", width: int = 1200) -> Any:
        """A page that shows the graph, in a window of so many pixels."""
        path = self.folder / "graph.html"
        path.write_text(to_html(graph), encoding="utf-8")
        page = self.browser.new_context(viewport={"width": width, "height": 740}, color_scheme=scheme).new_page()
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-ready]")
        return page

    def shoot(self, page: Any, name: str) -> None:
        """Write the picture with a palette of its own: these pages have few colours."""
        page.wait_for_timeout(150)
        image = Image.open(io.BytesIO(page.screenshot(animations="disabled"))).convert("RGB")
        image.quantize(200).save(HERE / f"interactive-{name}.png", optimize=True)


def small_program(camera: Camera) -> None:
    """Replay half-way, the panel with its ways, and a lesson."""
    page = camera.open(scalars())
    page.keyboard.press("r")
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    camera.shoot(page, "replay")
    page.keyboard.press("Escape")
    page.click("[data-id=n0] .face")
    page.click("text=Why is this gradient")
    page.evaluate("document.querySelector('#panel').scrollTop = 1e6")
    camera.shoot(page, "why")
    page.keyboard.press("l")
    page.click("#lesson-sources >> text=Example")
    page.focus("#lesson-slider")
    page.keyboard.press("End")
    camera.shoot(page, "lesson")


def network_pages(camera: Camera) -> None:
    """The network closed, open, dark, half-way through its backward pass, and compared."""
    page = camera.open(cnn())
    camera.shoot(page, "modules")
    page.click("#open-all")
    camera.shoot(page, "primitives")
    page = camera.open(cnn(), "dark")
    page.click("[data-id=g1] .opener")
    page.click("[data-id=n0] .face")
    camera.shoot(page, "dark")
    page = camera.open(cnn(), "dark")
    page.keyboard.press("r")
    for _ in range(14):
        page.keyboard.press("ArrowRight")
    camera.shoot(page, "replay-network")
    camera.shoot(camera.open(cnn(backward=True)), "backward")


def every_kind(camera: Camera) -> None:
    """The pages of the graphs that ``make.py`` draws."""
    page = camera.open(PICTURES["comparison"]())
    page.click("text=3 Conv2d")
    camera.shoot(page, "comparison")
    page = camera.open(PICTURES["failure"]())
    page.click("[data-id=n7] .face")
    camera.shoot(page, "failure")
    page = camera.open(PICTURES["difference"]())
    page.click("[data-id=n2] .face")
    camera.shoot(page, "difference")
    for name in ("zeros", "matmul-scalars", "repeats", "double-backward"):
        camera.shoot(camera.open(PICTURES[name]()), name)
    page = camera.open(scalars(), width=390)
    page.keyboard.press("r")
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    camera.shoot(page, "narrow")


def main() -> None:
    """All of them."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        camera = Camera(browser, Path(folder))
        small_program(camera)
        network_pages(camera)
        every_kind(camera)
        browser.close()


if __name__ == "__main__":
    main()
