"""What speaks for moments and clips: by hand, walk by walk."""

from __future__ import annotations

import math

import pytest
import torch

from mealrec.explain.evidence import Anybody, agreement, influence, interest, masks_of, runs, sets_of
from mealrec.explain.walks import Walks
from mealrec.models.config import MealRecConfig
from mealrec.models.mealrec import MealRec
from mealrec.question import Question
from mealrec.types import Items
from tests.recommender.tiny_bundle import FRAMES, HELD_OUT, ITEMS, KINDS, VARIANTS

HISTORIES = torch.tensor([[1, 4, 2], [5, 0, 0], [7, 12, 0]])


@pytest.fixture(autouse=True)
def no_gradients():
    with torch.no_grad():
        yield


def walks_of(recommender, variant="full", histories=HISTORIES, leaves_out=True, **changes) -> tuple[Walks, Anybody]:
    loaded = recommender.variant(variant)
    return Walks(loaded.model, loaded.items, histories, leaves_out=leaves_out, **changes), loaded.anybody


def end_of(recommender, variant: str, history: list[int]) -> torch.Tensor:
    return walks_of(recommender, variant, torch.tensor([history]), leaves_out=False)[0].preferences[0, 0]


@pytest.mark.parametrize("variant", VARIANTS)
def test_anybody_is_the_mean_viewer_of_one_clip(recommender, variant):
    loaded, known = recommender.variant(variant), list(range(1, ITEMS + 1 - len(HELD_OUT)))
    ends = torch.stack([end_of(recommender, variant, [item]) for item in known])
    wanted = loaded.model.table.wanted(ends, loaded.items.anybody)
    assert torch.allclose(loaded.anybody.wanted, loaded.items.bias[known].softmax(0) @ wanted, atol=1e-5)


@pytest.mark.parametrize("variant", VARIANTS)
def test_interest_is_the_earlier_clips_lift_of_the_frames_kinds(recommender, variant):
    walks, anybody = walks_of(recommender, variant)
    found = interest(walks, anybody)
    for row, earlier in enumerate(([1, 4], [5], [7])):
        lift = anybody.lift(walks.model, end_of(recommender, variant, earlier))
        for frame in range(FRAMES):
            shares = walks.items.moments[walks.last[row], frame]
            assert float(found[row, frame]) == pytest.approx(float((shares @ lift).log()), abs=1e-4)


@pytest.mark.parametrize("variant", VARIANTS)
def test_agreement_is_what_a_clip_does_for_how_well_the_history_is_foreseen(recommender, variant):
    history = [1, 4, 2, 9]
    walks, anybody = walks_of(recommender, variant, torch.tensor([[*history, 0], [5, 0, 0, 0, 0]]))
    accident = float(walks.model.table.log_accident.exp())

    def foreseen(clips: list[int]) -> float:
        total = 0.0
        for place in range(1, len(clips)):
            lift = anybody.lift(walks.model, end_of(recommender, variant, clips[:place]))
            share = float(walks.items.kinds[clips[place]] @ lift)
            total += math.log((accident + share) / (accident + 1))
        return total

    values = agreement(walks, anybody)
    for place in range(len(history)):
        gained = foreseen(history) - foreseen(history[:place] + history[place + 1 :])
        assert float(values[0, place]) == pytest.approx(gained, abs=1e-4)
    assert values[0, 4] == 0 and (values[1] == 0).all(), "padding, and nothing to compare"


@pytest.mark.parametrize("variant", VARIANTS)
def test_what_ranks_after_and_without_each_clip(recommender, variant):
    walks, _ = walks_of(recommender, variant)
    for place in range(3):
        assert torch.allclose(walks.after[0, place], end_of(recommender, variant, [1, 4, 2][: place + 1]), atol=1e-5)
        rest = [item for item in (1, 4, 2) if item != (1, 4, 2)[place]]
        assert torch.allclose(walks.without[0, place], end_of(recommender, variant, rest), atol=1e-5)
    assert torch.allclose(walks.without[1, 0], end_of(recommender, variant, [5]), atol=1e-5)
    assert not walks.after[2, 2].any() and not walks.without[2, 2].any()


