"""The interactive page: how long it takes to make, how large it is, and how long a browser takes to open it.

Run it with ``python tests/benchmarks/graph_html.py`` from the repository; it takes about ten seconds. Times to make a
page contain capturing the graph. Those in the browser need playwright and a Chromium on the system, and are left out
without.
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).parent)]

from machine import describe

import nn
from nn.paper import network
from tinygrad_lists import Value
from tinygrad_lists.graph import Graph, capture
from tinygrad_lists.graph.derived import capture_backward
from tinygrad_lists.graph.html import to_html


def cnn_loss(batch: int) -> Value:
    rng = random.Random(0)
    images = [[[[rng.random() for _ in range(28)] for _ in range(28)]] for _ in range(batch)]
    return nn.CrossEntropyLoss()(network()(images), [i % 10 for i in range(batch)])


def scalars(count: int) -> Value:
    """About `count` nodes of scalar operations, each on two of the last thirty results."""
    rng = random.Random(1)
    pool = [Value(rng.uniform(-1, 1), name=f"x{i}") for i in range(12)]
    while len(pool) < count // 2:
        a, b = rng.choice(pool[-30:]), rng.choice(pool[-30:])
        pool.append((a * b).tanh() if len(pool) % 2 else (a - b) * 0.5)
    return sum(pool[-29:], pool[-30])


def opened(path: Path) -> str:
    """Seconds until the page is drawn, until all groups are open, and for one step of the replay then."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return "no playwright"
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        return "no browser"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        times = []

        def timed(action: Callable[[], object]) -> None:
            start = time.perf_counter()
            action()
            page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
            times.append(time.perf_counter() - start)

        timed(lambda: (page.goto(path.as_uri()), page.wait_for_selector("html[data-ready]")))
        timed(lambda: page.keyboard.press("e"))
        page.keyboard.press("r")
        timed(lambda: [page.keyboard.press("ArrowRight") for _ in range(10)])
        browser.close()
    return f"opens in {times[0]:.2f} s, all groups in {times[1]:.2f} s, a step of the replay in {times[2] / 10:.3f} s"


def measure(name: str, make: Callable[[], Graph], folder: Path) -> None:
    start = time.perf_counter()
    graph = make()
    page = to_html(graph)
    seconds = time.perf_counter() - start
    path = folder / "graph.html"
    path.write_text(page, encoding="utf-8")
    size = len(page.encode())
    print(
        f"{name}: {len(graph.nodes):,} nodes, made in {seconds:.2f} s, {size / 1e3:,.0f} kB; {opened(path)}", flush=True
    )


def main() -> None:
    print(describe("playwright"))
    one, eight = cnn_loss(1), cnn_loss(8)
    flat = scalars(3000)
    with tempfile.TemporaryDirectory() as folder:
        there = Path(folder)
        measure("nothing but the page itself", lambda: capture(Value(1.0)), there)
        measure("CNN, 1 image, forward with gradients", lambda: capture(one), there)
        measure("CNN, 8 images, forward and backward", lambda: capture_backward(eight), there)
        measure("CNN, 8 images, double backward", lambda: capture_backward(eight, order=2), there)
        measure("flat scalars", lambda: capture(flat), there)


if __name__ == "__main__":
    main()
