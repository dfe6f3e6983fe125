"""Test viewers under a model: their ranks are those of a recommendation, their distances those of the vectors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mealrec.bundle.disk import write_bundle
from mealrec.bundle.manifest import ViewerCase
from mealrec.errors import RequestError
from mealrec.question import Question
from mealrec.recommender.recommender import VIEWERS, Recommender
from tests.recommender.tiny_bundle import FRAMES, ITEMS, STEPS, VARIANTS, titles_contents


def rank_in(recommender, case: ViewerCase, variant: str) -> int:
    answer = recommender.recommend(Question(case.history, k=ITEMS, seed=5, variant=variant))
    return next(item.rank for item in answer.items if item.item_id == case.target)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_rank_is_the_one_that_a_recommendation_gives(recommender, variant):
    (ranks,) = recommender.target_ranks(variant=variant, seed=5)
    assert ranks.tolist() == [rank_in(recommender, case, variant) for case in recommender.test_viewers]


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_viewers_map_agrees_with_its_recommendation(recommender, variant):
    case = recommender.test_viewers[1]
    placed = recommender.viewer_map("v2", variant=variant, seed=5)
    answer = recommender.recommend(Question(case.history, k=5, seed=5, variant=variant))
    assert placed.first == tuple(item.item_id for item in answer.items)
    assert placed.rank == rank_in(recommender, case, variant) and placed.candidates == ITEMS - len(case.history)
    assert placed.path.shape == (len(answer.npd), 2)
    if answer.npd:
        places = np.array([kind.place for kind in recommender.kinds])
        np.testing.assert_allclose(placed.path, [step.noisy_wanted @ places for step in answer.npd], atol=1e-4)
        np.testing.assert_allclose(placed.end, answer.wanted @ places, atol=1e-4)
        np.testing.assert_allclose(placed.wanted, answer.wanted, atol=1e-4)


def test_distances_are_cosine_distances_before_the_projection(recommender):
    placed = recommender.viewer_map("v2")
    variant = recommender.variant("full")
    answer = recommender.recommend(Question(placed.history))
    lift, kinds = answer.wanted / answer.anybody, variant.items.kinds[1:].detach().numpy()
    expected = 1 - kinds @ lift / np.linalg.norm(kinds, axis=1) / np.linalg.norm(lift)
    np.testing.assert_allclose(placed.distances, expected, atol=1e-4)
    assert placed.target_distance == pytest.approx(placed.distances[11])
    assert len(placed.other_distances) == ITEMS - len(placed.history) - 1
    assert len(placed.liked) == FRAMES and placed.map is recommender.kind_map
    assert len(placed.other) == FRAMES * len(placed.other_distances)


def test_a_long_history_is_cut_for_the_model_and_left_out_whole(tmp_path):
    case = ViewerCase("long", tuple(f"i{number}" for number in range(1, 12)), "i12")
    write_bundle(tmp_path / "bundle", replace(titles_contents(), test_viewers=(case,)))
    recommender = Recommender.from_bundle(tmp_path / "bundle", device="cpu")
    placed = recommender.viewer_map("long")
    assert (placed.rank, placed.candidates, placed.first) == (1, 1, ("i12",))
    assert placed.has_segments and len(placed.path) == STEPS


def test_viewers_are_ranked_in_batches(tmp_path):
    cases = tuple(ViewerCase(f"v{number}", ("i1", "i2"), "i3") for number in range(VIEWERS + 1))
    write_bundle(tmp_path / "bundle", replace(titles_contents(), test_viewers=cases))
    batches = list(Recommender.from_bundle(tmp_path / "bundle", device="cpu").target_ranks())
    assert [len(batch) for batch in batches] == [VIEWERS, 1]
    assert len(set(np.concatenate(batches).tolist())) == 1


def test_what_is_not_there_is_named(recommender):
    with pytest.raises(RequestError, match="viewer_id.*'nobody'"):
        recommender.viewer_map("nobody")
    with pytest.raises(RequestError, match="variant"):
        recommender.viewer_map("v1", variant="nothing")
    with pytest.raises(RequestError, match="variant"):
        next(recommender.target_ranks(variant="nothing"))
