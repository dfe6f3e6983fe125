"""A browser that denies the page its storage, in a frame of another site: the page works and keeps nothing."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.server import LAUNCH_ARGUMENTS, chromium_path
from tests.browser.visitor import DESKTOP

DENIED = {"profile": {"default_content_setting_values": {"cookies": 2}}}


@contextmanager
def another_site(framed: str) -> Iterator[str]:
    """Serve a page whose one frame shows `framed`; "localhost" is another site than "127.0.0.1"."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(f'<!doctype html><iframe src="{framed}" width=1400 height=850></iframe>'.encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}/"
        server.shutdown()


@contextmanager
def without_storage(chromium, folder) -> Iterator[BrowserContext]:
    """Yield a browser whose settings deny storage to every page; playwright has no such option."""
    (folder / "Default").mkdir()
    (folder / "Default" / "Preferences").write_text(json.dumps(DENIED), encoding="utf-8")
    kind = chromium.browser().browser_type
    context = kind.launch_persistent_context(
        folder, executable_path=chromium_path(), args=LAUNCH_ARGUMENTS, viewport=DESKTOP
    )
    try:
        yield context
    finally:
        context.close()


def errors_on(page: Page) -> list[str]:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    return errors


def test_in_a_frame_of_another_site_without_storage_the_page_ranks_and_changes_its_theme(in_time, url, tmp_path):
    with another_site(url) as site, without_storage(in_time, tmp_path) as context:
        bare = context.new_page()
        bare.goto(site)
        assert (
            bare.evaluate("() => { try { localStorage.length; return 'open' } catch { return 'denied' } }") == "denied"
        )
        errors = errors_on(bare)
        frame = bare.frame_locator("iframe")
        expect(frame.locator(".model-state:not(.is-warming)")).to_be_visible()
        for position in range(2):
            frame.locator("#catalogue .clip-pick").nth(position).click()
            expect(frame.locator("#history .strip-item[data-id]")).to_have_count(position + 1)
        expect(frame.locator("#recommendations .ranked").first).to_be_visible()
        frame.locator("[data-theme-toggle]").click()
        expect(frame.locator("body.dark")).to_be_attached()
        assert not errors
