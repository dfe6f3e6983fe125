"""Take the pictures of the documentation from the running app: `python -m benchmarks.screenshots`.

Writes docs/screenshots/<view>-<size>-<scheme>.png for every view, both sizes and both colour
schemes, and docs/demo.webp, a short animated picture of a visit.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Callable, Iterator
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Locator, expect, sync_playwright

from tests.browser.server import LAUNCH_ARGUMENTS, ROOT, chromium_path, serve
from tests.browser.visitor import DESKTOP, PHONE, Visitor, new_context

SIZES = {"desktop": DESKTOP, "phone": PHONE}
SCHEMES = ("light", "dark")
DEMO_WIDTH = 960
SETTLE_MS = 700  # that animations take
STORY_MS = 60_000
EXAMPLE = 3  # whose last clip has moments of several kinds


def start(visitor: Visitor) -> None:
    """Show what a visitor sees first."""


def recommendations(visitor: Visitor) -> None:
    """Open an example viewer's history and wait for its ranking."""
    visitor.find("#history .viewer").nth(EXAMPLE).click()
    visitor.wait_for_ranking()
    visitor.wait_for_charts()

    # A phone shows it further down.
    visitor.find("#recommendations").evaluate(
        "view => view.getBoundingClientRect().top > window.innerHeight / 2 && view.scrollIntoView()"
    )


