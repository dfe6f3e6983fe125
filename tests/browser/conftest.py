"""One server on the bundled default, one Chromium, and a fresh visitor for every test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.browser.server import LAUNCH_ARGUMENTS, chromium_path, serve
from tests.browser.visitor import Visitor, new_context
from tests.make_videos import write_video


@pytest.fixture(scope="session")
def url() -> Iterator[str]:
    """Serve the app as `python app.py` does and return its address."""
    with serve() as address:
        yield address


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = chromium_path()
    if path is None:
        pytest.skip("no Chromium or Chrome on PATH: install chromium to run the browser tests")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=LAUNCH_ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def shared_context(browser) -> Iterator[BrowserContext]:
    """Return a context that most tests open their tab in: what the server sent once is in its cache."""
    context = new_context(browser)
    yield context
    context.close()


@pytest.fixture
def visitor(shared_context, url) -> Iterator[Visitor]:
    """Return a new visitor at a desktop in light mode, with the page open."""
    someone = Visitor(shared_context, url)
    try:
        someone.open()
        yield someone
    finally:
        someone.leave()


@pytest.fixture
def visit(browser, url) -> Iterator[Callable[..., Visitor]]:
    """Return `visit(path="/", **context)`, which opens the page in a browser of its own: several can meet."""
    with ExitStack() as leaving:

        def open_page(path: str = "/", **options) -> Visitor:
            context = new_context(browser, **options)
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
