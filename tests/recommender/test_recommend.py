"""A request's answer: the ranking is the walk's end, repeatable, and honest about what it left out."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import torch

from mealrec.bundle.disk import write_bundle
from mealrec.errors import RequestError
from mealrec.explain.trace import NO_KIND
from mealrec.features.text import split_title
from mealrec.features.weights import weights_checksum
from mealrec.question import Question
from mealrec.ranking.metrics import Ranking
from mealrec.recommender.recommender import Recommender
from tests.recommender.tiny_bundle import (
    FRAMES,
    HELD_OUT,
    ITEMS,
    KINDS,
    STEPS,
    VARIANTS,
    tiny_contents,
    tiny_upload,
    titles_contents,
)

HISTORY = ["i1", "i4", "i2"]


@pytest.mark.parametrize("history", [["i3"], HISTORY, [f"i{n}" for n in range(1, 10)]])
@pytest.mark.parametrize("variant", ["full", "no_tcd"])
def test_the_last_step_gives_the_ranking(recommender, history, variant):
    answer = recommender.recommend(Question(history, k=3, variant=variant))
    assert answer.npd[-1].top_item_ids == tuple(item.item_id for item in answer.items)
    assert answer.npd[-1].final_ranks.tolist() == [1, 2, 3]
    loaded = recommender.variant(variant)
    scores = loaded.model.table.scores(torch.from_numpy(answer.npd[-1].clean)[None], loaded.items)[0]
    shown = [scores[1 + [i.item_id for i in recommender.catalogue].index(item.item_id)] for item in answer.items]
    assert np.allclose([item.score for item in answer.items], [float(score.detach()) for score in shown], atol=1e-5)


def test_every_step_is_kept(recommender):
    answer = recommender.recommend(Question(HISTORY))
    for steps in (answer.tcd, answer.npd):
        assert [step.diffusion_step for step in steps] == list(range(STEPS, 0, -1))
    for step in answer.tcd:
        assert step.latents.shape == step.shares.shape == (FRAMES, KINDS)
        assert np.allclose(step.shares.sum(1), 1, atol=1e-5) and step.attention.sum() == pytest.approx(1, abs=1e-5)
    for step in answer.npd:
        assert step.preference.shape == step.clean.shape == (KINDS,)
        assert step.wanted.sum() == pytest.approx(1, abs=1e-5) and step.noisy_wanted.sum() == pytest.approx(1, abs=1e-5)
    assert answer.npd[0].cosine < 1 and answer.npd[0].distance > answer.npd[-1].distance
    assert np.allclose(answer.wanted, answer.npd[-1].wanted, atol=1e-6)


def test_steps_rank_the_final_top_k(recommender):
    answer = recommender.recommend(Question(HISTORY, k=5))
    final = [item.item_id for item in answer.items]
    for step in answer.npd:
        for place, item_id in enumerate(step.top_item_ids, start=1):
            if item_id in final:
                assert step.final_ranks[final.index(item_id)] == place


@pytest.mark.parametrize("variant", VARIANTS)
def test_ablations_leave_their_module_out(recommender, variant):
    answer = recommender.recommend(Question(HISTORY, variant=variant))
    assert bool(answer.tcd) == (variant in ("full", "no_npd"))
    assert bool(answer.npd) == (variant in ("full", "no_tcd"))
    assert answer.variant == variant and len(answer.items) == ITEMS - len(HISTORY)


def test_scores_fall_and_the_history_is_left_out(recommender):
    answer = recommender.recommend(Question(HISTORY, k=50))
    scores = [item.score for item in answer.items]
    assert scores == sorted(scores, reverse=True)
    assert [item.rank for item in answer.items] == list(range(1, ITEMS - len(HISTORY) + 1))
    assert not {item.item_id for item in answer.items} & set(HISTORY)


def test_items_without_an_id_are_ranked_too(recommender):
    assert set(HELD_OUT) <= {item.item_id for item in recommender.recommend(Question(HISTORY, k=50)).items}


@pytest.fixture(scope="module")
def of_titles(tmp_path_factory):
    path = tmp_path_factory.mktemp("anywhere") / "titles"
    write_bundle(path, titles_contents())
    return Recommender.from_bundle(path, device="cpu")


def test_segments_of_the_last_title_stand_in_for_frames(of_titles):
    last = of_titles.recommend(Question(["i1", "i4"])).last
    assert last.segments == tuple(split_title(of_titles.catalogue[3].title, FRAMES))
    frames = last.to_dict()["frames"]
    assert [frame["text"] for frame in frames] == list(last.segments) and "time_s" not in frames[0]
    assert np.ptp(last.influence) > 0


def test_a_bundle_of_titles_says_why_it_takes_no_upload(of_titles, recommender):
    assert recommender.upload_refusal == ""
    with pytest.raises(RequestError) as caught:
        of_titles.encode_upload("clip.mp4")
    assert str(caught.value) == of_titles.upload_refusal and "titles alone" in of_titles.upload_refusal


def test_a_bundle_of_given_features_takes_no_upload_either(tmp_path):
    contents = tiny_contents()
    given = {**contents.encoders, "video": {"name": "global-visual:given.npy", "sha256": "g"}}
    write_bundle(tmp_path / "given", replace(contents, encoders=given, media="./media"))
    loaded = Recommender.from_bundle(tmp_path / "given", device="cpu")
    assert "given visual features" in loaded.upload_refusal
    assert not loaded.recommend(Question(["i1"])).last.segments


@pytest.mark.parametrize("k", [1, 4, 9, 12])
def test_a_ranking_sorts_as_a_whole_sort_would(k):
    scores = torch.randint(0, 4, (6, 10), generator=torch.Generator().manual_seed(k)).float()  # many ties
    ranking = Ranking.of(scores.numpy(), np.arange(10) > 0)
    order = scores[:, 1:].argsort(dim=1, descending=True, stable=True)
    for step in range(6):
        assert ranking.top(k, step).tolist() == (1 + order[step, :k]).tolist()
        places = [order[step].tolist().index(place) + 1 for place in order[-1, :k].tolist()]
        assert ranking.final_ranks(k)[step].tolist() == places


def test_a_seed_fixes_the_answer(recommender):
    first, second, other = (recommender.recommend(Question(HISTORY, k=50, seed=seed)) for seed in (5, 5, 6))
    assert first.items == second.items
    assert np.array_equal(first.npd[0].preference, second.npd[0].preference)
    assert not np.array_equal(first.npd[0].preference, other.npd[0].preference)
    shared = {i.item_id for i in first.items[:5]} & {i.item_id for i in other.items[:5]}
    assert len(shared) >= 3, "the noise is weak: another seed changes little"


def test_a_long_history_counts_its_latest_items(recommender):
    ids = [f"i{number}" for number in range(1, 12)]
    answer, short = recommender.recommend(Question(ids)), recommender.recommend(Question(ids[1:]))
    weights = [item.weight for item in answer.history]
    assert weights[0] == 0 and sum(weights) == pytest.approx(1)
    assert weights[1:] == sorted(weights[1:]) and np.allclose(weights[1:], [item.weight for item in short.history])
    assert [item.item_id for item in answer.items] == ["i12"]
    assert np.array_equal(answer.npd[-1].clean, short.npd[-1].clean)


def test_weights_follow_eq_7(recommender):
    rate = abs(float(recommender.variant("full").model.reader.rates[0].detach()))
    expected = np.exp(-rate * np.arange(2, -1, -1))
    weights = [item.weight for item in recommender.recommend(Question(HISTORY)).history]
    assert np.allclose(weights, expected / expected.sum())


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"history": ["i1", "nowhere"]}, "nowhere"),
        ({"history": ["upload-gone"]}, "upload-gone"),
        ({"variant": "best"}, "full, no_tcd"),
        ({"hidden": [0, FRAMES]}, f"from 0 to {FRAMES - 1}, {FRAMES} came"),
    ],
)
@pytest.mark.parametrize("ask", ["recommend", "effects", "rank"])
def test_what_the_bundle_does_not_hold_is_refused(recommender, ask, values, reason):
    question = Question(**{"history": HISTORY} | values)
    with pytest.raises(RequestError, match=reason):
        getattr(recommender, ask)(question)


def test_an_upload_stands_in_a_history_and_as_a_candidate(recommender):
    upload = tiny_upload()
    history = ["i1", upload.upload_id]
    answer = recommender.recommend(Question(history, uploads=[upload, tiny_upload(1, "upload-other")], k=50))
    assert answer.history[-1].title == "mine" and answer.last.item_id == upload.upload_id
    assert np.allclose(answer.last.times_s, upload.times_s)
    (standing,) = answer.uploads
    assert (standing.item_id, standing.candidates) == (upload.upload_id, ITEMS + 1)
    assert 1 <= standing.rank <= ITEMS + 1
    assert len(answer.items) == ITEMS - 1 and upload.upload_id not in {item.item_id for item in answer.items}
    assert answer.items != recommender.recommend(Question(["i1"], k=50)).items


def test_an_upload_ranks_as_a_catalogue_item_with_its_features_would(recommender):
    held_out = ITEMS  # known by its content alone, as an upload is
    rows = {name: tensor[held_out : held_out + 1] for name, tensor in vars(recommender.features).items()}
    twin = tiny_upload().__class__("upload-twin", "", np.zeros(FRAMES), (), type(recommender.features)(**rows), ())
    with_twin = recommender.recommend(Question(["i1", "upload-twin"], uploads=[twin], k=50))
    original = recommender.recommend(Question(["i1", f"i{held_out}"], k=50))
    scores = {item.item_id: item.score for item in with_twin.items}
    assert all(scores[item.item_id] == pytest.approx(item.score, abs=1e-5) for item in original.items)
    assert with_twin.uploads[0].rank <= 2 + sum(s > scores[f"i{held_out}"] for s in scores.values())


def test_an_item_ranks_through_a_kind_that_it_shows_and_the_viewer_wants(recommender):
    answer, loaded = recommender.recommend(Question(HISTORY, k=50)), recommender.variant("full")
    appeal = loaded.model.table.appeal(torch.from_numpy(answer.npd[-1].clean)).detach().exp()
    for item in answer.items:
        row = 1 + [other.item_id for other in recommender.catalogue].index(item.item_id)
        assert item.kind == int((loaded.items.kinds[row] * appeal).argmax())
        assert item.frame == int(loaded.items.moments[row, :, item.kind].argmax())


def test_what_the_history_was_watched_for(recommender):
    for variant in VARIANTS:
        history = recommender.recommend(Question([f"i{number}" for number in range(1, 12)], variant=variant)).history
        assert history[0].kind == NO_KIND and not history[0].wanted.any()
        assert all(item.wanted.sum() == pytest.approx(1, abs=1e-3) and item.kind >= 0 for item in history[1:])


def test_visitors_do_not_disturb_each_other(recommender):
    requests = [(["i1", f"i{2 + number % 9}"], number % 3) for number in range(12)]

    def ask(request):
        return recommender.recommend(Question(request[0], seed=request[1])).items

    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(ask, requests))
    assert together == [ask(request) for request in requests]


def test_the_json_shape(recommender):
    answer = recommender.recommend(Question(HISTORY, k=4))
    shape = json.loads(json.dumps(answer.to_dict()))
    assert shape.keys() == {
        "items", "history", "last", "kinds", "wanted", "start", "anybody", "tcd", "npd", "uploads", "timing_ms",
        "bundle", "variant", "seed", "hidden", "noise", "num_steps",
    }  # fmt: skip
    assert shape["items"][0].keys() == {"item_id", "title", "topic", "score", "rank", "kind", "frame"}
    assert shape["last"]["frames"][0].keys() == {
        "index", "time_s", "kind", "interest", "influence", "rank_without",
    }  # fmt: skip
    assert shape["kinds"] == [kind.name for kind in recommender.kinds]
    assert len(shape["tcd"]["steps"]) == len(shape["npd"]["steps"]) == STEPS
    assert shape["timing_ms"]["total"] >= shape["timing_ms"]["walk"] > 0


def test_the_map_of_kinds_shows_every_clip_near_its_largest_kind(recommender):
    found = recommender.kind_map
    assert found.item_ids == tuple(item.item_id for item in recommender.catalogue)
    assert found.kinds == recommender.kinds and found.shares.shape == (ITEMS, KINDS)
    away = [np.linalg.norm(found.points - kind.place, axis=1) for kind in found.kinds]
    assert (np.argmin(away, axis=0) == found.shares.argmax(1)).all()


def test_who_is_out_for_one_kind_alone_is_told_of_that_one(recommender):
    answer = recommender.recommend(Question(["i1", "i2"]))
    few = np.full(len(answer.wanted), 0.004)
    few[[2, 5]] = 0.9, 0.02
    assert replace(answer, wanted=few).out_for() == (2, 5)
    few[:] = 0.004
    assert len(replace(answer, wanted=few).out_for()) == 1


def test_an_item_without_a_title_is_called_by_its_id(bundle):
    whole = tiny_contents(weights_checksum(str(bundle.parent / "encoder")))
    untitled = tuple(replace(item, title="") for item in whole.catalogue)
    write_bundle(bundle, replace(whole, catalogue=untitled))
    recommender = Recommender.from_bundle(bundle, device="cpu")
    answer = recommender.recommend(Question(HISTORY, k=3))
    assert [item.title for item in answer.items] == [f"Clip {item.item_id}" for item in answer.items]
    assert set(recommender.kind_map.titles) == {f"Clip {item.item_id}" for item in untitled}