def inside(visitor: Visitor) -> None:
    """Show the charts, in the middle of their walks."""
    for slider in visitor.find("#inside .chart-slider:visible").all():
        go_to_step(slider, last_step(slider) // 2)
    scroll_to(visitor, "#inside")


def kind_map(visitor: Visitor) -> None:
    """Show the map of the catalogue by kinds, with what the viewer seems to be out for."""
    visitor.page.get_by_role("tab", name="Map").click()
    expect(visitor.find("#chart-kind-map .main-svg").first).to_be_attached()
    scroll_to(visitor, "#inside")


def show_me(visitor: Visitor) -> None:
    """Play the story up to where the moment that drove the ranking is hidden, and end it there."""
    visitor.page.evaluate("window.scrollTo(0, 0)")
    visitor.find("[data-show]").click()
    hidden = visitor.find("#recommendations .answer:not([data-hidden=''])")
    expect(hidden).to_be_visible(timeout=STORY_MS)
    expect(visitor.find(".show-words")).to_contain_text("Hide it")


def viewers(visitor: Visitor) -> None:
    """Show the test viewers, one of them opened."""
    visitor.page.get_by_role("tab", name="Inspect a viewer").click()
    expect(visitor.find("#chart-viewer-map .main-svg").first).to_be_attached()
    scroll_to(visitor, "#inside")


def scroll_to(visitor: Visitor, section: str) -> None:
    """Bring the top of a section to the top of the window."""
    visitor.find(section).evaluate("section => section.scrollIntoView()")


def go_to_step(slider: Locator, step: int) -> None:
    """Move a chart's slider as a hand would."""
    slider.evaluate(
        "(slider, step) => { slider.value = step; slider.dispatchEvent(new Event('input')) }", step
    )


def last_step(slider: Locator) -> int:
    """Return the last step that a chart's slider can be moved to."""
    return int(slider.get_attribute("max"))


def compare(visitor: Visitor) -> None:
    """Show every system's ranking of the history."""
    visitor.page.get_by_role("tab", name="Compare").click()
    chart = visitor.find("#chart-system-bump")
    chart.locator(".chart").scroll_into_view_if_needed()
    expect(chart.locator(".main-svg").first).to_be_attached()
    scroll_to(visitor, "#inside")


def upload(visitor: Visitor) -> None:
    """Add one of the example videos that ship with Gradio."""
    before = len(visitor.history())
    visitor.page.evaluate("window.scrollTo(0, 0)")
    visitor.page.get_by_role("tab", name="Upload your own").click()
    visitor.find("#upload-examples .chip").first.click()
    visitor.wait_for_history(before + 1)
    visitor.wait_for_ranking()
    expect(visitor.find("#upload-report .frames img").first).to_be_visible()


def about(visitor: Visitor) -> None:
    """Show the account of the model."""
    scroll_to(visitor, "#about")


VIEWS: dict[str, Callable[[Visitor], None]] = {
    "start": start,
    "recommendations": recommendations,
    "inside": inside,
    "map": kind_map,
    "compare": compare,
    "viewers": viewers,
    "upload": upload,
    "about": about,
    "show-me": show_me,
}


def shot(visitor: Visitor) -> Image.Image:
    """Return what the window shows."""
    return Image.open(io.BytesIO(visitor.page.screenshot())).convert("RGB")


def save_small(picture: Image.Image, path: Path) -> None:
    """Write a PNG of 256 dithered colours, a quarter of the size."""
    # k-means keeps the page's rare accents true.
    picture.quantize(256, kmeans=3, dither=Image.Dither.FLOYDSTEINBERG).save(path, optimize=True)


def photograph(browser: Browser, url: str, folder: Path) -> Iterator[Path]:
    """Yield the path of every picture once it is taken."""
    for size, viewport in SIZES.items():
        for scheme in SCHEMES:
            # One visit goes through all views, each on top of the one before.
            context = new_context(browser, viewport=viewport, color_scheme=scheme)
            visitor = Visitor(context, url)
            visitor.open()
            for name, go in VIEWS.items():
                go(visitor)
                visitor.page.wait_for_timeout(SETTLE_MS)
                path = folder / f"{name}-{size}-{scheme}.png"
                save_small(shot(visitor), path)
                yield path
            visitor.leave()
            context.close()


def film(browser: Browser, url: str, path: Path) -> None:
    """Record a visit, picture by picture: an example viewer, a hidden moment, both walks."""
    context = new_context(browser, color_scheme="dark")
    visitor = Visitor(context, url)
    visitor.open()
    pictures = []
    durations = []

    def hold(milliseconds: int) -> None:
        full = shot(visitor)
        size = (DEMO_WIDTH, DEMO_WIDTH * full.height // full.width)
        pictures.append(full.resize(size, Image.Resampling.LANCZOS))
        durations.append(milliseconds)

    perform(visitor, hold)
    visitor.leave()
    context.close()

    pictures[0].save(
        path,
        save_all=True,
        append_images=pictures[1:],
        duration=durations,
        loop=0,
        quality=72,
        method=6,
    )


def perform(visitor: Visitor, hold: Callable[[int], None]) -> None:
    """Go through the visit; `hold(milliseconds)` takes a picture that stays so long."""
    # The page, an example viewer's ranking, and the clip that it hid.
    hold(1200)
    recommendations(visitor)
    hold(1800)
    visitor.find("#history .mystery").click()
    expect(visitor.find("#recommendations .verdict")).to_be_visible()
    hold(1800)

    # The moment that drove it, hidden and shown again.
    driver = visitor.find("#moments .is-driver button")
    if driver.count():
        driver.click()
        expect(visitor.find("#recommendations .move").first).to_be_visible()
        visitor.page.wait_for_timeout(SETTLE_MS)
        hold(3000)
        visitor.find("#recommendations .is-whole").click()
        expect(visitor.find("#recommendations .what-if")).to_have_count(0)

    # Both walks, step by step.
    for name in ("tcd-walk", "npd-walk"):
        scroll_to(visitor, f"#chart-{name}")
        slider = visitor.find(f"#chart-{name} .chart-slider")
        for step in range(last_step(slider) + 1):
            go_to_step(slider, step)
            visitor.page.wait_for_timeout(SETTLE_MS)
            hold(420)
        hold(1800)


def main() -> None:
    """Serve the bundled default and take all pictures."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks.screenshots", description="Take the pictures in docs/."
    )
    parser.add_argument(
        "--out", type=Path, default=ROOT / "docs", help="folder to write (default: docs)"
    )
    out = parser.parse_args().out

    # The pictures first, then the film.
    (out / "screenshots").mkdir(parents=True, exist_ok=True)
    with serve() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=LAUNCH_ARGUMENTS)
        for path in photograph(browser, url, out / "screenshots"):
            print(path)
        film(browser, url, out / "demo.webp")
        print(out / "demo.webp")
        browser.close()


if __name__ == "__main__":
    main()