def test_a_backbone_that_looks_ahead_is_shown_no_later_clip():
    """TedRec's states mix positions: after a clip means after it alone."""
    torch.manual_seed(0)
    shape = {"num_items": ITEMS, "visual_width": 8, "text_width": 6, "num_frames": FRAMES}
    model = MealRec(MealRecConfig(**shape, num_kinds=KINDS, num_steps=3, backbone="tedrec", variant="backbone")).eval()
    moments = torch.rand(ITEMS + 1, FRAMES, KINDS).softmax(-1)
    rows = torch.randn(3, ITEMS + 1, KINDS)
    items = Items(moments, moments.mean(1), rows[0], rows[1], rows[2, :, 0], torch.full((KINDS,), 1 / KINDS))
    walks = Walks(model, items, HISTORIES, leaves_out=True)
    assert torch.allclose(walks.after[0, 1], Walks(model, items, HISTORIES[:1, :2]).preferences[0, 0], atol=1e-5)
    assert torch.allclose(walks.without[0, 1], Walks(model, items, HISTORIES[:1, ::2]).preferences[0, 0], atol=1e-5)


@pytest.mark.parametrize("variant", VARIANTS)
def test_walked_together_or_apart_the_same(recommender, variant):
    sets = masks_of(sets_of([(0, 1), (2, 3, 4)]), FRAMES).expand(3, -1, -1)
    alone, _ = walks_of(recommender, variant, hidden=sets, leaves_out=False)
    together, anybody = walks_of(recommender, variant, hidden=sets)
    parts, _ = walks_of(recommender, variant)
    assert torch.allclose(alone.preferences, together.preferences, atol=1e-5)
    assert torch.allclose(parts.without, together.without, atol=1e-5)
    assert torch.allclose(agreement(parts, anybody), agreement(together, anybody), atol=1e-4)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_row_of_a_batch_is_the_single_walk(recommender, variant):
    walks, _ = walks_of(recommender, variant)
    for row, history in enumerate(([1, 4, 2], [5], [7, 12])):
        assert torch.allclose(walks.preferences[row, 0], end_of(recommender, variant, history), atol=1e-5)
        assert not torch.isfinite(walks.ends[row, 0, [0, *history]]).any()


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_hidden_frame_shows_the_mean_of_the_others(recommender, variant):
    """As if the clip were another one in the catalogue itself: nothing of the frame is left anywhere."""
    sets = sets_of([(0, 1), (2,), (3, 4)])
    hidden = masks_of(sets, FRAMES)[None]
    walks, _ = walks_of(recommender, variant, HISTORIES[:1], hidden=hidden)
    falls = influence(walks)[0]
    for row, frames in enumerate(sets):
        moments = walks.items.moments.clone()
        kept = [frame for frame in range(FRAMES) if frame not in frames]
        usual = walks.items.anybody / walks.items.anybody.sum()
        moments[2, list(frames)] = moments[2, kept].mean(0) if kept else usual
        alone = Walks(walks.model, walks.items.showing(moments), HISTORIES[:1]).preferences[:, 0]
        assert torch.allclose(walks.preferences[:, row], alone, atol=1e-5)
        outcomes = walks.scores(alone.unsqueeze(1)).log_softmax(-1)[0, 0]
        expected = walks.of_top[0, 0] - outcomes[walks.top[0]]
        assert float(falls[row]) == pytest.approx(float(expected), abs=1e-4)


def test_the_moments_of_a_clip():
    kinds = torch.eye(KINDS)
    assert runs(kinds[[3, 3, 1, 3, 0]]) == ((0, 1), (2,), (3,), (4,))
    assert runs(kinds[[2, 2, 2, 2, 2]]) == ((0, 1, 2, 3, 4),)
    assert runs(kinds[[6]]) == ((0,),)


def test_no_set_of_frames_comes_twice():
    assert sets_of([(0, 1), (2,)]) == ((), (0, 1), (2,), (0, 1, 2), (0,), (1,))
    assert sets_of([(0,), (1,), (2,)]) == ((), (0,), (1,), (2,), (1, 2), (0, 2), (0, 1), (0, 1, 2))
    assert sets_of([(0, 1), (2,)], hidden=(1,)) == ((1,), (0, 1), (1, 2), (0, 1, 2))
    assert masks_of([(), (0, 2)], 3).tolist() == [[False] * 3, [True, False, True]]


def test_a_moments_worth_is_what_it_takes_away_and_what_it_gives_back(recommender):
    """By hand, from answers that hide a moment, all but it, and everything."""
    history = ["i1", "i4", "i2"]
    answer = recommender.recommend(Question(history))
    first = answer.items[0].item_id

    def chance(frames) -> float:
        items = recommender.recommend(Question(history, hidden=sorted(frames), k=ITEMS)).items
        scores = torch.tensor([item.score for item in items])
        return float(scores.log_softmax(0)[[item.item_id for item in items].index(first)])

    everything = set(range(FRAMES))
    assert len(answer.last.moments) > 1
    for moment in answer.last.moments:
        takes = chance(()) - chance(moment.frames)
        gives = chance(everything - set(moment.frames)) - chance(everything)
        assert moment.worth == pytest.approx((takes + gives) / 2, abs=1e-4)
