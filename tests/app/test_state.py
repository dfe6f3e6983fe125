"""A session's edits, and its way through links and storage."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest

from app.session import state
from app.session.state import Session
from mealrec.errors import RequestError


def test_an_item_is_added_last_and_taken_out_by_a_second_click():
    session = state.toggled(state.toggled(Session(), "1"), "2")
    assert session.history == ("1", "2")
    assert state.toggled(session, "1").history == ("2",)


def test_a_long_history_keeps_its_latest_items():
    session = state.with_history(Session(), map(str, range(80)))
    assert len(session.history) == state.MAX_HISTORY
    assert session.history[-1] == "79"


@pytest.mark.parametrize(
    ("position", "expected"), [(0, "cab"), (1, "acb"), (-5, "cab"), (99, "abc")], ids=["first", "middle", "low", "high"]
)
def test_moving_an_item(position, expected):
    assert "".join(state.moved(Session(history=("a", "b", "c")), "c", position).history) == expected


def test_moving_an_unknown_item_changes_nothing():
    session = Session(history=("a",))
    assert state.moved(session, "x", 0) == session


def test_an_edit_leaves_the_example_viewer():
    session = Session(history=("a", "b"), viewer_id="v", revealed=True)
    edited = state.removed(session, "a")
    assert (edited.viewer_id, edited.revealed) == ("", False)


def test_a_clip_is_left_out_and_taken_back():
    session = Session(history=("a", "b", "c"), viewer_id="v", hidden=(1,))
    edited = state.leaving_out(session, "a")
    assert edited.history == session.history and edited.asked == ("b", "c") and edited.is_what_if
    assert (edited.hidden, edited.viewer_id) == ((1,), "v")
    assert state.leaving_out(edited, "a") == session
    assert state.leaving_out(session, "x") == session


def test_another_last_clip_shows_all_its_frames():
    session = Session(history=("a", "b"), hidden=(0, 2))
    edited = state.leaving_out(session, "b")
    assert (edited.asked, edited.hidden) == (("a",), ())
    assert state.leaving_out(edited, "a") == edited, "the last one that counts stays"
    hidden = state.hiding(edited, (3,))
    assert state.leaving_out(hidden, "b").hidden == ()


def test_a_moment_is_hidden_as_a_whole_and_shown_again():
    session = state.hiding(state.hiding(Session(history=("a",)), (3, 4)), (1,))
    assert session.hidden == (1, 3, 4) and state.hiding(session, (3, 4)).hidden == (1,)
    assert state.hiding(session, (0, 1)).hidden == (0, 1, 3, 4), "half hidden counts as shown"
    assert session.whole == Session(history=("a",)) and not session.whole.is_what_if


def test_a_session_asks_what_counts_of_it():
    session = Session(("a", "b", "c"), k=3, variant="no_tcd", seed=2, left_out=("a",), hidden=(1,))
    question = session.question
    assert (question.history, question.hidden) == (("b", "c"), (1,))
    assert (question.k, question.variant, question.seed) == (3, "no_tcd", 2)
    assert (question.noise, question.num_steps, question.uploads) == (0.0, None, ())
    assert session.whole.question.history == ("a", "b", "c")
    with pytest.raises(RequestError, match="add an item first"):
        _ = Session().question


@pytest.mark.parametrize("edit", [lambda s: state.toggled(s, "x"), lambda s: state.moved(s, "a", 1)])
def test_another_history_counts_as_a_whole(edit):
    assert not edit(Session(history=("a", "b"), left_out=("a",), hidden=(1,))).is_what_if


def test_a_link_restores_all_but_uploads():
    session = Session(history=("3", "upload-0a", "1"), k=5, variant="sasrec-content", seed=7)
    link = state.to_query(session)
    assert link.startswith("?") and "upload" not in link
    assert state.from_mapping(dict(parse_qsl(link[1:]))) == Session(("3", "1"), 5, "sasrec-content", 7)


def test_the_browsers_storage_restores_uploads_too():
    session = Session(history=("3", "upload-0a"), k=5)
    assert state.from_mapping(state.to_storage(session)) == session


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"history": None},
        {"history": 7, "k": "many", "seed": [], "variant": 3},
        {"history": "<img onerror=x>,../../etc/passwd", "variant": "$(rm)"},
        {"history": ["a" * 65, {}, ""]},
    ],
)
def test_what_is_malformed_is_dropped(values):
    assert state.from_mapping(values) == Session()


def test_numbers_are_held_in_their_range():
    session = state.from_mapping({"k": "900", "seed": "-3"})
    assert (session.k, session.seed) == (state.MAX_K, 0)
