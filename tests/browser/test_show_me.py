"""Show me: one click plays the whole story, in words for everyone, and any click of the visitor ends it."""

from __future__ import annotations

import re

from playwright.sync_api import expect

BAR, WORDS = ".show", ".show .show-words"
WHOLE_STORY_MS = 120_000  # half a minute, and the answers of a busy machine
SAID = ("the next click is for", "drives #1", "Hide it, and ask again", "comes back", "steps, from noise")
NOTE_WORDS = """() => {
    const line = document.querySelector(".show-words");
    window.said = [];
    new MutationObserver(() => line.textContent && window.said.push(line.textContent))
        .observe(line, {childList: true, characterData: true, subtree: true});
}"""


def test_the_story_is_played_to_its_end_with_and_without_motion(visit):
    # Both at the same time: a story takes half a minute.
    visitors = [visit(reduced_motion=motion) for motion in ("no-preference", "reduce")]
    for visitor in visitors:
        visitor.page.evaluate(NOTE_WORDS)
        visitor.find("[data-show]").click()
    for visitor in visitors:
        expect(visitor.find(WORDS)).to_contain_text("watched these")
        assert visitor.find(WORDS).get_attribute("aria-live") == "polite"

    # The moment that drives the ranking is hidden.
    hidden = "#recommendations .answer:not([data-hidden=''])"
    for visitor in visitors:
        expect(visitor.find(hidden)).to_be_visible(timeout=WHOLE_STORY_MS)
        expect(visitor.find("#moments .is-hidden")).to_have_count(1)
        expect(visitor.find("#wants .is-down, #wants .is-up").first).to_be_visible()

    # It comes back, and the walk plays.
    for visitor in visitors:
        expect(visitor.find(hidden)).to_have_count(0, timeout=WHOLE_STORY_MS)
        expect(visitor.find("#chart-npd-walk.is-shown")).to_be_in_viewport(timeout=WHOLE_STORY_MS)
        expect(visitor.find("#chart-npd-walk .chart-play")).to_have_attribute("aria-pressed", "true")

    # It ends, and every sentence was said.
    for visitor in visitors:
        expect(visitor.find(BAR)).to_be_hidden(timeout=WHOLE_STORY_MS)
        said = " ".join(visitor.page.evaluate("window.said"))
        for words in (
            "the next click is for",
            "drives #1",
            "Hide it, and ask again",
            "comes back",
            "steps, from noise",
        ):
            assert words in said
        assert len(visitor.history()) >= 2 and visitor.find("#history .mystery").count() == 1
        assert visitor.find(".is-shown").count() == 0


def begun(visitor):
    visitor.find("[data-show]").click()
    expect(visitor.find(WORDS)).to_contain_text("watched these")
    return visitor


def assert_ended(visitor) -> None:
    expect(visitor.find(BAR)).to_be_hidden()
    visitor.page.wait_for_timeout(2500)  # longer than a step
    assert visitor.find(BAR).is_hidden() and visitor.find(".is-shown").count() == 0


def test_the_stop_button_ends_it_and_gives_the_focus_back(visitor):
    begun(visitor).find(".show-stop").click()
    assert_ended(visitor)
    expect(visitor.find("[data-show]")).to_be_focused()


def test_any_click_of_the_visitor_ends_it_and_counts(visitor):
    begun(visitor)
    visitor.wait_for_ranking()
    before = visitor.find("#catalogue .pager span").first.inner_text()
    visitor.find("#catalogue .pager .round:not([disabled])").click()
    assert_ended(visitor)
    expect(visitor.find("#catalogue .pager span").first).not_to_have_text(re.compile(f"^{re.escape(before)}$"))


def test_the_keyboard_begins_and_ends_it(visitor):
    visitor.find("[data-show]").press("Enter")
    expect(visitor.find(WORDS)).to_contain_text("watched these")
    visitor.page.keyboard.press("Escape")
    assert_ended(visitor)


def test_a_second_story_begins_anew(visitor):
    begun(visitor).find(".show-stop").click()
    begun(visitor)
    expect(visitor.find("#history .strip-item[data-id]").first).to_be_visible()


def test_whoever_had_clips_of_their_own_goes_back_to_them(visitor):
    visitor.pick(0, 3, 5)
    own, ranking = visitor.history(), visitor.wait_for_ranking()
    begun(visitor)
    expect(visitor.find(f'#history .strip-item[data-id="{own[-1]}"]')).to_have_count(0)
    visitor.find(".show-stop").click()
    expect(visitor.find(WORDS)).to_contain_text("Your own clips are kept")
    visitor.find(".show-back").click()
    visitor.wait_for_history(3)
    assert visitor.history() == own and visitor.wait_for_ranking() == ranking
    expect(visitor.find(BAR)).to_be_hidden()
