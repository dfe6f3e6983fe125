"""One server on the bundled default, one Chromium, and a fresh visitor for every test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tests.browser.chromium import Chromium
from tests.browser.server import chromium_path, serve
from tests.browser.visitor import Visitor, new_context
from tests.make_videos import write_video

STALLS = pytest.StashKey[list[str]]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give a test that lost its Chromium a second try with a new one; no other failure is tried again."""
    for item in items:
        if "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.flaky(reruns=1, only_rerun=["TargetClosedError"]))


def pytest_terminal_summary(terminalreporter, config: pytest.Config) -> None:
    """Tell of every test that stood still, also of those whose second try passed."""
    for stall in config.stash.get(STALLS, []):
        terminalreporter.section("Chromium was ended")
        terminalreporter.write_line(stall)


@pytest.fixture(scope="session")
def url() -> Iterator[str]:
    """Serve the app as `python app.py` does and return its address."""
    with serve() as address:
        yield address


@pytest.fixture(scope="session")
def chromium(request) -> Iterator[Chromium]:
    if chromium_path() is None:
        pytest.skip("no Chromium or Chrome on PATH: install chromium to run the browser tests")
    with sync_playwright() as playwright:
        running = Chromium(playwright)
        request.config.stash[STALLS] = running.stalls
        yield running
        running.close()


@pytest.fixture
def in_time(request, chromium) -> Iterator[Chromium]:
    """Return the Chromium, which ends where the test and what it leaves behind take minutes."""
    with chromium.limit(request.node.nodeid):
        yield chromium


@pytest.fixture
def visitor(in_time, url) -> Iterator[Visitor]:
    """Return a new visitor at a desktop in light mode, with the page open."""
    someone = Visitor(in_time.shared_context(), url)
    try:
        someone.open()
        yield someone
    finally:
        someone.leave()


@pytest.fixture
def visit(in_time, url) -> Iterator[Callable[..., Visitor]]:
    """Return `visit(path="/", **context)`, which opens the page in a browser of its own: several can meet."""
    with ExitStack() as leaving:

        def open_page(path: str = "/", **options) -> Visitor:
            context = new_context(in_time.browser(), **options)
            leaving.callback(context.close)
            someone = Visitor(context, url)
            leaving.callback(someone.leave)
            someone.open(path)
            return someone

        yield open_page


@pytest.fixture(scope="session")
def small_clip(tmp_path_factory) -> Path:
    """Return a six-second H.264 clip."""
    return write_video(tmp_path_factory.mktemp("clips") / "small.mp4")
