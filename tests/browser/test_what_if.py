"""Within a minute: what am I out for, which moment drove that, and what if it were not there."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.visitor import DESKTOP

LENGTHS = "[...document.querySelectorAll('#wants [data-want]')].map(bar => bar.style.width).join()"


@pytest.fixture
def driven(visitor):
    """Return the visitor after the first example viewer whose last clip has a moment that drives #1."""
    viewers = visitor.find("#history .viewer").count()
    for number in range(viewers):
        visitor.find("#history .viewer").nth(number).click()
        visitor.wait_for_ranking()
        expect(visitor.find("#moments .moments:not(.is-stale)")).to_be_visible()
        if visitor.find("#moments .is-driver").count():
            return visitor
        visitor.find("[data-action=clear]").click()
        visitor.wait_for_history(0)
    raise AssertionError(f"none of {viewers} example viewers has a moment that drives #1")


def test_a_visitor_finds_the_moment_hides_it_and_comes_back(driven):
    visitor, first = driven, driven.ranking()
    expect(visitor.find("#moments .moments > p")).to_contain_text("#1")
    expect(visitor.find("#wants .want")).to_have_count(3)
    for view in ("#wants .wants", "#moments .moments", "#recommendations .ranking", "#catalogue .grid"):
        box = visitor.find(view).bounding_box()
        assert box["y"] + box["height"] <= DESKTOP["height"], f"{view} is not on the first screen"
    driver = visitor.find("#moments .is-driver button")
    frames, lengths = driver.get_attribute("data-frames"), visitor.page.evaluate(LENGTHS)
    assert driver.locator("img").count() == len(frames.split(",")), "its frames stand side by side"
    driver.press("Enter")
    expect(visitor.find(f'#recommendations .answer[data-hidden="{frames}"]')).to_be_visible()
    expect(visitor.find("#recommendations .ranked .move")).to_have_count(10)
    hidden = visitor.find(f'#moments [data-frames="{frames}"]')
    expect(hidden).to_have_attribute("aria-pressed", "true")
    expect(hidden).to_be_focused()
    expect(visitor.find(f'#wants .wants[data-hidden="{frames}"]')).to_be_visible()
    assert visitor.page.evaluate(LENGTHS) != lengths, "the kinds' shares move too"
    visitor.find("#recommendations .is-whole").click()
    expect(visitor.find("#recommendations .move")).to_have_count(0)
    assert visitor.ranking() == first


def test_each_card_says_for_which_kind_it_was_picked(driven):
    expect(driven.find("#recommendations .reason")).to_have_count(10)
    expect(driven.find("#recommendations .reason").first).to_contain_text("for ")


def test_what_would_change_it_is_listed_and_done_by_a_click(visitor):
    visitor.find("#history .viewer").first.click()
    first = visitor.wait_for_ranking()
    clips = visitor.history()
    expect(visitor.find("#moments .moment").first).to_be_visible()
    moments = visitor.find("#moments .moment").count()
    visitor.find("#recommendations [data-tab]").click()
    effects = visitor.find("#effects .effect")
    expect(effects).to_have_count(len(clips) + moments)
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
