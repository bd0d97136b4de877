"""A cache of compiled programs for the session; a real browser, without a window, for pages and pictures."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tinygrad_lists import Value
from tinygrad_lists.graph import Graph, capture
from tinygrad_lists.graph.html import to_html

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
QUIET = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)


@pytest.fixture(scope="session", autouse=True)
def compiled_programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Compiled programs go into a folder of this session, not into the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    api = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed (pip install -e '.[browser]'): no browser tests"
    )
    path = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if path is None:
        pytest.skip(f"no browser: none of {', '.join(CHROMIUM)} is installed")
    with api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=QUIET.split())
        yield found
        found.close()


@pytest.fixture(scope="module")
def tab(browser: Any) -> Any:
    """One tab for all tests; opening a new one takes longer than most of them."""
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.set_default_timeout(10_000)
    return page


@pytest.fixture
def show(tab: Any, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Opens a graph from disk; in the end nothing may have been said on the console or asked of any network."""
    said: list[str] = []
    allowed: list[str] = []
    listeners = {
        "console": lambda message: said.append(f"console: {message.text}"),
        "pageerror": lambda error: said.append(f"error: {error}"),
        "request": lambda r: None if r.url in allowed or r.url.startswith("data:") else said.append(r.url),
    }
    for event, listener in listeners.items():
        tab.on(event, listener)

    def opened(graph: Graph | Value, scheme: str = "light") -> Any:
        file = tmp_path / f"graph{len(allowed)}.html"
        file.write_text(to_html(graph if isinstance(graph, Graph) else capture(graph)), encoding="utf-8")
        allowed.append(file.as_uri())
        tab.emulate_media(color_scheme=scheme)
        tab.goto(file.as_uri())
        tab.wait_for_selector("html[data-ready]")
        return tab

    opened.said = said  # type: ignore[attr-defined]
    yield opened
    for event, listener in listeners.items():
        tab.remove_listener(event, listener)
    assert said == []
