"""The compare view: what its controls ask, what it shows of the answer, and that a closed tab costs nothing."""

from __future__ import annotations

import base64
import io

import gradio as gr
import pytest
from PIL import Image

from app.events.compare import wire_compare
from app.session.names import SYSTEMS, in_order, system
from app.session.service import Service
from app.session.state import Session
from app.views import compare
from mealrec.errors import RequestError
from mealrec.recommender.comparing import Overlap
from tests.app.conftest import in_event_loop
from tests.app.stand_in import STEPS, CatalogueItem, StandInMedia, StandInRecommender

SESSION = Session(history=("1", "2"), k=5)


def test_every_system_has_a_column_and_a_sentence(service):
    overlaps, chart, systems = compare.shown(service, SESSION)
    columns = chart["figure"]["layout"]["xaxis"]["ticktext"]
    assert [column.removeprefix("<b>").removesuffix("</b>") for column in columns] == [
        "MealRec", "without TCD", "without NPD", "without both", "backbone",
    ]  # fmt: skip
    for variant in service.recommender().variants:
        assert system(variant).sentence in systems
    assert overlaps.count("<li>") == 3 and chart["reading"].endswith(".")


def test_without_a_history_nothing_is_shown(service):
    assert compare.shown(service, Session()) == ("", None, "")


def test_the_controls_ask_the_recommender(service):
    asked = compare.asked(SESSION, 0.35, 7, 12)
    assert (asked.noise, asked.num_steps, asked.seed, asked.history) == (0.35, 7, 12, SESSION.history)
    comparison = service.compare(asked)
    assert {(ranks.noise, ranks.num_steps, ranks.seed) for ranks in comparison.rankings} == {(0.35, 7, 12)}
    assert compare.shown(service, asked) != compare.shown(service, SESSION)


def test_emptied_controls_mean_their_least_values():
    asked = compare.asked(SESSION, None, None, None)
    assert (asked.noise, asked.num_steps, asked.seed) == (0.0, 1, 0)


@pytest.mark.parametrize(("noise", "steps"), [(99.0, 5), (0.1, 99)])
def test_forged_controls_are_refused(service, noise, steps):
    with pytest.raises(RequestError):
        compare.shown(service, compare.asked(SESSION, noise, steps, 0))


def test_only_a_revealed_next_clip_is_marked(service):
    viewer = service.recommender().viewers[0]
    opened = Session(history=viewer.history, viewer_id=viewer.viewer_id)
    assert service.compare(opened).target is None
    assert "★" not in str(compare.shown(service, opened)[1]["figure"])
    revealed = Session(history=viewer.history, viewer_id=viewer.viewer_id, revealed=True)
    assert service.compare(revealed).target.item_id == viewer.target
    assert "★" in str(compare.shown(service, revealed)[1]["figure"])


def test_a_lost_upload_is_named(service):
    with pytest.raises(RequestError, match="no longer kept"):
        service.compare(Session(history=("1", "upload-gone")))


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
    told = compare.tile(overlap, STEPS)
    assert (told.title, told.shared, told.count) == (title, overlap.shared, overlap.count)
    assert told.words == f"{overlap.shared} of MealRec’s first {overlap.count} clips stay, {places}."


def test_titles_are_escaped():
    def load():
        recommender = StandInRecommender()
        evil = '<img src=x onerror="alert(1)">'
        recommender.catalogue = tuple(CatalogueItem(item.item_id, evil, "<b>") for item in recommender.catalogue)
        return recommender

    service = Service(load).start()
    service.recommender(timeout_s=10)
    assert "<img src=x" not in str(compare.shown(service, SESSION)[1]["figure"])


def test_posters_travel_inside_the_figure(tmp_path):
    from PIL import Image

    def load():
        recommender = StandInRecommender()
        (tmp_path / "posters").mkdir()
        recommender.media = StandInMedia(tmp_path)
        return recommender

    service = Service(load).start()
    first = service.recommender(timeout_s=10).rank(["1"], k=1).items[0].item_id
    Image.new("RGB", (256, 448)).save(tmp_path / "posters" / f"{first}.webp")
    session = Session(history=("1",), k=20)
    figure = compare.shown(service, session)[1]["figure"]
    rankings = service.compare(session).rankings
    pictured = sum(item.item_id == first for ranks in rankings for item in ranks.items)
    sources = [image["source"] for image in figure["layout"]["images"]]
    assert len(sources) == pictured > 0
    assert all(source.startswith("data:image/jpeg;base64,") and len(source) < 6000 for source in sources)


def test_the_order_of_columns_knows_every_described_system():
    assert in_order(["zzz", "backbone", "no_npd", "full"]) == ["full", "no_npd", "backbone", "zzz"]
    assert system("some_new-one").name == "some new one"
    assert all(words.sentence.endswith(".") and len(words.name) <= 20 for words in SYSTEMS.values())


def test_a_closed_tab_computes_nothing_and_an_open_one_does(service):
    """The wired functions themselves, as Gradio would call them."""

    def wired():
        with gr.Blocks() as demo, gr.Tabs():
            with gr.Tab("Inside") as inside:
                ranking = gr.HTML()
            with gr.Tab("Compare") as tab:
                view = compare.build()
            wire_compare(service, gr.State(Session()), ranking, tab, [inside], view)
        return demo

    functions = {block.fn.__name__: block for block in in_event_loop(wired).fns.values()}
    draw, open_tab, close_tab = (functions[name].fn for name in ("draw", "open_tab", "close_tab"))
    service.compare = lambda session: pytest.fail("a closed tab asked for a comparison")
    assert draw(SESSION, 0, STEPS, 0, None) == draw(SESSION, 0, STEPS, 0, False) == (gr.skip(),) * 3
    del service.compare
    assert draw(SESSION, 0, STEPS, 0, True) == compare.shown(service, compare.asked(SESSION, 0, STEPS, 0))
    assert open_tab(Session(seed=4), None) == (True, STEPS, 4, "")
    assert "every system" in open_tab(Session(("1",), seed=4), None)[3]
    assert open_tab(Session(seed=4), False)[0] is True and open_tab(Session(seed=4), False)[2] == gr.skip()
    assert (close_tab(None), close_tab(True), close_tab(False)) == (None, False, False)
    assert {functions[name].concurrency_id for name in ("draw",)} == {"compare"}


def test_a_landscape_poster_takes_no_more_room_than_an_upright_one(tmp_path):
    """Beside it in the chart stand the clip's rank and its title."""
    for size in ((1920, 1080), (600, 600), (270, 480)):
        path = tmp_path / f"{size[0]}.webp"
        Image.new("RGB", size).save(path)
        data = base64.b64decode(compare._picture(path).partition(",")[2])
        with Image.open(io.BytesIO(data)) as picture:
            assert picture.size == (54, 96)
