"""Show me: one click plays the whole story, in words for everyone, and any click of the visitor ends it."""

from __future__ import annotations

import re

from playwright.sync_api import expect

BAR, WORDS = ".show", ".show .show-words"
WHOLE_STORY_MS = 120_000  # half a minute, and the answers of a busy machine

# What the story says, and what the page shows meanwhile. The page itself takes these notes: the walk plays for a second
# and a half, which a test that asks from outside can miss.
TAKE_NOTES = """() => {
    const find = (selector) => document.querySelector(selector);
    const isHere = (selector) => find(selector)?.checkVisibility() ?? false;
    const isInWindow = (selector) => {
        const box = find(selector)?.getBoundingClientRect();
        return Boolean(box) && box.bottom > 0 && box.top < window.innerHeight;
    };
    const hidden = "#recommendations .answer:not([data-hidden=''])";
    const scenes = {
        "a moment is hidden": () =>
            isHere(hidden)
            && document.querySelectorAll("#moments .is-hidden").length === 1
            && (isHere("#wants .is-down") || isHere("#wants .is-up")),
        "it is back": () => window.seen.includes("a moment is hidden") && !find(hidden),
        "the walk plays": () =>
            isInWindow("#chart-npd-walk.is-shown") && isHere("#chart-npd-walk .chart-play[aria-pressed=true]"),
    };
    window.seen = [];
    window.said = [];
    setInterval(() => {
        const words = find(".show-words").textContent;
        if (words && window.said.at(-1) !== words) window.said.push(words);
        for (const [name, holds] of Object.entries(scenes)) {
            if (!window.seen.includes(name) && holds()) window.seen.push(name);
        }
    }, 50);
}"""


def test_the_story_is_played_to_its_end_with_and_without_motion(visit):
    # Both at the same time: a story takes half a minute.
    visitors = [visit(reduced_motion=motion) for motion in ("no-preference", "reduce")]
    for visitor in visitors:
        visitor.page.evaluate(TAKE_NOTES)
        visitor.find("[data-show]").click()
        expect(visitor.find(WORDS)).to_contain_text("watched these")
        assert visitor.find(WORDS).get_attribute("aria-live") == "polite"

    for visitor in visitors:
        # The moment that drives the ranking is hidden, it comes back, and the walk plays.
        expect(visitor.find(BAR)).to_be_hidden(timeout=WHOLE_STORY_MS)
        assert visitor.page.evaluate("window.seen") == ["a moment is hidden", "it is back", "the walk plays"]

        # Every sentence was said.
        said = " ".join(visitor.page.evaluate("window.said"))
        for words in (
            "the next click is for",
            "drives #1",
            "Hide it, and ask again",
            "comes back",
            "steps, from noise",
        ):
            assert words in said

        # What the story clicked stays, and nothing is pointed at any more.
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
    expect(visitor.find(f'#recommendations .answer[data-history="{",".join(own)}"]')).to_be_visible()
    assert visitor.history() == own and visitor.ranking() == ranking
    expect(visitor.find(BAR)).to_be_hidden()
