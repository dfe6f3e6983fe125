"""Kinds: found in how frames look and in who watches them; what has no video, no ID or no viewer has kinds too."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from mealrec.models import kinds as kinds_module
from mealrec.models.kinds import KindSpace, find_looks, merge_looks, of_anybody, together
from mealrec.types import ItemFeatures

LOOKS, A_LOOK, FRAMES, VISUAL = 5, 8, 3, 12
ITEMS = LOOKS * A_LOOK
LOOK_OF = torch.arange(ITEMS) // A_LOOK
PAIRS = [(0, 1), (2, 4)]


def plant(items=ITEMS, look_of=LOOK_OF, seed=0) -> ItemFeatures:
    """Return clips each of one look, of LOOKS, behind a padding row without anything."""
    generator = torch.Generator().manual_seed(seed)
    centres = torch.eye(LOOKS, VISUAL)[torch.cat([torch.zeros(1, dtype=torch.long), look_of])]
    frames = centres[:, None] + 0.1 * torch.randn(items + 1, FRAMES, VISUAL, generator=generator)
    known = torch.arange(items + 1) > 0
    return ItemFeatures(frames.mean(1), frames, torch.zeros(items + 1, 2), known, known, known)


def viewers(pair=PAIRS[0], count=300) -> list[list[int]]:
    """Return what viewers watch: each keeps to one look, and who likes one of the `pair` likes the other as much."""
    rng, clicks = np.random.default_rng(0), []
    for _ in range(count):
        look = rng.integers(LOOKS)
        liked = np.isin(LOOK_OF.numpy(), pair if look in pair else [look])
        clicks.append((1 + rng.choice(np.flatnonzero(liked), 4, replace=False)).tolist())
    return clicks


def fitted(features=None, sequences=None, num_kinds=LOOKS - 1, looks=LOOKS) -> KindSpace:
    space = KindSpace(VISUAL, num_kinds)
    space.fit(plant() if features is None else features, viewers() if sequences is None else sequences, looks)
    return space


def kind_of_look(space, features=None) -> list[int]:
    """Return the kind of each look's frames, of which every one must be of that kind."""
    found = space(plant() if features is None else features)[1:].argmax(-1)
    for look in range(LOOKS):
        assert len(found[look == LOOK_OF].unique()) == 1, f"look {look} falls into several kinds"
    return [found[look == LOOK_OF][0, 0].item() for look in range(LOOKS)]


@pytest.mark.parametrize("pair", PAIRS)
def test_looks_that_the_same_viewers_watch_are_one_kind_and_all_others_are_apart(pair):
    kind = kind_of_look(fitted(sequences=viewers(pair)))
    assert kind[pair[0]] == kind[pair[1]]
    assert len(set(kind)) == LOOKS - 1


def test_with_as_many_kinds_as_looks_nothing_is_merged():
    assert len(set(kind_of_look(fitted(num_kinds=LOOKS)))) == LOOKS


def test_the_shares_of_every_frame_sum_to_1_and_one_kind_has_most_of_it():
    found = fitted()(plant())
    assert found.shape == (ITEMS + 1, FRAMES, LOOKS - 1)
    torch.testing.assert_close(found.sum(-1), torch.ones(ITEMS + 1, FRAMES))
    assert found[1:].amax(-1).min() > 0.9


def test_a_new_clip_has_the_kind_of_what_looks_like_it():
    space = fitted()
    new = plant(LOOKS, torch.arange(LOOKS), seed=7)
    assert space(new)[1:].argmax(-1).tolist() == [[kind] * FRAMES for kind in kind_of_look(space)]


@pytest.mark.parametrize("lacks", ["has_id", "has_visual"])
def test_a_clip_without_an_id_or_a_video_teaches_nothing(lacks):
    plain = plant()
    without = plain.replace(**{lacks: plain.has_id & (torch.arange(ITEMS + 1) != 5)})
    other = without.replace(frames=without.frames + 9 * (torch.arange(ITEMS + 1) == 5)[:, None, None])
    one, two, whole = (fitted(known).state_dict() for known in (without, other, plain))
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert not torch.allclose(one["map.weight"], whole["map.weight"], atol=1e-6)


def test_a_clip_without_a_video_shows_what_anybody_shows():
    plain = plant()
    without = plain.replace(has_visual=plain.has_visual & (torch.arange(ITEMS + 1) != 5))
    space = fitted(without)
    found = space(without)
    anybody = torch.cat([found[1:5], found[6:]]).mean((0, 1))
    torch.testing.assert_close(found[5], anybody.expand(FRAMES, -1))


