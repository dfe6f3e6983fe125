"""The moments, the arrows and the list of effects: true to the runs that they speak of."""

from __future__ import annotations

import dataclasses
import re

import pytest

from app.plots.style import quoted
from app.session.state import Session
from app.views import effects, history, moments, parts, recommendations, wants
from mealrec.explain.trace import Moment
from tests.app.conftest import EVIL

SESSION = Session(history=("1", "2", "3"))
DRIVEN = ("9", "10", "11", "12", "13", "14")
"""A history whose last clip has a moment that drives the first recommendation."""


# The last clip's moments in the invented world: which frames each has is the same in every run.
FRAMES = ((0, 1), (2,), (3, 4))


def with_moments(answer, influence, ranks, segments=()):
    """Return the run with other moments of its last clip: two frames, one, and two again."""
    moments_ = tuple(
        Moment(frames, kind, 0.9, 0.5, moved, moved, rank, 8)
        for frames, kind, moved, rank in zip(FRAMES, (0, 1, 2), influence, ranks, strict=True)
    )
    last = dataclasses.replace(answer.last, moments=moments_, segments=segments)
    return dataclasses.replace(answer, last=last)


def strip(service, influence, ranks, session=SESSION, **of_run):
    answer = with_moments(service.recommend(session.question), influence, ranks, **of_run)
    return moments.markup(service, session, answer)


def sentence(markup):
    words = re.search(r"<p>(.*?)</p>", markup, re.S).group(1)
    return " ".join(re.sub(r"<.*?>", "", words).split())


def named(service, *kinds):
    return [service.recommender().kinds[kind].name for kind in kinds]


def test_the_strip_names_the_moment_that_drove_the_first_and_where_it_would_fall(service):
    markup = strip(service, [0.1, 0.3, -0.1], [1, 4, 1])
    first, second, third = named(service, 0, 1, 2)
    assert sentence(markup).startswith(f"The {second} moment of “") and "falls to 4." in sentence(markup)
    assert markup.count("is-driver") == 1 and markup.count("<img") == 5
    outcomes = re.findall(r"aria-label=\"Hide the (.*?) moment: ([^\"]*)", markup)
    assert outcomes == [(first, "#1 −10%"), (second, "#1 → 4"), (third, "#1 +11%")]
    assert re.findall(r'data-frames="([^"]*)"', markup) == ["0,1", "2", "3,4"]


def test_a_moment_that_only_lowers_the_chance_says_by_how_much(service):
    markup = strip(service, [0.5, 0.1, 0], [1, 1, 1])
    assert "is 39% less likely" in sentence(markup)  # 1 - exp(-0.5)
    assert "no change" in markup


@pytest.mark.parametrize(
    ("influence", "told"),
    [
        ([-0.1, -0.2, -0.3], "would be likelier"),
        ([0.0, 1e-9, 0.0], "looks at no single moment"),
        ([0.0004, -0.2, 0.0], "is about as likely"),
    ],
)
def test_where_no_moment_drove_it_the_strip_says_so(service, influence, told):
    markup = strip(service, influence, [1, 1, 1])
    assert told in sentence(markup) and "is-driver" not in markup and 'aria-pressed="true"' not in markup


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"items": 1}, "One clip alone is left to recommend: it stays first, whatever is hidden."),
        ({"pictures": 0}, "are known, so the model has no moment of it to look at."),
        ({"segments": ("",) * 5}, "has no title, and titles are all that this model reads"),
    ],
)
def test_what_says_nothing_of_the_model_is_not_laid_on_it(service, monkeypatch, changes, told):
    """Where nothing could change, the model is not said to look at nothing; and rounding draws no bar."""
    answer = with_moments(service.recommend(SESSION.question), [0.0, 4e-7, 0.0], [1, 1, 1], changes.get("segments", ()))
    answer = dataclasses.replace(answer, items=answer.items[: changes.get("items")])
    if "pictures" in changes:
        monkeypatch.setattr(service.recommender().media, "frame_thumbnails", lambda item_id: [])
    markup = moments.markup(service, SESSION, answer)
    assert told in sentence(markup) and "looks at no single moment" not in markup
    assert set(re.findall(r"width: ([\d.]+)%", markup)) == {"0.0"}


