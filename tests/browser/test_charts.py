"""The charts: drawn from the run on show, as wide as their place, really moving."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.visitor import CHARTS, DESKTOP, PHONE

ANIMATED = ("tcd-walk", "npd-walk")
POINTS_WITH_DATA = """chart => chart.querySelector(".chart-plot").data.reduce(
    (count, trace) => count + (trace._length ?? (trace.x ?? trace.y ?? []).length ?? 0), 0)"""
WIDTHS = """chart => [
    chart.querySelector(".chart-plot .main-svg").getBoundingClientRect().width,
    chart.querySelector(".chart").clientWidth,
]"""
DRAWN_PLACES = """chart => [...chart.querySelectorAll(".scatterlayer .point, .scatterlayer .js-line")]
    .map(mark => mark.getAttribute("transform") ?? mark.getAttribute("d")).join(" ")"""


# The page itself takes notes: a walk plays for a second and a half, which a busy machine can miss from outside.
NOTE_PLACES = f"""name => {{
    window.places = new Set();
    const chart = document.querySelector(`#chart-${{name}}`);
    setInterval(() => window.places.add(({DRAWN_PLACES})(chart)), 50);
}}"""


def watch(visitor):
    """Open an example viewer and wait for its ranking and all charts."""
    visitor.find("#history .viewer").first.click()
    visitor.wait_for_ranking()
    visitor.wait_for_charts()
    return visitor


@pytest.fixture
def watching(visitor):
    return watch(visitor)


def assert_charts_fit(visitor):
    for name in CHARTS:
        chart = visitor.find(f"#chart-{name}")
        expect(chart.locator(".chart")).to_be_visible()
        visitor.page.wait_for_function(
            f"() => {{ const [drawn, room] = ({WIDTHS})(document.querySelector('#chart-{name}'));"
            " return room > 0 && Math.abs(drawn - room) <= 2 }"
        )


def test_before_any_history_the_charts_say_what_they_wait_for(visitor):
    for name in CHARTS:
        assert visitor.find(f"#chart-{name} .chart-note").inner_text().strip()
        assert visitor.find(f"#chart-{name} .main-svg").count() == 0


def test_every_chart_has_data_a_title_and_a_reading(watching):
    for name in CHARTS:
        chart = watching.find(f"#chart-{name}")
        assert chart.evaluate(POINTS_WITH_DATA) > 0, name
        for part in ("title", "reading"):
            assert len(chart.locator(f".chart-{part}").inner_text()) > 10, f"{name} has no {part}"


def test_charts_are_drawn_anew_for_another_history(watching):
    chart = watching.find("#chart-rank-bump")
    before = chart.evaluate(DRAWN_PLACES)
    watching.find("[data-action=clear]").click()
    watching.wait_for_history(0)
    watching.pick(7)
    watching.wait_for_ranking()
    watching.page.wait_for_function(
        f"before => ({DRAWN_PLACES})(document.querySelector('#chart-rank-bump')) !== before", arg=before
    )


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_charts_are_as_wide_as_their_place(visit, viewport):
    assert_charts_fit(watch(visit(viewport=viewport)))


def test_charts_mend_their_width_after_a_resize_while_hidden(watching):
    watching.page.evaluate("document.querySelector('#inside').style.display = 'none'")
    watching.page.set_viewport_size({"width": 1000, "height": 800})
    watching.page.evaluate("document.querySelector('#inside').style.display = ''")
    assert_charts_fit(watching)


@pytest.mark.parametrize("name", ANIMATED)
def test_after_play_the_marks_move_on_the_screen(watching, name):
    chart = watching.find(f"#chart-{name}")
    chart.scroll_into_view_if_needed()
    watching.page.evaluate(NOTE_PLACES, name)
    play = chart.locator(".chart-play")
    play.click()
    expect(play).to_have_text("Play")
    seen = watching.page.evaluate("window.places.size")
    assert seen >= 4, f"the marks stood at {seen} different places"


@pytest.mark.parametrize("name", ANIMATED)
def test_the_slider_goes_to_a_step_by_keyboard(watching, name):
    chart = watching.find(f"#chart-{name}")
    slider = chart.locator(".chart-slider")
    last, end = chart.locator(".chart-step").inner_text(), chart.evaluate(DRAWN_PLACES)
    slider.focus()
    slider.press("Home")
    expect(chart.locator(".chart-step")).not_to_have_text(last)
    watching.page.wait_for_function(
        f"end => ({DRAWN_PLACES})(document.querySelector('#chart-{name}')) !== end", arg=end
    )
