"""What a walk folds together gives what the modules give, for every number of frames and every condition."""

from __future__ import annotations

import pytest
import torch

from mealrec.models.config import CONDITIONS
from mealrec.models.folded import FoldedNPD, FoldedTCD
from tests.models.small_model import NUM_FRAMES, invent_features, make_model

HISTORIES = torch.tensor([[1, 2, 5, 0], [7, 3, 4, 9], [12, 0, 0, 0]])
CLOSE = {"atol": 1e-4, "rtol": 1e-4}


def situation(model, num_frames=NUM_FRAMES):
    """Return a model's items, the context of the histories, and noisy frames."""
    features = invent_features()
    items = model.table(features)
    last = (HISTORIES > 0).sum(1) - 1
    context = model.context(model.encode(items, HISTORIES)[torch.arange(3), last], HISTORIES, items)
    return items, context, torch.randn(3, num_frames, model.config.width)


@torch.no_grad()
@pytest.mark.parametrize("num_frames", [1, 2, 5, 8])
def test_the_folded_tcd_is_the_module(num_frames):
    model = make_model("full", num_frames=num_frames)
    items, context, zt = situation(model, num_frames)
    history_visual = items.visual[context.history]
    folded = FoldedTCD(model.tcd, num_frames, 25, history_visual, context.log_weights)
    for step in (1, 13, 25):
        expected = model.tcd.denoise(zt, torch.full((3,), step), history_visual, context.log_weights)
        torch.testing.assert_close(folded.denoise(zt, step), expected, **CLOSE)
    assert not torch.allclose(folded.denoise(zt, 1), folded.denoise(zt, 25))


@torch.no_grad()
@pytest.mark.parametrize("condition", CONDITIONS)
def test_the_folded_npd_is_the_module(condition):
    model = make_model("full", condition=condition)
    items, context, zt = situation(model)
    known = model.condition(zt, context, items)
    folded = FoldedNPD(model.npd, *known)
    for xt in (context.start, 3 * torch.randn_like(context.start)):  # the second call must not see the first
        torch.testing.assert_close(folded.denoise(xt), model.npd.denoise(xt, *known), **CLOSE)


@torch.no_grad()
def test_aligned_conditions_fold_too():
    model = make_model("full")
    deeper = type(model.npd)(type(model.npd.config)(width=model.config.width, align_blocks=1)).eval()
    for parameter in deeper.parameters():
        parameter.add_(0.3 * torch.randn_like(parameter))
    _, context, refined = situation(model)
    known = deeper.condition(refined, context.start, None, context.present)
    expected = deeper.denoise(context.start, *known)
    torch.testing.assert_close(FoldedNPD(deeper, *known).denoise(context.start), expected, **CLOSE)