def test_a_hidden_moment_stays_in_its_place_and_says_what_it_did(service):
    session = dataclasses.replace(SESSION, history=DRIVEN)
    whole = service.recommend(session.question)
    moment = moments.driving(whole.last.moments)
    hidden = dataclasses.replace(session, hidden=moment.frames)
    markup = moments.markup(service, hidden, service.recommend(hidden.question))
    tiles = re.findall(r'data-frames="([^"]*)"', markup)
    assert tiles == [",".join(map(str, each.frames)) for each in whole.last.moments]
    assert markup.count('aria-pressed="true"') == 1 and f"#1 → {moment.rank_without}" in markup
    assert f"is hidden: “{whole.items[0].title[:10]}" in sentence(markup)
    assert f"fell to {moment.rank_without}," in sentence(markup)


def test_with_every_moment_hidden_only_the_title_is_left(service):
    session = dataclasses.replace(SESSION, hidden=(0, 1, 2, 3, 4))
    markup = moments.markup(service, session, service.recommend(session.question))
    assert "Every moment of" in sentence(markup) and "is-driver" not in markup


def test_segments_of_a_title_stand_in_for_moments(service):
    markup = strip(service, [0, 0.4, 0.1], [1, 2, 1], segments=("cats", "and", "dogs", "<b>rain", "again"))
    assert sentence(markup).startswith("The words “dogs” of") and "Without them" in sentence(markup)
    assert "<img" not in markup and "&lt;b&gt;rain again" in markup and markup.count("moment-text") == 3


def test_kinds_are_shown_with_their_faces_and_next_to_anybodys_share(service):
    answer = service.recommend(SESSION.question)
    markup = wants.markup(service, SESSION, answer)
    places = [markup.index(f"<b>{answer.kinds[kind].name}</b>") for kind in answer.out_for(3)]
    assert places == sorted(places) and markup.count("<img") == 3
    assert markup.count("of your next clicks; for anybody 1 in") == 3
    assert "shift" not in markup and "What you seem to be out for" in markup


def test_a_hidden_moment_moves_the_kinds_and_they_stay_in_their_places(service):
    session = dataclasses.replace(SESSION, history=DRIVEN)
    whole = service.recommend(session.question)
    moment = moments.driving(whole.last.moments)
    hidden = dataclasses.replace(session, hidden=moment.frames)
    answer = service.recommend(hidden.question)
    markup = wants.markup(service, hidden, answer)
    assert re.findall(r'data-want="(\d+)"', markup) == [str(kind) for kind in whole.out_for(3)]
    assert moment.kind in whole.out_for(3) and "is-down" in markup and "▼" in markup
    assert f'data-hidden="{",".join(map(str, moment.frames))}"' in markup


def test_each_card_says_for_which_kind_it_was_picked(service):
    answer = service.recommend(SESSION.question)
    markup = recommendations.markup(service, SESSION, answer)
    for item in answer.items:
        assert f"for {answer.kinds[item.kind].name}</span>" in markup


def test_each_card_carries_its_way_from_its_old_rank(service):
    whole = service.recommend(SESSION.question)
    edited = history.edited(service, SESSION, "moment", {"frames": "2,3"})
    after = service.recommend(edited.question)
    found = parts.compared(service, edited, after)
    old = [item.item_id for item in whole.items]
    for item in after.items:
        move = found.moves[item.item_id]
        if item.item_id not in old:
            assert (move.kind, move.mark) == ("new", "▲ new")
            continue
        before = old.index(item.item_id) + 1
        sign = {"up": 1, "down": -1, "same": 0}[move.kind]
        assert before - item.rank == sign * int(re.sub(r"\D", "", move.mark) or 0)
    assert found.change.endswith("hidden")
    markup = recommendations.markup(service, edited, after)
    assert markup.count('class="move is-') == 10 and 'data-action="whole"' in markup and 'data-hidden="2,3"' in markup
    plain = recommendations.markup(service, SESSION, whole)
    assert "move is-" not in plain and "what-if" not in plain


