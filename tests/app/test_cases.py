"""Test viewers on the page: ranked once, filtered, opened, and what is said where there are none."""

from __future__ import annotations

import json

import numpy as np
import pytest

from app.charts.chart import json_file
from app.events import tabs
from app.session import state
from app.session.cases import HIT, PAGE_SIZE, Cases
from app.session.service import Service
from app.session.state import Session
from app.views import history, recommendations, viewers
from app.views.viewers import Place
from mealrec.errors import RequestError
from tests.app.stand_in import StandInRecommender, ViewerCase


def listed(service, place=None, asked=None):
    *_, last = tabs.listing(service, Cases(service), asked or Session(), place or Place())
    return last


def test_ranks_are_computed_once_for_a_model_and_a_seed(service):
    cases = Cases(service)
    *reports, found = cases.ranked("full", 0)
    assert reports == [0.5, 1.0]
    assert [case.rank for case in found] == list(range(1, 41))
    assert list(cases.ranked("full", 0)) == [found]
    cases_of_another_seed = list(cases.ranked("full", 1))[-1]
    assert cases_of_another_seed[0].rank == 2 and service.recommender().rankings == 2


def test_an_unknown_model_is_refused_and_not_kept(service):
    cases = Cases(service)
    for _ in range(2):
        with pytest.raises(RequestError, match="variant"):
            list(cases.ranked("nothing", 0))


def test_the_kinds_part_the_viewers(service):
    *_, found = Cases(service).ranked("full", 0)
    of = {kind: [case for case in found if case.is_of(kind)] for kind in ("all", "hits", "misses", "accidents")}
    assert [case.rank for case in of["hits"]] == list(range(1, HIT + 1))
    assert len(of["all"]) == len(found) == len(of["hits"]) + len(of["misses"])
    assert [case.viewer.accident for case in of["accidents"]] == [True] * 8


def test_the_list_shows_a_page_with_counts_ranks_and_what_is_open(service):
    markup, place = listed(service)
    assert place == Place("all", 1, "test-0")
    assert markup.count('data-action="open"') == PAGE_SIZE
    assert "10 of 40 viewers (25%)" in markup and "median rank is 20.5" in markup
    for kind, count in (("hits", 10), ("misses", 30), ("accidents", 8)):
        assert f'data-kind="{kind}" aria-pressed="false"' in markup and f"<small>{count}</small>" in markup
    assert markup.count('aria-pressed="true"') == 2, "the filter and the opened viewer"
    assert "+3" in markup, "the eighth viewer has eight clips, five of them shown"


def test_a_click_turns_the_list_and_a_wild_one_does_not(service):
    place = viewers.turned(Place(), "kind", {"kind": "misses"})
    markup, place = listed(service, viewers.turned(place, "page", {"number": "99"}))
    assert place.number == 4 and markup.count('data-action="open"') == 30 - 3 * PAGE_SIZE
    assert viewers.turned(place, "kind", {"kind": "sideways"}) == place
    assert viewers.turned(place, "page", {"number": "-1"}).number == 1
    assert viewers.turned(place, "page", {"number": "9" * 5000}).number == 1
    assert listed(service, viewers.turned(place, "open", {"id": "test-9"}))[1].viewer_id == "test-9"
    assert listed(service, viewers.turned(place, "open", {"id": "<b>nobody"}))[1].viewer_id == "test-0"


def test_the_opened_viewer_shows_its_history_its_next_clip_and_the_verdict(service):
    markup, drawn = viewers.opened(service, service.recommender().viewer_map("test-5"))
    assert "Hit: the next clip stands at rank 6 of 60." in markup
    assert markup.count("<li") == 7 and "by accident" in markup and "watched next" in markup
    assert 'data-action="use" data-id="test-5"' in markup
    miss, _ = viewers.opened(service, service.recommender().viewer_map("test-11"))
    assert "Miss: the next clip stands at rank 12 of 60." in miss and "by accident" not in miss
    assert drawn["figure"]["data"] and drawn["reading"].endswith(".")


def test_an_example_viewer_among_the_test_viewers_is_opened_like_the_others(service):
    recommender = service.recommender()
    example = recommender.viewers[0]
    recommender.test_viewers = (ViewerCase(example.viewer_id, example.history, example.target, accident=True),)
    markup, _ = viewers.opened(service, recommender.viewer_map(example.viewer_id))
    assert "by accident" in markup and "rank 1 of" in markup


def test_titles_of_test_viewers_are_escaped(service):
    recommender = service.recommender()
    recommender.test_viewers = (ViewerCase('"><img src=x>', ("1",), "2"),)
    recommender.target_ranks = lambda **asked: iter([np.array([3])])
    markup, _ = listed(service)
    assert "<img src=x" not in markup
    assert "accidents" not in markup, "nothing is known of accidents here"


def test_a_viewer_handed_to_the_page_above_has_its_next_clip_revealed(service):
    before = state.from_mapping({"history": "1,2", "seed": 5})
    session = history.edited(service, before, "use", {"id": "test-3"})
    assert (session.history, session.viewer_id, session.revealed, session.seed) == (
        ("4", "5", "6", "7"),
        "test-3",
        True,
        5,
    )
    assert "watched next" in history.markup(service, session)
    assert 'class="verdict' in recommendations.markup(service, session, service.recommend(session.question))
    assert history.edited(service, before, "use", {"id": "nobody"}) == before


def test_an_older_bundle_and_one_that_did_not_load_say_so():
    recommender = StandInRecommender()
    recommender.test_viewers = ()
    markup, _ = listed(Service(lambda: recommender).start())
    assert "python -m mealrec bundle" in markup

    def fail():
        raise OSError("disk on fire")

    markup, _ = listed(Service(fail).start())
    assert "disk on fire" in markup


def test_a_saved_trace_is_what_the_api_answers(service):
    answer = service.recommend(Session(history=("1", "2")).question).to_dict()
    first, second = (json_file("mealrec-trace.json", answer) for _ in range(2))
    assert json.loads(first["text"]) == answer and first["type"] == "application/json"
    assert first != second, "the browser saves a second file only for another value"


def test_an_unopened_list_says_how_far_the_ranking_is():
    assert 'aria-valuenow="40"' in viewers.progress(0.4)
