"""The moments, the arrows and the list of effects: true to the runs that they speak of."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest

from app.state import Session
from app.views import effects, history, moments, moves, recommendations
from app.views.cards import quoted
from mealrec.recommender.trace import FrameRelevance
from tests.app.test_views import EVIL, evil_service  # noqa: F401 (a fixture)

SESSION = Session(history=("1", "2", "3"))


def relevance(influence, ranks, segments=()):
    influence = np.array(influence, float)
    return FrameRelevance("3", np.arange(len(influence)) + 0.5, influence, influence, np.array(ranks), segments)


def strip(service, session=SESSION, **of_run):
    return moments.markup(service, session, dataclasses.replace(service.recommend(session), **of_run))


def sentence(markup):
    words = re.search(r"<p>(.*?)</p>", markup, re.S).group(1)
    return " ".join(re.sub(r"<.*?>", "", words).split())


def test_the_strip_names_the_moment_that_drove_the_first_and_where_it_would_fall(service):
    markup = strip(service, frame_relevance=relevance([0.1, 0.3, -0.1, 0, 0], [1, 4, 1, 1, 1]))
    assert sentence(markup).startswith("Second 1.5 of “") and "fall to rank 4" in sentence(markup)
    assert markup.count("is-driver") == 1 and markup.count("<img") == 5
    outcomes = re.findall(r"Hide second \d\.\d: ([^\"]*)", markup)
    assert outcomes == ["#1 −10%", "#1 → 4", "#1 +11%", "no change", "no change"]


def test_a_moment_that_only_lowers_the_chance_says_by_how_much(service):
    markup = strip(service, frame_relevance=relevance([0.5, 0.1], [1, 1]))
    assert "would stay first, 39% less likely" in sentence(markup)  # 1 - exp(-0.5)


@pytest.mark.parametrize(
    ("influence", "hidden", "told"),
    [
        ([-0.1, -0.2], (), "No moment of"),
        ([0.0, 1e-9], (), "looks at no single moment"),
        ([0.0, 0.0], (0, 1), "Every moment of"),
        ([0.3, 0.0], (0,), "looks at no single moment"),
    ],
)
def test_where_no_moment_drove_it_the_strip_says_so(service, influence, hidden, told):
    markup = strip(service, frame_relevance=relevance(influence, [1, 1]), hidden=hidden)
    assert told in sentence(markup) and "is-driver" not in markup
    assert markup.count('aria-pressed="true"') == len(hidden) == markup.count(': hidden" title')


def test_segments_of_a_title_stand_in_for_moments(service):
    markup = strip(service, frame_relevance=relevance([0, 0.4, 0.1], [1, 2, 1], ("cats", "cats", "<b>rain")))
    assert sentence(markup).startswith("The words “cats” (part 2) of")
    assert "without them" in sentence(markup)
    assert "<img" not in markup and "&lt;b&gt;rain" in markup and markup.count("moment-text") == 3


def test_each_card_carries_its_way_from_its_old_rank(service):
    whole = service.recommend(SESSION)
    edited = history.edited(service, SESSION, "frame", {"frame": "2"})
    after = service.recommend(edited)
    found = moves.compared(service, edited, after)
    old = [item.item_id for item in whole.items]
    for item in after.items:
        move = found.moves[item.item_id]
        if item.item_id not in old:
            assert (move.kind, move.mark) == ("new", "▲ new")
            continue
        before = old.index(item.item_id) + 1
        sign = {"up": 1, "down": -1, "same": 0}[move.kind]
        assert before - item.rank == sign * int(re.sub(r"\D", "", move.mark) or 0)
    assert found.change == "second 2.5 hidden"
    markup = recommendations.markup(service, edited, after)
    assert markup.count('class="move is-') == 10 and 'data-action="whole"' in markup and 'data-hidden="2"' in markup
    plain = recommendations.markup(service, SESSION, whole)
    assert "move is-" not in plain and "what-if" not in plain


def test_the_change_is_told_in_words(service):
    def told(session):
        return moves.compared(service, session, service.recommend(session)).change

    title = quoted(service.catalogue.get("1").title, 22)
    assert told(dataclasses.replace(SESSION, left_out=("1",))) == f"{title} left out"
    both = dataclasses.replace(SESSION, left_out=("1", "2"), hidden=(0, 4))
    assert told(both) == "second 0.5 and second 4.5 hidden and 2 clips left out"
    assert told(dataclasses.replace(SESSION, hidden=(0, 1, 2, 3, 4))) == "every moment hidden"


def test_a_left_out_clip_stays_in_the_strip_and_is_not_asked_about(service):
    edited = history.edited(service, SESSION, "leave", {"id": "2"})
    markup = history.markup(service, edited)
    assert markup.count("is-left-out") == 1 and markup.count('class="strip-item') == 3
    assert [item.item_id for item in service.recommend(edited).history] == ["1", "3"]
    assert 'data-history="1,3"' in recommendations.markup(service, edited, service.recommend(edited))
    assert history.edited(service, edited, "whole", {}) == SESSION


def test_the_last_clip_that_counts_cannot_be_left_out(service):
    alone = Session(history=("1",))
    assert history.edited(service, alone, "leave", {"id": "1"}) == alone
    assert " disabled>" in history.markup(service, alone).split("strip-leave")[1].split("<img")[0].replace("\n", "")


@pytest.mark.parametrize("frame", ["5", "-1", "x", "", "1.0", None, [1]])
def test_a_forged_frame_does_no_harm(service, frame):
    assert history.edited(service, SESSION, "frame", {"frame": frame}) == SESSION
    assert history.edited(service, Session(), "frame", {"frame": "0"}) == Session()


def test_the_list_offers_every_change_and_marks_what_is_done(service):
    done = dataclasses.replace(SESSION, left_out=("1",), hidden=(4,))
    markup = effects.markup(service, done)
    assert markup.count('class="effect"') == 8 and markup.count('aria-pressed="true"') == 2
    assert "5 of 10 stay, #1 falls to 3" in markup and "all 10 stay, #1 stays first" in markup
    last_out = dataclasses.replace(SESSION, left_out=("3",))
    assert effects.markup(service, last_out).count("disabled") == 5, "the frames are of a clip that does not count"
    assert "Pick a clip" in effects.markup(service, Session())


def test_titles_are_escaped_here_too(evil_service):  # noqa: F811
    session = dataclasses.replace(SESSION, left_out=("1",))
    answer = evil_service.recommend(session)
    for markup in (
        moments.markup(evil_service, session, answer),
        effects.markup(evil_service, session),
        recommendations.markup(evil_service, session, answer),
    ):
        assert EVIL[:10] not in markup and "&lt;img src=x" in markup