def test_fitting_is_repeatable_and_happens_once_also_after_storing():
    first, second = fitted(), fitted()
    before = {name: tensor.clone() for name, tensor in first.state_dict().items()}
    assert all(torch.equal(before[name], tensor) for name, tensor in second.state_dict().items())
    stored = KindSpace(VISUAL, LOOKS - 1)
    assert not stored.is_fitted
    stored.load_state_dict(before)
    assert stored.is_fitted
    for space in (first, stored):
        space.fit(plant(seed=3), viewers(PAIRS[1]), LOOKS)
        assert all(torch.equal(before[name], tensor) for name, tensor in space.state_dict().items())


def test_of_more_frames_than_are_compared_an_even_share_finds_the_same_kinds(monkeypatch):
    whole = fitted()
    monkeypatch.setattr(kinds_module, "MOST_FRAMES", ITEMS)  # a third
    part = fitted()
    assert not torch.equal(part.map.weight, whole.map.weight)
    pairs = set(zip(kind_of_look(part), kind_of_look(whole), strict=True))
    assert len(pairs) == len({kind for kind, _ in pairs}) == LOOKS - 1


def test_the_even_share_takes_every_place_within_a_clip(monkeypatch):
    """A step of five frames through clips of five frames would see first frames alone."""
    places = np.tile(np.eye(5), (40, 1))
    monkeypatch.setattr(kinds_module, "MOST_FRAMES", 40)
    found = find_looks(places, 5)
    assert len(found.points) <= 40
    assert set(found.points.argmax(1)) == set(range(5))


def test_fewer_frames_or_looks_than_asked_for_still_give_kinds():
    few = plant(LOOKS, torch.arange(LOOKS))
    space = fitted(few, [[1, 2], [3, 4]], num_kinds=2 * LOOKS, looks=1000)
    found = space(few)
    torch.testing.assert_close(found.sum(-1), torch.ones(LOOKS + 1, FRAMES))
    assert space.map.weight.isfinite().all()
    assert len(found[1:].mean(1).argmax(-1).unique()) == LOOKS


def test_frames_that_are_all_alike_are_no_more_looks_than_they_are():
    alike = torch.eye(2, VISUAL)[torch.arange(ITEMS) % 2].numpy()
    found = find_looks(alike, 6)
    assert len(set(found.labels[::2])) == len(set(found.labels[1::2])) == 1
    assert found.labels[0] != found.labels[1]
    assert find_looks(alike[:1], 6).labels.tolist() == [0]


def test_a_catalogue_without_any_video_has_even_kinds():
    blind = plant().replace(has_visual=torch.zeros(ITEMS + 1, dtype=torch.bool))
    space = fitted(blind)
    assert space.is_fitted
    torch.testing.assert_close(space(blind), torch.full((ITEMS + 1, FRAMES, LOOKS - 1), 1 / (LOOKS - 1)))


def test_together_is_the_lift_over_pairs_of_different_clips_written_out():
    rng = np.random.default_rng(0)
    shares = np.vstack([np.zeros(3), rng.dirichlet(np.ones(3), size=5)])
    sequences = [[1, 2, 3], [2, 4], [5, 1, 5], [3]]
    watched = [set(sequence) for sequence in sequences]
    count = [sum(item in items for items in watched) for item in range(6)]
    met, expected, pairs, possible = np.zeros((3, 3)), np.zeros((3, 3)), 0, 0
    for i in range(1, 6):
        for j in range(1, 6):
            if i != j:
                both = sum({i, j} <= items for items in watched)
                met += both * np.outer(shares[i], shares[j])
                expected += count[i] * count[j] * np.outer(shares[i], shares[j])
                pairs, possible = pairs + both, possible + count[i] * count[j]
    np.testing.assert_allclose(together(shares, sequences), met / (expected * pairs / possible))


def test_a_look_that_is_in_no_clip_has_a_kind_as_well():
    lift = np.array([[2.0, 2.0, 0.1, 0.0], [2.0, 2.0, 0.1, 0.0], [0.1, 0.1, 3.0, 0.0], [0.0, 0.0, 0.0, 0.0]])
    kind = merge_looks(lift, 3)
    assert kind[0] == kind[1] and set(kind) == {0, 1, 2}
    shares = F.one_hot(torch.cat([torch.zeros(1, dtype=torch.long), LOOK_OF]), LOOKS + 1).double().numpy()
    found = merge_looks(together(shares, viewers()), LOOKS)
    assert found[0] == found[1] and found.max() < LOOKS


def test_what_anybody_watches_weighs_clips_by_their_appeal_and_only_those_that_are_known():
    kinds, bias = torch.eye(3)[[0, 0, 1, 2]], torch.tensor([9.0, 0.0, math.log(3), 5.0])
    found = of_anybody(kinds, bias, torch.tensor([False, True, True, False]))
    torch.testing.assert_close(found, torch.tensor([0.25, 0.75, 0.0]), atol=2e-3, rtol=0)
    assert (found > 0).all()
