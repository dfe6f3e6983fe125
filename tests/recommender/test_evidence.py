"""Evidence for moments and agreement of clicks: by hand, and where the right answer is known."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from mealrec.recommender.evidence import CLICK_SHARE, SHARPNESS, agreement, evidence_parts, moment_evidence
from mealrec.recommender.reference import MOST, Reference
from mealrec.recommender.scene import Scene
from tests.recommender.tiny_bundle import FRAMES, HELD_OUT, ITEMS, VARIANTS

HISTORIES = torch.tensor([[1, 4, 2], [5, 0, 0], [7, 12, 0]])


@pytest.fixture(autouse=True)
def no_gradients():
    with torch.no_grad():
        yield


def scene_of(recommender, variant="full", histories=HISTORIES) -> Scene:
    loaded = recommender._variant(variant)
    return Scene(loaded.model, recommender._features, loaded.items, histories, reference=loaded.reference)


def test_the_reference_is_of_what_training_saw(recommender):
    reference = recommender._variant("full").reference
    assert reference.rows.tolist() == list(range(1, ITEMS + 1 - len(HELD_OUT)))
    assert float(reference.chances.sum()) == pytest.approx(1)


def test_a_large_catalogue_is_spread_out(recommender):
    """A request must not look at every frame of a million clips."""
    loaded = recommender._variant("full")
    many = 3 * MOST
    rows = torch.arange(many + 1) % ITEMS + 1
    items = type(loaded.items)(**{name: tensor[rows] for name, tensor in vars(loaded.items).items()})
    features = recommender._features
    features = features.replace(has_id=torch.ones(many + 1, dtype=torch.bool), has_visual=features.has_visual[rows])
    reference = Reference.of(loaded.model, features, items)
    assert MOST / 2 < len(reference.rows) <= MOST and reference.rows[-1] > many - 4


@pytest.mark.parametrize("variant", VARIANTS)
def test_both_parts_by_hand(recommender, variant):
    scene = scene_of(recommender, variant)
    model, items, reference = scene.model, scene.items, scene.reference
    looks = F.normalize(items.moments - reference.centre, dim=-1)

    def kin(frame, item):
        return sum(torch.exp(SHARPNESS * (looks[2, frame] @ looks[item, other] - 1)) for other in range(FRAMES))

    before = HISTORIES[:1, :2]
    wanted = model.preference(model.encode(items, before)[:, 1], model.content_preference(items, before))
    scores = model.table.scores(wanted, items)[0, reference.rows]
    scores[[0, 3]] = -torch.inf  # watched before
    chances = scores.softmax(0)
    seen, expected = evidence_parts(scene)
    for frame in range(FRAMES):
        near = torch.stack([kin(frame, item) for item in reference.rows])
        anybody = near @ reference.chances
        assert float(expected[0, frame]) == pytest.approx(float(torch.log(near @ chances / anybody)), abs=1e-4)
        lifts = [kin(frame, item) / anybody for item in (1, 4)]
        by_hand = sum(torch.log(1 + CLICK_SHARE * (lift - 1)) for lift in lifts)
        assert float(seen[0, frame]) == pytest.approx(float(by_hand), abs=1e-4)
    assert (seen[1] == 0).all(), "a history of one item has seen nothing before"


def test_a_moment_that_the_history_is_full_of_stands_out(recommender):
    kinds = torch.zeros(ITEMS + 1, FRAMES, ITEMS + 1)
    kinds[torch.arange(ITEMS + 1), :, torch.arange(ITEMS + 1)] = 1  # each item its own kind …
    kinds[[1, 4]] = kinds[2, 3] = F.one_hot(torch.tensor(0), ITEMS + 1).float()  # … but for 1, 4 and a frame of 2
    seen, _ = evidence_parts(scene_of(recommender), looks=lambda rows: kinds[rows])
    assert seen[0].argmax() == 3 and seen[0, 3] > 0 > seen[0, 0]


def test_the_last_item_does_not_vouch_for_itself(recommender):
    """Its ID and its place in the history change nothing, only its frames are asked about."""
    loaded = recommender._variant("full")
    items = type(loaded.items)(**{name: tensor.clone() for name, tensor in vars(loaded.items).items()})
    items.identity[12] += 1  # held out: no part of the reference
    before = moment_evidence(scene_of(recommender))[2]
    after = Scene(loaded.model, recommender._features, items, HISTORIES, reference=loaded.reference)
    assert torch.allclose(moment_evidence(after)[2], before, atol=1e-6)


@pytest.mark.parametrize("variant", VARIANTS)
def test_agreement_by_hand(recommender, variant):
    scene = scene_of(recommender, variant)
    model, items, reference = scene.model, scene.items, scene.reference
    values = agreement(scene)

    def chance(preference, item):
        scores = model.table.scores(preference, items)[0]
        return float(scores[item] - scores[reference.rows].logsumexp(0))

    for place, rest in enumerate(([4, 2], [1, 2], [1, 4])):
        others = torch.tensor([rest])
        preference = model.preference(model.encode(items, others)[:, 1], model.content_preference(items, others))
        item = int(HISTORIES[0, place])
        expected = chance(preference, item) - chance(reference.anybody, item)
        assert float(values[0, place]) == pytest.approx(expected, abs=1e-4)
    assert (values[1] == 0).all() and values[2, 2] == 0, "nothing to compare, and padding"


def test_agreement_stands_in_the_trace(recommender):
    answer = recommender.recommend(["i1", "i4", "i2"])
    expected = agreement(scene_of(recommender))[0]
    assert [item.agreement for item in answer.history] == pytest.approx(expected.tolist(), abs=1e-5)
    assert answer.to_dict()["history"][0]["agreement"] == answer.history[0].agreement
    assert recommender.recommend(["i1"]).history[0].agreement == 0
