"""Noise on the history's clips, another T, rankings without a trace, and systems side by side."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from mealrec.bundle.manifest import CatalogueItem
from mealrec.features.noise import VisualSpread, noisy
from mealrec.question import Question
from mealrec.recommender.comparing import compare, overlap
from tests.recommender.tiny_bundle import ITEMS, STEPS, VARIANTS, tiny_upload

HISTORY = ["i1", "i4", "i2"]


def last_state(answer) -> np.ndarray:
    return answer.npd[-1].clean


def test_no_noise_is_the_answer_as_before(recommender):
    before = recommender.recommend(Question(HISTORY, k=50))
    calm = recommender.recommend(Question(HISTORY, k=50, noise=0))
    assert before.items == calm.items and np.array_equal(last_state(before), last_state(calm))
    assert before.noise == calm.noise == 0.0


def test_a_seed_fixes_the_noise(recommender):
    first, again, other = (recommender.recommend(Question(HISTORY, k=50, noise=0.3, seed=seed)) for seed in (5, 5, 6))
    assert first.items == again.items and np.array_equal(last_state(first), last_state(again))
    calm, calm_other = (recommender.recommend(Question(HISTORY, seed=seed)) for seed in (5, 6))
    moved, moved_other = last_state(first) - last_state(calm), last_state(other) - last_state(calm_other)
    assert np.abs(moved).max() > 0 and not np.allclose(moved, moved_other, atol=1e-4)


def test_more_noise_moves_the_preference_further(recommender):
    calm = last_state(recommender.recommend(Question(HISTORY)))
    states = [last_state(recommender.recommend(Question(HISTORY, noise=sigma))) for sigma in (0.01, 0.1, 0.5)]
    distances = [np.linalg.norm(state - calm) for state in states]
    assert distances == sorted(distances) and distances[0] > 0


def test_noise_leaves_the_catalogue_alone(recommender):
    loaded = recommender.variant("full")
    held = {name: tensor.clone() for name, tensor in {**vars(recommender.features), **vars(loaded.items)}.items()}
    shaken = recommender.recommend(Question(HISTORY, k=50, noise=0.5))
    for name, tensor in {**vars(recommender.features), **vars(loaded.items)}.items():
        assert torch.equal(held[name], tensor), name
    state = torch.from_numpy(last_state(shaken))[None]
    scores = loaded.model.table.scores(state, loaded.items)[0].detach()
    row_of = {item.item_id: row for row, item in enumerate(recommender.catalogue, start=1)}
    for item in shaken.items:  # each candidate is scored with its own features, as ever
        assert item.score == pytest.approx(float(scores[row_of[item.item_id]]), abs=1e-5)
    assert len(shaken.items) == ITEMS - len(HISTORY) and not {item.item_id for item in shaken.items} & {*HISTORY}


def test_noise_reaches_an_upload_of_the_history(recommender):
    upload = tiny_upload()
    question = Question(["i1", upload.upload_id], uploads=[upload], k=50)
    calm, shaken = (recommender.recommend(replace(question, noise=sigma)) for sigma in (0.0, 0.5))
    assert not np.allclose(last_state(calm), last_state(shaken), atol=1e-3)
    assert shaken.uploads[0].candidates == ITEMS + 1 and shaken.last.item_id == upload.upload_id


def test_noise_is_measured_in_standard_deviations(recommender):
    features = recommender.features
    wild = features.replace(frames=features.frames * 3)
    calm, shaken = (noisy(wild, sigma, torch.Generator().manual_seed(1), VisualSpread.of(wild)) for sigma in (0.0, 0.5))
    assert torch.equal(calm.frames, wild.frames) and torch.equal(shaken.text, wild.text)
    spread = float(wild.frames[wild.has_visual].std())
    assert VisualSpread.of(wild).frames == pytest.approx(spread, rel=1e-5)
    assert float((shaken.frames - wild.frames).std()) == pytest.approx(0.5 * spread, rel=0.05)


def test_a_catalogue_without_pictures_has_no_spread(recommender):
    features = recommender.features
    assert VisualSpread.of(features.replace(has_visual=torch.zeros_like(features.has_visual))) == VisualSpread(0.0, 0.0)


def test_the_trained_number_of_steps_is_the_default(recommender):
    usual = recommender.recommend(Question(HISTORY, k=50))
    named = recommender.recommend(Question(HISTORY, k=50, num_steps=STEPS))
    assert usual.items == named.items and np.array_equal(last_state(usual), last_state(named))
    assert usual.num_steps == named.num_steps == recommender.num_steps == STEPS


@pytest.mark.parametrize("num_steps", [1, 9, 50])
def test_another_number_of_steps_is_walked(recommender, num_steps):
    answer = recommender.recommend(Question(HISTORY, num_steps=num_steps))
    for steps in (answer.tcd, answer.npd):
        assert [step.diffusion_step for step in steps] == list(range(num_steps, 0, -1))
    assert answer.num_steps == num_steps
    assert not np.array_equal(last_state(answer), last_state(recommender.recommend(Question(HISTORY))))


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(
    "values",
    [{}, {"noise": 0.4, "seed": 3}, {"num_steps": 2}, {"hidden": [0, 1]}],
    ids=["usual", "noise", "two steps", "hidden"],
)
def test_a_ranking_without_a_trace_is_the_same_ranking(recommender, variant, values):
    whole = recommender.recommend(Question(HISTORY, k=6, variant=variant, **values))
    ranks = recommender.rank(Question(HISTORY, k=6, variant=variant, **values))
    assert [item.item_id for item in ranks.items] == [item.item_id for item in whole.items]
    assert np.allclose([item.score for item in ranks.items], [item.score for item in whole.items], atol=1e-4)
    assert [ranks.rank_of(item.item_id) for item in ranks.items] == [1, 2, 3, 4, 5, 6]
    assert (ranks.variant, ranks.noise, ranks.num_steps) == (variant, whole.noise, whole.num_steps)


def test_every_candidate_has_a_rank_and_nothing_else_has(recommender):
    ranks = recommender.rank(Question(HISTORY, k=1))
    found = {item.item_id: ranks.rank_of(item.item_id) for item in recommender.catalogue}
    assert sorted(rank for rank in found.values() if rank) == list(range(1, ITEMS - len(HISTORY) + 1))
    assert [found[item_id] for item_id in HISTORY] == [None] * 3 and ranks.rank_of("nowhere") is None


def test_equal_scores_keep_the_catalogues_order(recommender):
    ranks = recommender.rank(Question(HISTORY))
    level = replace(ranks, scores=np.zeros_like(ranks.scores))
    free = [item.item_id for item in recommender.catalogue if item.item_id not in HISTORY]
    assert [level.rank_of(item_id) for item_id in free] == list(range(1, len(free) + 1))


@pytest.fixture
def comparison(recommender):
    def made(target=None, **values):
        return compare(recommender, Question(HISTORY, k=5, **values), target)

    return made


def test_systems_are_compared_on_their_own_rankings(recommender, comparison):
    found = comparison(noise=0.3)
    assert tuple(ranks.variant for ranks in found.rankings) == recommender.variants
    for ranks in found.rankings:
        assert ranks.items == recommender.rank(Question(HISTORY, k=5, noise=0.3, variant=ranks.variant)).items
    assert found.target is None


def test_the_next_clip_is_found_in_the_whole_model(comparison):
    found = comparison(target=CatalogueItem("i9", "title of i9", "food"))
    assert found.target.rank == found.rankings[0].rank_of("i9")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, {"seed": (0, 1), "num_steps": (STEPS, 5), "noise": (0.0, 0.3)}),
        ({"seed": 2**31 - 1, "noise": 0.1}, {"seed": (2**31 - 1, 0), "num_steps": (STEPS, 5), "noise": (0.1, 0.0)}),
        ({"num_steps": 7}, {"seed": (0, 1), "num_steps": (7, STEPS), "noise": (0.0, 0.3)}),
    ],
)
def test_overlaps_are_of_runs_that_differ_in_one_setting(recommender, comparison, values, expected):
    found = comparison(**values)
    assert {each.setting: (each.here, each.there) for each in found.overlaps} == expected
    for each in found.overlaps:
        other = recommender.rank(Question(HISTORY, **{"k": 5, **values, each.setting: each.there}))
        assert each == overlap(each.setting, found.rankings[0], other)


def test_an_overlap_counts_shared_clips_and_kept_places(recommender):
    ranks = recommender.rank(Question(HISTORY, k=5))
    turned = replace(ranks, seed=9, items=(*ranks.items[:2], *ranks.items[:1:-1]))
    found = overlap("seed", ranks, turned)
    assert (found.here, found.there, found.shared, found.same_place, found.count) == (0, 9, 5, 3, 5)
    less = overlap("seed", ranks, replace(ranks, items=recommender.rank(Question(HISTORY, k=10)).items[2:7]))
    assert (less.shared, less.same_place) == (3, 0)
