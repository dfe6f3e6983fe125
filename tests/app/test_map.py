"""The map: drawn only for whoever looks at it, searched, and clicked to add a clip."""

from __future__ import annotations

from types import SimpleNamespace

import gradio as gr
import pytest

from app.session.state import Session
from app.views import kind_map
from tests.app.conftest import wired

SESSION = Session(history=("1", "2"))


@pytest.fixture
def events(service):
    return wired(service, "app.events.tabs")


def test_the_map_speaks_of_the_visitor_once_there_is_a_history(service):
    alone, mine, found = (
        kind_map.value(service, *asked) for asked in ((Session(), ""), (SESSION, ""), (SESSION, "ramen"))
    )
    assert alone["figure"]["data"] and "You seem" not in alone["reading"]
    name = service.recommender().kinds[service.recommend(SESSION.question).out_for(1)[0]].name
    assert name in mine["reading"] and "ramen" in found["reading"]


def test_a_closed_map_is_not_drawn(service, events):
    service.recommender().__dict__["kind_map"] = None  # nobody may ask for it
    assert events["draw_map"](False, SESSION, "") == gr.skip()
    assert events["open_map"](SESSION, "", SimpleNamespace(value="Compare")) == (gr.skip(), False)


def test_an_open_map_is_drawn(service, events):
    value, is_open = events["open_map"](SESSION, "", SimpleNamespace(value="Map"))
    assert is_open and value["figure"]["data"]


def test_a_click_on_a_point_adds_its_clip_and_another_takes_it_out(service, events, monkeypatch):
    monkeypatch.setattr(gr, "Info", lambda words: None)
    edited, strip, stored = events["pick_point"](SESSION, SimpleNamespace(_data={"value": "9", "index": [0, 3]}))
    assert edited.history == ("1", "2", "9") == tuple(stored["history"]) and 'data-id="9"' in strip
    assert events["pick_point"](edited, SimpleNamespace(_data={"value": "9"}))[0] == SESSION


@pytest.mark.parametrize("data", [None, {}, {"value": None}, {"value": "a kind"}, {"value": ["9"]}])
def test_a_click_on_anything_else_does_no_harm(events, data):
    assert events["pick_point"](SESSION, SimpleNamespace(_data=data))[0] == SESSION
