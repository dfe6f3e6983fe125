"""The compare view: what its controls ask, what it shows of the answer, and that a closed tab costs nothing."""

from __future__ import annotations

import base64
import io
from dataclasses import replace
from types import SimpleNamespace

import gradio as gr
import pytest
from PIL import Image

from app.session.names import SYSTEMS, in_order, system
from app.session.service import Service
from app.session.state import Session
from app.views import compare
from mealrec.errors import RequestError
from mealrec.question import Question
from mealrec.recommender.comparing import Overlap
from tests.app.conftest import wired
from tests.app.stand_in import STEPS, StandInMedia, StandInRecommender

SESSION = Session(history=("1", "2"), k=5)


def test_every_system_has_a_column_and_a_sentence(service):
    overlaps, chart, systems = compare.shown(service, SESSION, 0, STEPS, 0)
    columns = chart["figure"]["layout"]["xaxis"]["ticktext"]
    assert [column.removeprefix("<b>").removesuffix("</b>") for column in columns] == [
        "MealRec", "without TCD", "without NPD", "without both", "backbone",
    ]  # fmt: skip
    for variant in service.recommender().variants:
        assert system(variant).sentence in systems
    assert overlaps.count("<li>") == 3 and chart["reading"].endswith(".")


def test_without_a_history_nothing_is_shown(service):
    assert compare.shown(service, Session(), 0, STEPS, 0) == ("", None, "")


def test_the_controls_ask_the_recommender(service):
    asked = compare.asked(SESSION, 0.35, 7, 12)
    assert (asked.noise, asked.num_steps, asked.seed, asked.history) == (0.35, 7, 12, SESSION.history)
    hiding = replace(SESSION, hidden=(1,))
    assert compare.asked(hiding, 0.35, 7, 12) == asked, "systems are compared with nothing hidden"
    comparison = service.compare(asked)
    assert {(ranks.noise, ranks.num_steps, ranks.seed) for ranks in comparison.rankings} == {(0.35, 7, 12)}
    assert compare.shown(service, SESSION, 0.35, 7, 12) != compare.shown(service, SESSION, 0, STEPS, 0)


def test_emptied_controls_mean_their_least_values():
    asked = compare.asked(SESSION, None, None, None)
    assert (asked.noise, asked.num_steps, asked.seed) == (0.0, 1, 0)


@pytest.mark.parametrize(("noise", "steps"), [(99.0, 5), (0.1, 99)])
def test_forged_controls_are_refused(service, noise, steps):
    with pytest.raises(RequestError):
        compare.shown(service, SESSION, noise, steps, 0)


def test_only_a_revealed_next_clip_is_marked(service):
    viewer = service.recommender().viewers[0]
    opened = Session(history=viewer.history, viewer_id=viewer.viewer_id)
    assert service.compare(opened.question, service.target(opened)).target is None
    assert "★" not in str(compare.shown(service, opened, 0, STEPS, 0)[1]["figure"])
    revealed = Session(history=viewer.history, viewer_id=viewer.viewer_id, revealed=True)
    assert service.compare(revealed.question, service.target(revealed)).target.item_id == viewer.target
    assert "★" in str(compare.shown(service, revealed, 0, STEPS, 0)[1]["figure"])


def test_a_lost_upload_is_named(service):
    with pytest.raises(RequestError, match="no longer kept"):
        service.compare(Question(["1", "upload-gone"]))


@pytest.mark.parametrize(
    ("overlap", "title", "places"),
    [
        (Overlap("seed", 3, 4, 9, 2, 10), "Seed 4 instead of 3", "2 at the same rank"),
        (Overlap("num_steps", STEPS, 5, 8, 0, 10), f"T = 5 instead of {STEPS} (as trained)", "none at its rank"),
        (Overlap("num_steps", 7, STEPS, 5, 5, 5), f"T = {STEPS} (as trained) instead of 7", "each at its rank"),
        (Overlap("noise", 0.3, 0.0, 9, 1, 10), "No noise instead of σ = 0.3", "1 at the same rank"),
        (Overlap("noise", 0.0, 0.3, 9, 1, 10), "Noise σ = 0.3 instead of none", "1 at the same rank"),
    ],
)
def test_overlaps_are_told_in_words(overlap, title, places):
    words = f"{overlap.shared} of MealRec’s first {overlap.count} clips stay, {places}."
    assert compare.told(overlap, STEPS) == (title, words)


def test_titles_are_escaped(evil_service):
    assert "<img src=x" not in str(compare.shown(evil_service, SESSION, 0, STEPS, 0)[1]["figure"])


def test_posters_travel_inside_the_figure(tmp_path):
    def load():
        recommender = StandInRecommender()
        (tmp_path / "posters").mkdir()
        recommender.media = StandInMedia(tmp_path)
        return recommender

    service = Service(load).start()
    first = service.recommender(timeout_s=10).rank(Question(["1"], k=1)).items[0].item_id
    Image.new("RGB", (256, 448)).save(tmp_path / "posters" / f"{first}.webp")
    session = Session(history=("1",), k=20)
    figure = compare.shown(service, session, 0, STEPS, 0)[1]["figure"]
    rankings = service.compare(session.question).rankings
    pictured = sum(item.item_id == first for ranks in rankings for item in ranks.items)
    sources = [image["source"] for image in figure["layout"]["images"]]
    assert len(sources) == pictured > 0
    assert all(source.startswith("data:image/jpeg;base64,") and len(source) < 6000 for source in sources)


def test_the_order_of_columns_knows_every_described_system():
    assert in_order(["zzz", "backbone", "no_npd", "full"]) == ["full", "no_npd", "backbone", "zzz"]
    assert system("some_new-one").name == "some new one"
    assert all(words.sentence.endswith(".") and len(words.name) <= 20 for words in SYSTEMS.values())


def test_a_closed_tab_computes_nothing_and_an_open_one_does(service):
    draw = wired(service, "app.events.tabs")["draw_comparison"]
    service.compare = lambda *asked: pytest.fail("a closed tab asked for a comparison")
    assert draw(False, SESSION, 0, STEPS, 0) == gr.skip()
    del service.compare
    assert draw(True, SESSION, 0, STEPS, 0) == compare.shown(service, SESSION, 0, STEPS, 0)


def test_the_controls_begin_as_the_ranking_is_asked_and_are_then_the_visitors(service):
    open_tab = wired(service, "app.events.tabs")["open_compare"]

    def values(session, is_set, tab):
        found = open_tab(session, is_set, SimpleNamespace(value=tab))
        return {getattr(part, "elem_id", None): value for part, value in found.items()}

    first = values(Session(seed=4), False, "Compare")
    assert (first["compare-steps"], first["compare-seed"], first["compare-overlaps"]) == (STEPS, 4, "")
    assert "every system" in values(Session(("1",)), False, "Compare")["compare-overlaps"]
    assert list(values(Session(seed=4), True, "Compare").values()) == [True]
    assert list(values(Session(seed=4), False, "Map").values()) == [False]


def test_a_landscape_poster_takes_no_more_room_than_an_upright_one(tmp_path):
    """Beside it in the chart stand the clip's rank and its title."""
    for size in ((1920, 1080), (600, 600), (270, 480)):
        path = tmp_path / f"{size[0]}.webp"
        Image.new("RGB", size).save(path)
        data = base64.b64decode(compare.picture(path).partition(",")[2])
        with Image.open(io.BytesIO(data)) as picture:
            assert picture.size == (54, 96)
