"""TCD: what a clip's frames are said to show and to be watched for, and what may have a say in it."""

from __future__ import annotations

import pytest
import torch

from mealrec.models.history import before, shares_of
from mealrec.models.tcd import SHARPEST, is_there, wanted_of
from tests.models.paper.small_model import HISTORIES, NUM_FRAMES
from tests.models.small_model import KINDS, make_model, shares

ORDER = torch.randperm(KINDS, generator=torch.Generator().manual_seed(4))


@pytest.fixture
def model():
    return make_model("full")


def guide_of(model, features, histories=HISTORIES):
    watched = model.reader.watch(model.items(features), histories)
    return watched, model.tcd.guide(watched, model.reader)


def noisy_frames(histories=HISTORIES, seed=0):
    shape = (*histories.shape, NUM_FRAMES, KINDS)
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("alpha_bar", [0.0, 0.4, 1.0])
def test_the_shares_of_a_frame_and_the_attention_over_a_clips_frames_sum_to_1(model, features, alpha_bar):
    watched, guide = guide_of(model, features)
    found, attention = model.tcd.denoise(noisy_frames(), torch.tensor(alpha_bar), guide)
    torch.testing.assert_close(found.sum(-1), torch.ones(*HISTORIES.shape, NUM_FRAMES))
    torch.testing.assert_close(attention.sum(-1), torch.ones(HISTORIES.shape))
    present = is_there(watched.kinds)
    wanted = wanted_of(found, attention, present)
    torch.testing.assert_close(wanted.sum(-1), present.squeeze(-1))


def test_without_noise_a_frame_is_taken_at_its_word(model, features):
    """ᾱ = 1: the guide, however loud, says nothing of what a frame shows."""
    _, guide = guide_of(model, features)
    zt = noisy_frames()
    loud = type(guide)(100 * guide.prior.flip(-1), guide.signs)
    for given in (guide, loud):
        found, _ = model.tcd.denoise(zt, torch.tensor(1.0), given)
        torch.testing.assert_close(found, (SHARPEST * zt).softmax(-1))
    moments = shares(3, NUM_FRAMES, KINDS)
    kept = (SHARPEST * model.tcd.encode(moments)).softmax(-1)
    assert torch.equal(kept.argmax(-1), moments.argmax(-1))


def test_in_nothing_but_noise_the_guide_decides(model, features):
    """ᾱ = 0: all frames of a clip show what the clips before it call for, whatever z_t is."""
    _, guide = guide_of(model, features)
    found, attention = model.tcd.denoise(noisy_frames(), torch.tensor(0.0), guide)
    expected = guide.prior.softmax(-1).unsqueeze(2).expand_as(found)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(attention, torch.full_like(attention, 1 / NUM_FRAMES))


def test_the_noisier_a_frame_is_the_less_it_decides(model, features):
    _, guide = guide_of(model, features)
    alone = guide.prior.softmax(-1).unsqueeze(2)
    distances = [
        (model.tcd.denoise(noisy_frames(), torch.tensor(alpha_bar), guide)[0] - alone).abs().sum().item()
        for alpha_bar in (0.0, 0.01, 0.1, 0.3, 0.6)
    ]
    assert distances == sorted(distances) and len(set(distances)) == 5


def test_each_clip_may_have_a_noise_of_its_own(model, features):
    _, guide = guide_of(model, features)
    levels = torch.tensor([0.1, 0.5, 0.9])
    together = model.tcd.denoise(noisy_frames(), levels.view(-1, 1, 1, 1), guide)[0]
    for row, level in enumerate(levels):
        torch.testing.assert_close(together[row], model.tcd.denoise(noisy_frames(), level, guide)[0][row])


def test_each_clip_is_guided_by_earlier_clips_only(model, features):
    changed = HISTORIES.clone()
    changed[:, 3:] = torch.tensor([8, 6, 1])
    answers = []
    for histories in (HISTORIES, changed):
        _, guide = guide_of(model, features, histories)
        answers.append((guide.prior, *model.tcd.denoise(noisy_frames(), torch.tensor(0.3), guide)))
    (prior, found, attention), (other_prior, other_found, other_attention) = answers
    torch.testing.assert_close(prior[:, :4], other_prior[:, :4])  # the fourth clip's guide is the three before it
    torch.testing.assert_close(found[:, :4], other_found[:, :4])
    torch.testing.assert_close(attention[:, :3], other_attention[:, :3])
    assert not torch.allclose(prior[1, 4:], other_prior[1, 4:])
    assert not torch.allclose(attention[1, 3], other_attention[1, 3])  # whether a clip fits is its own matter


def test_the_guide_is_lasting_and_fading_evidence_and_what_habit_calls_for(model, features):
    watched, guide = guide_of(model, features)
    called = model.reader.habit(before(shares_of(watched.kinds)))
    spoken = [before(watched.seen[0]), before(watched.seen[1]), called]
    expected = sum(weight * sign for weight, sign in zip(model.tcd.prior_weights, spoken, strict=True))
    torch.testing.assert_close(guide.prior, expected)
    torch.testing.assert_close(guide.signs, torch.stack([*spoken, watched.evidence], -1))


def test_the_frame_that_fits_the_history_gets_the_attention(features):
    """As training begins: of two frames, the one of the kind that was watched before."""
    model = make_model("full", lively=False)
    _, guide = guide_of(model, features)
    guide = type(guide)(guide.prior, torch.zeros_like(guide.signs))
    guide.signs[..., 2, :] = 5.0
    frames = torch.full((*HISTORIES.shape, NUM_FRAMES, KINDS), 0.01)
    frames[..., 0], frames[..., 3, 0], frames[..., 3, 2] = 5.0, 0.01, 5.0
    _, attention = model.tcd.denoise(model.tcd.encode(frames), torch.tensor(1.0), guide)
    assert (attention.argmax(-1) == 3).all() and attention[..., 3].min() > 0.5


def test_kinds_in_another_order_give_the_same_answer_in_that_order(model, features):
    watched, guide = guide_of(model, features)
    moved = type(guide)(guide.prior[..., ORDER], guide.signs[..., ORDER, :])
    found, attention = model.tcd.denoise(noisy_frames(), torch.tensor(0.3), guide)
    again, attention_again = model.tcd.denoise(noisy_frames()[..., ORDER], torch.tensor(0.3), moved)
    torch.testing.assert_close(again, found[..., ORDER])
    torch.testing.assert_close(attention_again, attention)
    torch.testing.assert_close(
        model.tcd.encode(watched.moments[..., ORDER]), model.tcd.encode(watched.moments)[..., ORDER]
    )


def test_clean_frames_lie_at_the_scale_of_the_noise(model):
    clean = model.tcd.encode(shares(8, NUM_FRAMES, KINDS))
    torch.testing.assert_close(clean.mean(-1), torch.zeros(8, NUM_FRAMES), atol=1e-5, rtol=0)
    torch.testing.assert_close(clean.var(-1, correction=0), torch.ones(8, NUM_FRAMES), atol=1e-2, rtol=0)


def test_shares_of_nothing_are_nothing():
    found = shares_of(torch.tensor([[0.2, 0.6], [0.0, 0.0]]))
    torch.testing.assert_close(found, torch.tensor([[0.25, 0.75], [0.0, 0.0]]), atol=1e-5, rtol=0)
