"""One server on the bundled default, one Chromium, and a fresh visitor for every test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.server import LAUNCH_ARGUMENTS, chromium_path, serve
from tests.browser.visitor import Visitor
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


@pytest.fixture
def visit(browser, url) -> Iterator:
    """Return `visit(path="/", **context)`, which opens the page as a new visitor and waits for the model."""
    visitors = []

    def open_page(path: str = "/", **context) -> Visitor:
        visitor = Visitor(browser, url, **context)
        visitors.append(visitor)  # before it opens the page: a page that fails to open must be closed too
        visitor.open(path)
        return visitor

    yield open_page
    for visitor in visitors:
        visitor.leave()


@pytest.fixture
def visitor(visit) -> Visitor:
    return visit()


@pytest.fixture(scope="session")
def small_clip(tmp_path_factory) -> Path:
    """Return a six-second H.264 clip."""
    return write_video(tmp_path_factory.mktemp("clips") / "small.mp4")
