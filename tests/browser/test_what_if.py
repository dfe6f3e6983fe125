"""Within a minute: which moment of a clip drove the recommendation, and what if it were not there?"""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.visitor import DESKTOP


def test_a_visitor_finds_the_moment_hides_it_and_comes_back(visitor):
    visitor.find("#history .viewer").first.click()
    first = visitor.wait_for_ranking()
    reading = visitor.find("#moments .moments > p")
    expect(reading).to_contain_text("#1")
    for view in ("#moments .moments", "#recommendations .ranked >> nth=0"):
        box = visitor.find(view).bounding_box()
        assert box["y"] + box["height"] <= DESKTOP["height"], f"{view} is not on the first screen"
    moments = visitor.find("#moments .moment button")
    driver = visitor.find("#moments .is-driver button")
    frame = driver.get_attribute("data-frame") if driver.count() else "0"
    moments.nth(int(frame)).press("Enter")
    expect(visitor.find(f'#recommendations .answer[data-hidden="{frame}"]')).to_be_visible()
    expect(visitor.find("#recommendations .ranked .move")).to_have_count(10)
    hidden = visitor.find(f'#moments [data-frame="{frame}"]')
    expect(hidden).to_have_attribute("aria-pressed", "true")
    expect(hidden).to_be_focused()
    visitor.find("#recommendations .is-whole").click()
    expect(visitor.find("#recommendations .move")).to_have_count(0)
    assert visitor.ranking() == first


def test_what_would_change_it_is_listed_and_done_by_a_click(visitor):
    visitor.find("#history .viewer").first.click()
    first = visitor.wait_for_ranking()
    clips = visitor.history()
    visitor.find("#recommendations [data-tab]").click()
    effects = visitor.find("#effects .effect")
    expect(effects).to_have_count(len(clips) + 5)
    leave_out = visitor.find("#effects .effect[data-action=leave]").first
    left_out = leave_out.get_attribute("data-id")
    leave_out.click()
    expect(visitor.find("#recommendations .what-if")).to_be_visible()
    expect(visitor.find(f'#history .is-left-out[data-id="{left_out}"]')).to_be_visible()
    expect(leave_out).to_have_attribute("aria-pressed", "true")
    assert visitor.history() == clips and visitor.ranking() != first
    visitor.find(f'#history .strip-leave[data-id="{left_out}"]').press("Enter")
    expect(visitor.find("#recommendations .what-if")).to_have_count(0)
    assert visitor.ranking() == first
