"""What the views write: escaped, complete, and true to the run."""

from __future__ import annotations

import dataclasses

import gradio as gr
import pytest

from app.session.catalogue import PAGE_SIZE
from app.session.service import Service
from app.session.state import Session
from app.views import about, catalogue, history, moments, parts, recommendations, upload, wants
from mealrec.errors import BundleError, RequestError
from tests.app.conftest import in_event_loop
from tests.app.stand_in import StandInRecommender, without_pictures


def test_titles_are_escaped_everywhere(evil_service):
    session = Session(history=("1", "2"))
    answer = evil_service.recommend(session.question)
    for markup in (
        catalogue.markup(evil_service, catalogue.Browse()),
        history.markup(evil_service, session),
        recommendations.markup(evil_service, session, answer),
    ):
        assert "<img src=x" not in markup and "<b>topic" not in markup
        assert "&lt;img src=x" in markup


def test_the_templates_are_never_evaluated_in_the_browser():
    def strip():
        with gr.Blocks():
            return history.build()

    assert in_event_loop(strip).html_template == "${value}"


def test_the_ranking_brings_the_weights_of_its_own_history(service):
    session = Session(history=("1", "2", "3"))
    markup = recommendations.markup(service, session, service.recommend(session.question))
    assert 'data-history="1,2,3"' in markup
    assert 'data-weights="0.1863,0.3072,0.5065"' in markup


def test_the_strip_keeps_the_order_and_leaves_the_weights_open(service):
    markup = history.markup(service, Session(history=("3", "1")))
    assert markup.index('data-id="3"') < markup.index('data-id="1"')
    assert markup.count("weight not known yet") == 2


def test_an_empty_history_invites_to_the_example_viewers(service):
    markup = history.markup(service, Session())
    assert markup.count('data-action="viewer"') == 4


def test_places_of_viewers_wait_only_while_the_model_loads():
    def load():
        raise BundleError("no bundle")

    service = Service(load)
    assert history.markup(service, Session()).count("is-waiting") == 4
    with pytest.raises(RequestError):
        service.start().recommender(timeout_s=10)
    assert "is-waiting" not in history.markup(service, Session())


def test_the_next_clip_is_hidden_until_revealed(service):
    viewer = service.recommender().viewers[0]
    opened = history.edited(service, Session(), "viewer", {"id": viewer.viewer_id})
    assert opened.history == viewer.history
    answer = service.recommend(opened.question)
    assert "mystery" in history.markup(service, opened)
    assert "verdict" not in recommendations.markup(service, opened, answer)
    revealed = history.edited(service, opened, "reveal", {})
    assert "mystery" not in history.markup(service, revealed)
    is_hit = viewer.target in [item.item_id for item in answer.items]
    assert ("is-hit" in recommendations.markup(service, revealed, answer)) == is_hit


def test_a_hit_names_its_rank_and_marks_its_clip(service):
    viewer = service.recommender().viewers[0]
    session = Session(history=viewer.history, k=20, viewer_id=viewer.viewer_id, revealed=True)
    answer = service.recommend(session.question)
    others = [item for item in answer.items if item.item_id != viewer.target][:2]
    hit = dataclasses.replace(answer.items[2], item_id=viewer.target, rank=3)
    markup = recommendations.markup(service, session, dataclasses.replace(answer, items=(*others, hit)))
    assert "at rank 3" in markup and markup.count("is-target") == 1


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("pick", {"id": "no such clip"}),
        ("viewer", {"id": "?"}),
        ("unknown", {}),
        ("move", {"id": "1", "position": "x"}),
    ],
)
def test_a_forged_click_does_no_harm(service, action, data):
    session = Session(history=("1",))
    assert history.edited(service, session, action, data).history == ("1",)


def test_the_ranking_shows_each_clip_in_order(service):
    session = Session(history=("1",), k=7)
    answer = service.recommend(session.question)
    markup = recommendations.markup(service, session, answer)
    places = [markup.index(f'data-id="{item.item_id}"') for item in answer.items]
    assert len(places) == 7 and places == sorted(places)


def test_a_variant_without_walks_says_so(service):
    session = Session(history=("1",), variant="backbone")
    assert "no diffusion walk" in recommendations.markup(service, session, service.recommend(session.question))


def test_an_upload_is_reported_and_its_standing_told(service, video):
    *steps, (done, upload_id) = upload.encoded(service, video, " <i>mine</i> ")
    assert "Decoding" in steps[0][0] and "progressbar" in steps[0][0]
    assert "&lt;i&gt;mine" in done and done.count("<img") >= 5
    assert done.count("tabby cat 62%</b>") == 5 and "Nothing in this catalogue" not in done
    session = Session(history=("1", upload_id))
    assert "14</b> of 65" in recommendations.markup(service, session, service.recommend(session.question))


def test_an_upload_that_resembles_nothing_says_so(service, video):
    *_, (done, _) = upload.encoded(service, video, "odd")
    assert "Nothing in this catalogue looks much like this clip" in done


def test_an_encoder_without_names_calls_its_frames_nothing(service, video):
    *_, (_, upload_id) = upload.encoded(service, video, "mine")
    nameless = dataclasses.replace(service.uploads.get(upload_id), sights=())
    done = upload._done(service, nameless)
    assert done.count("<li") >= 5 and "sight" not in done and "what its encoder calls" not in done


def test_the_examples_are_those_that_gradio_ships():
    assert upload.example_path("b").endswith("b.mp4")
    assert upload.example_path("../../routes") is None


def measured(service):
    account, *charts, tables = about.shown(service)
    return account, charts, tables