def test_the_change_is_told_in_words(service):
    def told(session):
        return parts.compared(service, session, service.recommend(session.question)).change

    title = quoted(service.catalogue.get("1").title, 22)
    assert told(dataclasses.replace(SESSION, left_out=("1",))) == f"{title} left out"
    both = dataclasses.replace(SESSION, left_out=("1", "2"), hidden=(0, 4))
    assert re.fullmatch(r"the .* moment and the .* moment hidden and 2 clips left out", told(both))
    assert told(dataclasses.replace(SESSION, hidden=(0, 1, 2, 3, 4))) == "every moment hidden"


def test_a_left_out_clip_stays_in_the_strip_and_is_not_asked_about(service):
    edited = history.edited(service, SESSION, "leave", {"id": "2"})
    markup = history.markup(service, edited)
    assert markup.count("is-left-out") == 1 and markup.count('class="strip-item') == 3
    assert [item.item_id for item in service.recommend(edited.question).history] == ["1", "3"]
    assert 'data-history="1,3"' in recommendations.markup(service, edited, service.recommend(edited.question))
    assert history.edited(service, edited, "whole", {}) == SESSION


def test_the_last_clip_that_counts_cannot_be_left_out(service):
    alone = Session(history=("1",))
    assert history.edited(service, alone, "leave", {"id": "1"}) == alone
    assert " disabled>" in history.markup(service, alone).split("strip-leave")[1].split("<img")[0].replace("\n", "")


@pytest.mark.parametrize("frames", ["5", "-1", "x", "", "1.0", "1,9", "1,,2", None, [1]])
def test_a_forged_moment_does_no_harm(service, frames):
    assert history.edited(service, SESSION, "moment", {"frames": frames}) == SESSION
    assert history.edited(service, Session(), "moment", {"frames": "0"}) == Session()


def test_a_second_click_shows_a_moment_again(service):
    hidden = history.edited(service, SESSION, "moment", {"frames": "1,2"})
    assert hidden.hidden == (1, 2)
    assert history.edited(service, hidden, "moment", {"frames": "1,2"}) == SESSION


def test_the_list_offers_every_change_and_marks_what_is_done(service):
    session = dataclasses.replace(SESSION, history=DRIVEN)
    *_, moment = service.recommend(session.question).last.moments
    done = dataclasses.replace(session, left_out=("9",), hidden=moment.frames)
    markup = effects.markup(service, done)
    moments_ = len(service.recommend(session.question).last.moments)
    assert markup.count('class="effect"') == len(DRIVEN) + moments_
    assert markup.count('data-action="moment"') == moments_ and markup.count('aria-pressed="true"') == 2
    assert "moment of the last clip" in markup
    for effect in service.effects(session.question):
        assert f"{parts.kept_words(effect.kept, 10)}, #1 " in markup
        assert "stays first" in markup if effect.top_rank == 1 else f"falls to {effect.top_rank}</small>" in markup
    last_out = dataclasses.replace(session, left_out=("14",))
    assert effects.markup(service, last_out).count("disabled") == moments_, "they are of a clip that does not count"
    assert "Pick a clip" in effects.markup(service, Session())


def test_titles_are_escaped_here_too(evil_service):
    session = dataclasses.replace(SESSION, left_out=("1",))
    answer = evil_service.recommend(session.question)
    for markup in (
        moments.markup(evil_service, session, answer),
        effects.markup(evil_service, session),
        recommendations.markup(evil_service, session, answer),
    ):
        assert EVIL[:10] not in markup and "&lt;img src=x" in markup


def test_names_of_kinds_are_escaped_too(service):
    answer = service.recommend(SESSION.question)
    evil = dataclasses.replace(
        answer, kinds=tuple(dataclasses.replace(kind, name=f"{EVIL} {kind.index}") for kind in answer.kinds)
    )
    for view in (moments, wants, recommendations):
        markup = view.markup(service, SESSION, evil)
        assert EVIL[:10] not in markup and "&lt;img src=x" in markup
