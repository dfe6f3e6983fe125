"""The compare tab: every system's column, and ranks that move with the noise."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.visitor import PHONE

RANKS = """() => document.querySelector("#chart-system-bump .chart-plot").data.find((trace) => trace.name === "places")
    .customdata.map((data) => data.slice(0, 2).join(":")).join(" ")"""


def open_compare(visitor) -> None:
    """Open an example viewer, then the tab, and wait until its chart is drawn."""
    visitor.find("#history .viewer").first.click()
    visitor.wait_for_ranking()
    visitor.page.get_by_role("tab", name="Compare").click()
    visitor.find("#chart-system-bump .chart").scroll_into_view_if_needed()
    expect(visitor.find("#chart-system-bump .main-svg").first).to_be_attached()


def test_ranks_move_with_the_noise_and_with_the_history(visitor):
    complaints = []
    visitor.page.on("console", lambda message: message.type == "error" and complaints.append(message.text))
    open_compare(visitor)
    calm = visitor.page.evaluate(RANKS)
    assert visitor.find("#chart-system-bump .xtick").count() == visitor.find("#compare-systems dt").count() > 1
    expect(visitor.find("#compare-overlaps li")).to_have_count(3)
    slider = visitor.page.get_by_label("Noise", exact=False).and_(visitor.find("input[type=range]"))
    slider.focus()
    for _ in range(10):
        slider.press("ArrowRight")
    expect(visitor.find("#compare-overlaps")).to_contain_text("No noise instead of σ = 0.5")
    visitor.page.wait_for_function(f"calm => ({RANKS})() !== calm", arg=calm)
    shaken = visitor.page.evaluate(RANKS)
    visitor.pick(7)
    visitor.wait_for_ranking()
    visitor.page.wait_for_function(f"shaken => ({RANKS})() !== shaken", arg=shaken)
    visitor.page.get_by_role("tab", name="Inside", exact=True).click()
    visitor.wait_for_charts()
    assert not complaints


def test_on_a_phone_the_chart_scrolls_in_its_own_frame(visit):
    visitor = visit(viewport=PHONE)
    open_compare(visitor)
    room, drawn = visitor.find("#chart-system-bump .chart-plot").evaluate(
        "plot => [plot.clientWidth, plot.scrollWidth]"
    )
    assert drawn > room and visitor.sideways_overflow() <= 0
    assert visitor.find("#chart-system-bump .chart-plot").get_attribute("tabindex") == "0"
