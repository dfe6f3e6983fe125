"""What the views write: escaped, complete, and true to the run."""

from __future__ import annotations

import dataclasses
import json

import gradio as gr
import pytest

from app.service import Service
from app.state import Session
from app.views import about, cards, catalogue, history, recommendations, upload
from mealrec.errors import BundleError, RequestError
from tests.app.conftest import in_event_loop
from tests.app.stand_in import CatalogueItem, StandInRecommender

EVIL = '<img src=x onerror="alert(1)"> ${alert(1)} {{7*7}} \\'


@pytest.fixture
def evil_service() -> Service:
    def load():
        recommender = StandInRecommender()
        recommender.catalogue = tuple(
            CatalogueItem(item.item_id, EVIL, "<b>topic</b>") for item in recommender.catalogue
        )
        return recommender

    service = Service(load).start()
    service.recommender(timeout_s=10)
    return service


def test_titles_are_escaped_everywhere(evil_service):
    session = Session(history=("1", "2"))
    answer = evil_service.recommend(session)
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
    markup = recommendations.markup(service, session, service.recommend(session))
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
    answer = service.recommend(opened)
    assert "mystery" in history.markup(service, opened)
    assert "verdict" not in recommendations.markup(service, opened, answer)
    revealed = history.edited(service, opened, "reveal", {})
    assert "mystery" not in history.markup(service, revealed)
    is_hit = viewer.target in [item.item_id for item in answer.items]
    assert ("is-hit" in recommendations.markup(service, revealed, answer)) == is_hit


def test_a_hit_names_its_rank_and_marks_its_clip(service):
    viewer = service.recommender().viewers[0]
    session = Session(history=viewer.history, k=20, viewer_id=viewer.viewer_id, revealed=True)
    answer = service.recommend(session)
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
    answer = service.recommend(session)
    markup = recommendations.markup(service, session, answer)
    places = [markup.index(f'data-id="{item.item_id}"') for item in answer.items]
    assert len(places) == 7 and places == sorted(places)


def test_a_variant_without_walks_says_so(service):
    session = Session(history=("1",), variant="backbone")
    assert "no diffusion walk" in recommendations.markup(service, session, service.recommend(session))


def test_an_upload_is_reported_and_its_standing_told(service, video):
    *steps, (done, upload_id) = upload.encoded(service, video, " <i>mine</i> ")
    assert "Decoding" in steps[0][0] and "progressbar" in steps[0][0]
    assert "&lt;i&gt;mine" in done and done.count("<img") >= 5
    session = Session(history=("1", upload_id))
    assert "14</b> of 65" in recommendations.markup(service, session, service.recommend(session))


def test_the_examples_are_those_that_gradio_ships():
    assert upload.example_path("b").endswith("b.mp4")
    assert upload.example_path("../../routes") is None


def test_the_account_holds_the_manifests_numbers(service):
    markup = about.markup(service)
    assert "0.2113" in markup and "popularity" in markup and "12.5" in markup
    assert "64 clips<" in markup


def test_the_best_of_the_ranking_is_marked_and_no_oracle(service, tmp_path):
    service.recommender().manifest["metrics"]["test"]["oracle: knows"] = {"H@10": 0.9}
    assert about.markup(service, [tmp_path / "none.json"]).count("is-best") == 4


def test_single_figures_get_a_row_each(service, tmp_path):
    service.recommender().manifest["metrics"] = {"held_out": {"as_target_H@10": 0.125, "note": "x"}, "when": "today"}
    markup = about.markup(service, [tmp_path / "none.json"])
    assert "as target H@10" in markup and "0.125" in markup and markup.count("<table") == 1


def test_a_p_value_that_underflowed_is_a_bound(service, tmp_path):
    gains = {"chance": {"gain_N@10": 0.0, "p": 0.0}, "near": {"gain_N@10": 0.1, "p": 3e-8}}
    service.recommender().manifest["metrics"] = {"against_full": gains}
    markup = about.markup(service, [tmp_path / "none.json"])
    assert ">&lt; 1e-300<" in markup and ">3e-08<" in markup
    assert markup.count(">0.0000<") == 1, "a gain of nothing stays a number"


def test_an_account_without_metrics_still_stands(service, tmp_path):
    recommender = service.recommender()
    recommender.manifest = {"format_version": 1}
    assert "<table" not in about.markup(service, [tmp_path / "none.json"])


def test_the_comparison_on_real_data_is_read_from_its_file(service, tmp_path):
    metrics = {"H@10": {"mean": 0.0651, "sd": 0.0005}}
    report = {
        "made": {"data": {"dataset": "microlens-50k", "slice": "small", "statistics": {"users": 9420}}},
        "systems": {"morec": {"seeds": 3, "masked": metrics, "unmasked": {"H@10": {"mean": 0.0123, "sd": 0}}}},
        "cost": {"morec": {"epoch_s": 4.25, "evaluation_s": 1.5, "memory_mb": 900.0}},
    }
    (tmp_path / "compare.json").write_text(json.dumps(report))
    markup = about.markup(service, [tmp_path / "none.json", tmp_path / "compare.json"])
    assert "microlens-50k, small: 9,420 viewers, mean of 3 seeds" in markup
    assert all(text in markup for text in ("MoRec", "0.0651", "0.0123", "4.25", "seconds an epoch"))


@pytest.fixture
def titles_service() -> Service:
    """A service over titles alone: no topics, no files, no uploads."""

    def load():
        recommender = StandInRecommender()
        recommender.catalogue = tuple(dataclasses.replace(item, topic="") for item in recommender.catalogue)
        recommender.upload_refusal = "Made from titles alone."
        return recommender

    service = Service(load).start()
    service.recommender(timeout_s=10)
    return service


def test_a_clip_without_a_picture_shows_its_title_and_hashtags(titles_service):
    markup = catalogue.markup(titles_service, catalogue.Browse())
    assert markup.count('class="no-poster"') == 24 and "<img" not in markup
    assert "<b>nobody told me it sounds like this</b><small>#soundon 3</small>" in markup
    assert 'class="chips"' not in markup, "there is no topic to choose"
    first, second = (cards.card(titles_service, item_id) for item_id in ("1", "2"))
    assert first.colour != second.colour


def test_a_title_of_hashtags_alone_still_has_words():
    assert (cards.Card("1", "# sea # calm", "", "", "").words, cards.Card("1", "#", "", "", "").words) == ("sea", "")


def test_a_bundle_without_uploads_says_why_in_place_of_the_drop_zone(titles_service):
    columns, refusal = upload.offered(titles_service.recommender().upload_refusal)
    assert columns["visible"] is False and refusal["visible"] is True
    assert "Made from titles alone." in refusal["value"]
    assert upload.offered("") == (gr.skip(), gr.skip())
    assert "Made from titles alone." in about.markup(titles_service)


def test_a_place_in_the_catalogue_follows_the_clicks():
    place = dataclasses.replace(catalogue.Browse(), words="rain", number=3)
    assert catalogue.turned(place, "topic", {"topic": "sea"}) == catalogue.Browse("rain", "sea", 1)
    assert catalogue.turned(place, "page", {"number": "4"}).number == 4
    assert catalogue.turned(place, "page", {"number": "x"}).number == 1
    assert catalogue.turned(place, "reset", {}) == catalogue.Browse()
