"""Full ranking: what is ranked, what is masked, and the baselines beside the model."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mealrec.data.interactions import EvaluationRows, leave_one_out
from mealrec.models.paper.config import VARIANTS
from mealrec.models.paper.model import PaperMealRec
from mealrec.ranking.ranks import content_scorer, model_scorer, popularity_scorer, rank_rows
from tests.training.tiny_world import NUM_ITEMS, make_catalogue, make_config, make_features

HISTORIES = np.array([[1, 2, 0], [3, 4, 5], [6, 0, 0]])
TARGETS = np.array([7, 2, 6])


@pytest.fixture(scope="module")
def features():
    return make_features(make_catalogue())


def rows():
    return EvaluationRows(("a", "b", "c"), HISTORIES, TARGETS)


def descending(histories):
    """Score item n by -n, so that item n stands at rank n."""
    return np.broadcast_to(-np.arange(NUM_ITEMS + 1.0), (len(histories), NUM_ITEMS + 1)).copy()


def everything():
    return np.arange(NUM_ITEMS + 1) > 0


def test_every_candidate_is_ranked_and_padding_is_not():
    assert rank_rows(descending, rows(), everything()).unmasked.tolist() == [7, 2, 6]


def test_masking_takes_the_history_out_of_the_ranking():
    found = rank_rows(descending, rows(), everything())
    assert found.masked[:2].tolist() == [5, 2]


def test_candidates_limit_the_ranking():
    candidates = everything()
    candidates[[1, 3]] = False
    assert rank_rows(descending, rows(), candidates).unmasked.tolist() == [5, 1, 4]


def test_the_batch_size_changes_nothing():
    together, one_by_one = (rank_rows(descending, rows(), everything(), batch) for batch in (1024, 1))
    np.testing.assert_array_equal(together.masked, one_by_one.masked)


def test_the_share_of_the_history_in_the_top_ten():
    assert rank_rows(descending, rows(), everything()).history_share == pytest.approx((2 + 3 + 1) / 30)


def drawn(seed=0, count=60, whole=False, dtype=np.float64):
    """Return drawn scores, with ties where they are `whole`, rows whose targets may be in the history, candidates."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(count, NUM_ITEMS + 1)).astype(dtype)
    histories = rng.integers(0, NUM_ITEMS + 1, (count, 7))
    shown = EvaluationRows(("a",) * count, histories, rng.integers(1, NUM_ITEMS + 1, count))
    return np.round(scores) if whole else scores, shown, everything() & (rng.random(NUM_ITEMS + 1) < 0.8)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("whole", [False, True])
def test_ranks_are_the_mean_of_the_places_that_a_tie_spans(whole, dtype):
    scores, shown, candidates = drawn(whole=whole, dtype=dtype)
    found = rank_rows(lambda _: scores, shown, candidates)
    open_ = np.where(candidates, scores, -np.inf)
    hidden = open_.copy()
    np.put_along_axis(hidden, shown.histories, -np.inf, 1)
    for row, target in enumerate(shown.targets):
        for values, rank in ((open_[row], found.unmasked[row]), (hidden[row], found.masked[row])):
            places = 1 + np.flatnonzero(np.sort(values)[::-1] == values[target])
            assert rank == places.mean()


@pytest.mark.parametrize("whole", [False, True])
def test_the_kept_list_is_the_best_ten_of_what_was_not_watched(whole):
    scores, shown, candidates = drawn(seed=1, whole=whole)
    top = rank_rows(lambda _: scores, shown, candidates).top
    assert top.shape == (len(shown), 10) and top.dtype == np.int32
    for row, items in enumerate(top):
        left = [item for item in np.flatnonzero(candidates) if item not in shown.histories[row]]
        assert len(set(items)) == 10 and set(items) <= set(left)
        assert scores[row, items].tolist() == sorted(scores[row, left], reverse=True)[:10]


def test_where_fewer_than_ten_are_left_the_list_ends_in_0():
    candidates = np.arange(NUM_ITEMS + 1) < 8
    assert rank_rows(descending, rows(), candidates & everything()).top[1].tolist() == [1, 2, 6, 7, *[0] * 6]


def test_a_score_that_is_no_number_is_an_error_unless_it_is_no_candidates():
    def broken(histories):
        scores = descending(histories)
        scores[1, 20] = np.nan
        return scores

    with pytest.raises(ValueError, match=f"1 of {3 * (NUM_ITEMS + 1)} scores are no numbers"):
        rank_rows(broken, rows(), everything())
    rank_rows(broken, rows(), everything() & (np.arange(NUM_ITEMS + 1) != 20))


def test_popularity_counts_training_clicks():
    scores = popularity_scorer(((1, 2), (2, 3)), 4)(HISTORIES)
    assert scores.shape == (3, 5) and scores[0].tolist() == [0, 1, 2, 1, 0]


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_models_scorer_ranks_every_item_and_repeats_itself(features, variant):
    scorer = model_scorer(PaperMealRec(make_config(variant)), features)
    scores = scorer(HISTORIES)
    assert scores.shape == (3, NUM_ITEMS + 1) and np.isfinite(scores).all()
    np.testing.assert_array_equal(scores, scorer(HISTORIES))


def test_rows_do_not_depend_on_their_batch(features):
    scorer = model_scorer(PaperMealRec(make_config()), features)
    np.testing.assert_allclose(scorer(HISTORIES)[1:2], scorer(HISTORIES[1:2]), rtol=1e-4, atol=1e-5)


def test_content_alone_finds_the_taste_of_a_history(features):
    """The tiny world's items of one taste look alike: the model-free line ranks them first."""
    split = leave_one_out(make_catalogue())
    found = rank_rows(content_scorer(features, np.ones(NUM_ITEMS + 1)), split.test, features.has_id.numpy())
    chance = rank_rows(popularity_scorer(split.train, NUM_ITEMS), split.test, features.has_id.numpy())
    assert found.masked.mean() < 0.7 * chance.masked.mean()


@pytest.mark.parametrize("variant", VARIANTS)
def test_frames_that_are_not_looked_at_change_no_score(features, variant, monkeypatch):
    model = PaperMealRec(make_config(variant=variant, head="content")).eval()
    history = np.array([[1, 4, 2, 0], [3, 0, 0, 0]])
    few = model_scorer(model, features)(history)
    every_frame = model.table(features, torch.arange(len(features)))
    monkeypatch.setattr(model.table, "showing", lambda *_: every_frame)
    np.testing.assert_array_equal(few, model_scorer(model, features)(history))
    looked_at = model.looks_at(torch.from_numpy(history))
    assert set(looked_at.tolist()) == (set() if variant == "backbone" else {2, 3})
