"""The map: what the viewer is out for among all clips; a search marks, a click on a point adds its clip."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.visitor import PHONE

MAP = "#chart-kind-map"
# Where the first clip that is not in the history stands: pixels of the window.
A_CLIP = """watched => {
    const plot = document.querySelector("#chart-kind-map .chart-plot");
    const trace = plot.data.find(trace => trace.name === "clips");
    const {xaxis, yaxis} = plot._fullLayout, box = plot.getBoundingClientRect();
    const places = trace.x.map((x, index) => ({
        id: trace.customdata[index][0],
        x: box.left + xaxis._offset + xaxis.d2p(x),
        y: box.top + yaxis._offset + yaxis.d2p(trace.y[index]),
    }));
    const isInView = place => place.y > 20 && place.y < window.innerHeight - 20;
    return places.find(place => !watched.includes(place.id) && isInView(place));
}"""


def open_map(visitor) -> None:
    visitor.page.get_by_role("tab", name="Map").click()
    visitor.find(f"{MAP} .chart").scroll_into_view_if_needed()
    expect(visitor.find(f"{MAP} .main-svg").first).to_be_attached()


def test_it_is_there_before_any_history_and_follows_one(visitor):
    open_map(visitor)
    reading = visitor.find(f"{MAP} .chart-reading")
    before = reading.inner_text()
    assert before and "You seem" not in before
    visitor.pick(0)
    visitor.wait_for_ranking()
    expect(reading).not_to_have_text(before)


def test_a_search_marks_what_it_finds(visitor):
    open_map(visitor)
    reading = visitor.find(f"{MAP} .chart-reading")
    before = reading.inner_text()
    visitor.find("#map-search").locator("textarea, input").fill("no clip and no kind has such a name")
    expect(reading).not_to_have_text(before)
    visitor.find("#map-search").locator("textarea, input").fill("")
    expect(reading).to_have_text(before)


def test_a_click_on_a_point_adds_its_clip(visitor):
    visitor.pick(0)
    visitor.wait_for_ranking()
    open_map(visitor)
    visitor.page.wait_for_timeout(500)  # the page has come to rest
    place = visitor.page.evaluate(A_CLIP, visitor.history())
    visitor.page.mouse.move(place["x"], place["y"])
    visitor.page.mouse.click(place["x"], place["y"])
    visitor.wait_for_history(2)
    assert len(set(visitor.history())) == 2
    assert len(visitor.wait_for_ranking()) == 10


def test_on_a_phone_nothing_overflows(visit):
    visitor = visit(viewport=PHONE)
    visitor.pick(0)
    visitor.wait_for_ranking()
    open_map(visitor)
    assert visitor.sideways_overflow() <= 0
