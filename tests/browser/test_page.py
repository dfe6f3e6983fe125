"""The page itself: first paint, history, presets, sharing, keyboard, widths, themes."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.visitor import PHONE

IS_MOVING = """() => {
    const video = document.querySelector("video.clip-video");
    return video?.videoWidth > 0 && video.currentTime > 0.2;
}"""
CLICK_SIX = """() => [...document.querySelectorAll("#catalogue .clip-pick")].slice(0, 6).map((button) => {
    button.click();
    return button.dataset.id;
})"""
LARGE_BACKGROUNDS = """() => [...document.querySelectorAll("body, body *")].flatMap(node => {
    const box = node.getBoundingClientRect();
    const colour = getComputedStyle(node).backgroundColor.match(/[\\d.]+/g)?.map(Number);
    const unseen = getComputedStyle(node).opacity === "0";  // what shows only under the pointer
    if (!colour || box.width * box.height < 20000 || node.matches("video, img") || colour[3] < 0.5 || unseen) return [];
    return [[(colour[0] + colour[1] + colour[2]) / 765, node.id || node.className]];
})"""


def test_first_paint_shows_the_catalogue_and_says_what_to_do(visitor):
    assert visitor.find("#catalogue .clip").count() >= 12
    posters = visitor.find("#catalogue .clip img")
    expect(posters.first).to_be_visible()
    assert posters.first.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    expect(visitor.find("#recommendations .empty")).to_contain_text("clip")
    assert not [url for url in visitor.requests if ".mp4" in url], "a clip was requested before anyone pressed play"


def test_a_played_clip_shows_moving_pictures_and_only_one_plays(visitor):
    play = visitor.find("#catalogue [data-play]")
    play.nth(0).click(force=True)
    visitor.page.wait_for_function(IS_MOVING)
    assert [url for url in visitor.requests if ".mp4" in url]
    play.nth(1).click(force=True)
    visitor.page.wait_for_function(IS_MOVING)
    expect(visitor.find("video.clip-video")).to_have_count(1)


def test_two_clicked_clips_make_a_history_and_a_ranking(visitor):
    visitor.pick(0, 3)
    ranking, history = visitor.wait_for_ranking(), visitor.history()
    assert len(set(history)) == 2
    assert len(ranking) == len(set(ranking)) == 10
    assert not set(ranking) & set(history)


def test_the_history_can_be_reordered_and_emptied(visitor):
    visitor.pick(0, 1, 2)
    first, second, third = visitor.history()
    visitor.find(f'.strip-move [data-id="{third}"]').first.click(force=True)
    visitor.page.wait_for_function(
        "id => document.querySelectorAll('#history .strip-item[data-id]')[1]?.dataset.id === id", arg=third
    )
    assert visitor.history() == [first, third, second]
    visitor.find(f'.strip-remove[data-id="{first}"]').click(force=True)
    visitor.wait_for_history(2)
    assert visitor.history() == [third, second]
    visitor.find("[data-action=clear]").click()
    visitor.wait_for_history(0)
    expect(visitor.find("#recommendations .empty")).to_be_visible()


def test_search_and_topics_narrow_the_catalogue(visitor):
    everything = visitor.find("#catalogue .pager-total").inner_text()
    visitor.find("#catalogue .chip[data-topic]:not([data-topic=''])").first.click()
    expect(visitor.find("#catalogue .pager-total")).not_to_have_text(everything)
    visitor.find("#catalogue .chip[data-topic='']").click()
    expect(visitor.find("#catalogue .pager-total")).to_have_text(everything)
    visitor.find("#catalogue-search").locator("textarea, input").fill("no clip has such a title")
    expect(visitor.find("#catalogue .nothing")).to_be_visible()


def test_a_preset_viewer_opens_with_the_next_clip_hidden_until_revealed(visitor):
    visitor.find("#history .viewer").first.click()
    visitor.wait_for_ranking()
    assert len(visitor.history()) >= 2
    assert visitor.find("#history .mystery").count() == 1
    visitor.find("#history .mystery").click()
    expect(visitor.find("#recommendations .verdict.is-hit, #recommendations .verdict.is-miss")).to_be_visible()
    expect(visitor.find("#history .mystery")).to_have_count(0)


def test_fewer_recommendations_can_be_asked_for(visitor):
    visitor.pick(0)
    ten = visitor.wait_for_ranking()
    number = visitor.find("#top-k input[type=number]").first
    number.fill("4")
    number.press("Enter")
    expect(visitor.find("#recommendations .ranked")).to_have_count(4)
    assert visitor.ranking() == ten[:4]


def test_a_reload_keeps_the_history_and_its_ranking(visitor):
    visitor.pick(2, 5)
    history, ranking = visitor.history(), visitor.wait_for_ranking()
    visitor.open()
    visitor.wait_for_history(2)
    assert visitor.wait_for_ranking() == ranking
    assert visitor.history() == history


def test_a_shared_link_restores_the_history_for_someone_else(visit):
    sender = visit()
    sender.pick(1, 4)
    history, ranking = sender.history(), sender.wait_for_ranking()
    query = sender.find("[data-copy]").get_attribute("data-copy")
    receiver = visit("/" + query)
    receiver.wait_for_history(2)
    assert receiver.history() == history
    assert receiver.wait_for_ranking() == ranking


def test_clicks_in_one_moment_all_count_and_in_their_order(visitor):
    picked = visitor.page.evaluate(CLICK_SIX)
    visitor.wait_for_history(6)
    assert visitor.history() == picked


def test_a_refused_click_does_not_hold_up_the_next(visitor):
    """The first of six meets a full queue."""
    full = {"detail": "Queue is full."}
    refused = []

    def refuse_the_first_click(route) -> None:
        # The page may still be asking for something of its own.
        if refused or '"action"' not in (route.request.post_data or ""):
            route.fallback()
        else:
            refused.append(route)
            route.fulfill(status=503, json=full)

    visitor.page.route("**/queue/join*", refuse_the_first_click)
    picked = visitor.page.evaluate(CLICK_SIX)
    visitor.wait_for_history(5)
    assert visitor.history() == picked[1:] and refused


def test_two_visitors_histories_never_mix(visit):
    anna, ben = visit(), visit()
    anna.pick(0)
    ben.pick(1)
    anna.pick(2)
    assert len(anna.history()) == 2 and len(ben.history()) == 1
    assert not set(anna.history()) & set(ben.history())


def test_the_keyboard_alone_builds_a_history(visitor):
    reached = "() => document.activeElement.matches('#catalogue .clip-pick')"
    for _ in range(60):
        visitor.page.keyboard.press("Tab")
        if visitor.page.evaluate(reached):
            break
    assert visitor.page.evaluate(reached), "60 presses of Tab did not reach the catalogue"
    ring = visitor.page.evaluate(
        "() => { const s = getComputedStyle(document.activeElement); return s.outlineStyle + s.boxShadow }"
    )
    assert ring != "nonenone", "the focused clip shows no focus ring"
    visitor.page.keyboard.press("Enter")
    visitor.wait_for_history(1)
    assert len(visitor.wait_for_ranking()) == 10


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_never_scrolls_sideways(visit, scheme):
    visitor = visit(viewport=PHONE, color_scheme=scheme, is_mobile=True, has_touch=True)
    assert visitor.sideways_overflow() <= 0
    visitor.find("#history .viewer").first.click()
    visitor.wait_for_ranking()
    visitor.wait_for_charts()
    assert visitor.sideways_overflow() <= 0


def test_dark_mode_leaves_no_white_block_and_light_mode_no_black_one(visit):
    """Compare the brightness of every large background with the mode."""
    for scheme in ("light", "dark"):
        visitor = visit(color_scheme=scheme)
        visitor.find("#history .viewer").first.click()
        visitor.wait_for_ranking()
        visitor.wait_for_charts()
        found = visitor.page.evaluate(LARGE_BACKGROUNDS)
        assert found
        wrong = [entry for entry in found if (entry[0] > 0.6) == (scheme == "dark")]
        assert not wrong, f"{scheme}: {wrong}"


def test_the_theme_button_switches_and_the_charts_follow(visitor):
    visitor.pick(0)
    visitor.wait_for_ranking()
    visitor.wait_for_charts()
    ink = "getComputedStyle(document.querySelector('#chart-distance .chart-plot text')).fill"
    light = visitor.page.evaluate(ink)
    visitor.find("[data-theme-toggle]").click()
    visitor.page.wait_for_function(f"light => {ink} !== light", arg=light)
