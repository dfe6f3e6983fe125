"""The story of "Show me": a viewer whose #1 hangs on a moment, found by computing, in words that fit the runs."""

from __future__ import annotations

import dataclasses

import pytest

from app.session.service import Service
from app.views import history, story
from app.views.parts import in_words, likelier, percent
from mealrec.explain.trace import driving
from tests.app.conftest import wired
from tests.app.stand_in import StandInRecommender


@pytest.fixture
def steps(service) -> list[story.Step]:
    return story.steps(service)


def played(service, steps):
    """Click what the story clicks; yields each step with the session that it leads to."""
    session = story.ASKED
    for step in steps:
        if step.click:
            session = history.edited(service, session, step.click["action"], step.click)
        yield step, session


def test_every_step_waits_for_the_ranking_that_its_click_asks_for(service, steps):
    for step, session in played(service, steps):
        assert (",".join(session.asked), ",".join(map(str, session.hidden))) == (step.history, step.hidden)
        assert step.words.endswith(".") and step.look.startswith("#") and step.hold_s > 0


def test_it_tells_of_the_example_viewer_whose_first_clip_falls_furthest(service, steps):
    falls = {}
    for viewer in service.recommender().viewers:
        answer = service.recommend(dataclasses.replace(story.ASKED, history=viewer.history).question)
        moment = driving(answer.last.moments)
        falls[",".join(viewer.history)] = (moment.rank_without > 1, moment.influence) if moment else (False, 0.0)
    assert steps[-1].history == max(falls, key=falls.get)


def test_it_hides_the_moment_that_drives_the_first_and_says_what_it_did(service, steps):
    (hides,) = [step for step in steps if step.hidden]
    _, session = next(pair for pair in played(service, steps) if pair[0] is hides)
    whole, without = (service.recommend(asked.question) for asked in (session.whole, session))
    moment = driving(whole.last.moments)
    assert hides.hidden == ",".join(map(str, moment.frames)) and moment.rank_without > 1
    assert f"#1 falls to {moment.rank_without}" in hides.words
    assert whole.items[0].item_id != without.items[0].item_id
    before, after = (in_words(float(run.wanted[moment.kind])) for run in (whole, without))
    assert f"{whole.kinds[moment.kind].name} from {before} to {after}" in hides.words


def test_it_begins_with_the_first_clips_and_ends_whole_with_the_walk_shown(service, steps):
    assert [step.click["action"] for step in steps if step.click][0] == "watch"
    *_, (last, session) = played(service, steps)
    assert session.viewer_id and not session.is_what_if and last.click is None
    assert [step.chart for step in steps if step.chart] == ["npd-walk"]
    assert 20 < sum(step.hold_s for step in steps) < 40


def test_without_a_moment_that_drives_anything_the_rest_is_still_told(service):
    recommender = service.recommender()
    last = recommender._last
    recommender._last = lambda *asked: dataclasses.replace(last(*asked), moments=())
    steps = story.steps(service)
    assert not [step for step in steps if step.hidden] and steps[-2].chart == "npd-walk"


def test_a_bundle_without_viewers_has_no_story():
    def load():
        recommender = StandInRecommender()
        recommender.viewers = recommender.test_viewers = ()
        return recommender

    assert not story.has_viewers(Service(load).start())


def test_a_forged_step_does_no_harm(service):
    assert history.edited(service, story.ASKED, "watch", {"id": "nobody", "position": "3"}) == story.ASKED
    viewer = service.recommender().viewers[0]
    edited = history.edited(service, story.ASKED, "watch", {"id": viewer.viewer_id, "position": "-4"})
    assert edited.history == viewer.history[:1] and edited.viewer_id == ""


def test_a_visitors_own_clips_come_back_and_nothing_else_does(service):
    back = history.edited(service, story.ASKED, "restore", {"history": "3,no-such-clip,<b>,1"})
    assert back.history == ("3", "1")
    assert history.edited(service, story.ASKED, "restore", {"history": [["x"]]}).history == ()


def test_it_plays_a_second_time_too(steps):
    first, second = (story.value(steps) for _ in range(2))
    assert first["steps"] == second["steps"] and first != second


def test_the_button_begins_with_an_empty_history_and_the_controls_as_the_story_asks(service):
    told, asked, strip, k, variant, seed = wired(service, "app.events.main")["begin"]()
    assert told["steps"] and asked == story.ASKED and "welcome" in strip
    assert (k, variant, seed) == (10, "full", 0)


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0.99, "nearly all"),
        (0.42, "4 in 10"),
        (0.33, "1 in 3"),
        (0.021, "1 in 50"),
        (0.0009, "1 in 1000"),
        (0.0, "hardly any"),
    ],
)
def test_shares_are_told_in_words(share, words):
    assert in_words(share) == words


def test_chances_are_told_in_percent():
    assert (percent(0.24), percent(0.004), percent(0.0), percent(0.0004)) == ("24%", "0.4%", "0%", "<0.1%")
    assert (likelier(0.274), likelier(-0.1), likelier(1e-5)) == ("−24%", "+11%", "±0%")