def test_the_account_holds_the_manifests_numbers(service):
    account, charts, tables = measured(service)
    assert "0.2113" in tables and "popularity" in tables and "12.5" in account
    assert "64 clips<" in account
    assert all(chart["reading"].endswith(".") and "MealRec" in chart["reading"] for chart in charts)


def test_the_tables_are_folded_below_the_charts(service):
    assert "<details" in measured(service)[2] and "<details open" not in measured(service)[2]


def test_the_best_of_the_ranking_is_marked_and_no_oracle(service):
    service.recommender().manifest["metrics"] = {
        "test": {"full": {"H@10": 0.2, "N@10": 0.1}, "oracle: knows": {"H@10": 0.9}, "popularity": {"H@10": 0.1}}
    }
    assert measured(service)[2].count("is-best") == 2


def test_single_figures_get_a_row_each(service):
    service.recommender().manifest["metrics"] = {"held_out": {"as_target_H@10": 0.125, "note": "x"}, "when": "today"}
    _, charts, tables = measured(service)
    assert "as target H@10" in tables and "0.125" in tables and tables.count("<table") == 1
    assert not any(chart["figure"]["data"] for chart in charts), "nothing was measured that a chart could show"


def test_figures_beside_accuracy_have_a_table_where_a_bundle_brings_them_and_no_best(service):
    found = {name: {"coverage": value, "gini": 0.5} for name, value in {"full": 0.25, "popularity": 0.125}.items()}
    service.recommender().manifest["metrics"] = {"beside_accuracy": found}
    tables = measured(service)[2]
    assert "Beside accuracy" in tables and "0.1250" in tables and "is-best" not in tables
    service.recommender().manifest["metrics"] = {"held_out": {"as_target_H@10": 0.125}}
    assert "Beside accuracy" not in measured(service)[2]


def test_a_p_value_that_underflowed_is_a_bound(service):
    gains = {"chance": {"gain_N@10": 0.0, "p": 0.0}, "near": {"gain_N@10": 0.1, "p": 3e-8}}
    service.recommender().manifest["metrics"] = {"against_full": gains}
    tables = measured(service)[2]
    assert ">&lt; 1e-300<" in tables and ">3e-08<" in tables
    assert tables.count(">0.0000<") == 1, "a gain of nothing stays a number"


def test_an_account_without_metrics_still_stands_and_shows_no_other_bundles(service):
    service.recommender().manifest = {"created_with": "a test", "encoders": {}, "training": {}, "metrics": {}}
    account, charts, tables = measured(service)
    assert "64 clips" in account and "brings no measured figures" in tables and "<table" not in tables
    assert not any(chart["figure"]["data"] for chart in charts)


@pytest.fixture
def titles_service() -> Service:
    """A service over titles alone: no topics, no files, no uploads."""

    def load():
        return without_pictures(StandInRecommender(), ("the quiet bit", "before", "the rain", "#slow", "1"))

    service = Service(load).start()
    service.recommender(timeout_s=10)
    return service


def test_a_clip_without_a_picture_shows_its_title_and_hashtags(titles_service):
    markup = catalogue.markup(titles_service, catalogue.Browse())
    assert markup.count('class="no-poster"') == PAGE_SIZE and "<img" not in markup
    assert "<b>nobody told me it sounds like this</b><small>#soundon 3</small>" in markup
    assert 'class="chips"' not in markup, "there is no topic to choose"
    first, second = (parts.card(titles_service, item_id) for item_id in ("1", "2"))
    assert first.colour != second.colour


@pytest.mark.parametrize("title", ["", " ", "# #", "\u200b"])
def test_a_nameless_clip_is_called_by_its_id(title):
    def load():
        recommender = StandInRecommender()
        recommender.catalogue = tuple(dataclasses.replace(item, title=title) for item in recommender.catalogue)
        return recommender

    service = Service(load).start()
    service.recommender(timeout_s=10)
    assert parts.card(service, "7").title == "Clip 7"
    assert "Add “Clip 7” to the history" in catalogue.markup(service, catalogue.Browse())


def test_a_page_of_titles_alone_is_explained_without_pictures(titles_service):
    session = Session(history=("1", "2"))
    answer = titles_service.recommend(session.question)
    strip, panel = (view.markup(titles_service, session, answer) for view in (moments, wants))
    assert "<img" not in strip + panel and panel.count("want-letter") == 3 and "moment-text" in strip


def test_a_title_of_hashtags_alone_still_has_words():
    assert (parts.Card("1", "# sea # calm", "", "", "").words, parts.Card("1", "#", "", "", "").words) == ("sea", "")


def test_a_bundle_without_uploads_says_why_in_place_of_the_drop_zone(titles_service):
    columns, refusal = upload.offered(titles_service.recommender().upload_refusal)
    assert columns["visible"] is False and refusal["visible"] is True
    assert "Made from titles alone." in refusal["value"]
    assert upload.offered("") == (gr.skip(), gr.skip())
    assert "Made from titles alone." in about.shown(titles_service)[0]


def test_a_place_in_the_catalogue_follows_the_clicks():
    place = dataclasses.replace(catalogue.Browse(), words="rain", number=3)
    assert catalogue.turned(place, "topic", {"topic": "sea"}) == catalogue.Browse("rain", "sea", 1)
    assert catalogue.turned(place, "page", {"number": "4"}).number == 4
    assert catalogue.turned(place, "page", {"number": "x"}).number == 1
    assert catalogue.turned(place, "reset", {}) == catalogue.Browse()
