"""A visitor of the page: what is clicked and read, by the ids and classes that the views keep stable."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
CHARTS = ("moments", "tcd-walk", "npd-walk", "distance", "rank-bump")
TIMEOUT_MS = 30_000
expect.set_options(timeout=TIMEOUT_MS)


# A page begins as a new visitor does, with empty storage; after a reload in the same tab it keeps what it stored.
FORGET = """if (!sessionStorage.getItem("visiting")) {
    localStorage.clear();
    sessionStorage.setItem("visiting", "yes");
}"""


def new_context(browser: Browser, **options) -> BrowserContext:
    """Return a browser context whose pages begin without memory of each other; its cache serves them all."""
    context = browser.new_context(**{"viewport": DESKTOP, "color_scheme": "light", **options})
    context.set_default_timeout(TIMEOUT_MS)
    context.add_init_script(FORGET)
    return context


class Visitor:
    """One tab on the page; it notes every request and every error."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.url = url
        self.requests: list[str] = []
        self.page_errors: list[str] = []
        self.page: Page = context.new_page()
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.page_errors.append(str(error)))

    def open(self, path: str = "/") -> None:
        """Go to a path of the app and wait until the model is there."""
        self.page.goto(self.url + path)
        expect(self.page.locator("#catalogue .clip").first).to_be_visible(timeout=TIMEOUT_MS)
        state = self.page.locator(".model-state:not(.is-warming)")
        expect(state).to_be_visible(timeout=TIMEOUT_MS)
        failed = self.page.locator(".model-state.is-failed")
        assert failed.count() == 0, failed.get_attribute("title")

    def leave(self) -> None:
        """Close the page; an error on it or a request to another host fails the test."""
        self.page.close()
        foreign = [url for url in self.requests if not url.startswith((self.url, "data:", "blob:"))]
        assert not foreign, f"requests to another host: {foreign}"
        assert not self.page_errors, f"errors on the page: {self.page_errors}"

    def find(self, selector: str) -> Locator:
        return self.page.locator(selector)

    def pick(self, *positions: int) -> None:
        """Click clips of the catalogue, counted from 0, and wait for each to join the history."""
        for position in positions:
            before = len(self.history())
            self.find("#catalogue .clip-pick").nth(position).click()
            self.wait_for_history(before + 1)

    def history(self) -> list[str]:
        """Return the history's clip ids, oldest first."""
        items = self.find("#history .strip-item[data-id]")
        return items.evaluate_all("items => items.map(item => item.dataset.id)")

    def wait_for_history(self, count: int) -> None:
        expect(self.find("#history .strip-item[data-id]")).to_have_count(count)

    def wait_for_ranking(self) -> list[str]:
        """Wait until the ranking answers the history on show; return the recommended clip ids in order."""
        # The weights are drawn with the answer: until then the strip shows an ellipsis.
        expect(self.find("#history .weight-number").last).to_contain_text("%")
        expect(self.find("#recommendations .ranked").first).to_be_visible()
        return self.ranking()

    def ranking(self) -> list[str]:
        clips = self.find("#recommendations .ranked .clip")
        return clips.evaluate_all("clips => clips.map(clip => clip.dataset.id)")

    def wait_for_charts(self) -> None:
        """Scroll to every chart of the full model, since each is drawn only near the window, and back to the top."""
        for name in CHARTS:
            self.find(f"#chart-{name} .chart").scroll_into_view_if_needed()
            expect(self.find(f"#chart-{name} .chart-plot .main-svg").first).to_be_attached()
        self.page.evaluate("window.scrollTo(0, 0)")

    def upload(self, path: Path, title: str = "") -> None:
        """Choose a file on the upload tab and ask for it to be added."""
        self.page.get_by_role("tab", name="Upload your own").click()
        self.find("#upload-video input[type=file]").set_input_files(path)
        expect(self.find("#upload-video video")).to_be_attached()
        if title:
            self.find("#upload-title").locator("textarea, input").fill(title)
        self.find("#upload-encode").click()

    def sideways_overflow(self) -> int:
        """Return by how many pixels the page is wider than its window."""
        return self.page.evaluate("document.scrollingElement.scrollWidth - window.innerWidth")
