"""TCD: recency weights, the guidance by the history, and where its training begins."""

from __future__ import annotations

import math

import pytest
import torch

from mealrec.models.paper.config import TCDConfig
from mealrec.models.paper.tcd import TCD, recency_log_weights
from tests.models.paper.small_model import NUM_FRAMES, WIDTH


@pytest.fixture
def tcd():
    torch.manual_seed(0)
    return TCD(TCDConfig(), WIDTH, NUM_FRAMES).eval()


@pytest.mark.parametrize("decay", [0.1, 0.9, 3.0])
def test_recency_weights_are_equation_7(decay):
    lengths = [1, 4, 6]
    present = torch.arange(6) < torch.tensor(lengths)[:, None]
    weights = recency_log_weights(present, decay).exp()
    for row, length in enumerate(lengths):
        raw = [math.exp(-decay * (length - k)) for k in range(1, length + 1)]
        expected = torch.tensor([value / sum(raw) for value in raw] + [0.0] * (6 - length))
        torch.testing.assert_close(weights[row], expected)


def test_with_a_zero_query_the_guidance_is_exactly_the_context_vector(tcd):
    """c_v = Σ α_k v_k (Eq. 7): a query of zero leaves only log α_k in the softmax."""
    guide = tcd.unet.guide
    with torch.no_grad():
        guide.query.weight.zero_(), guide.query.bias.zero_()
        guide.key_value.weight[WIDTH:] = torch.eye(WIDTH)
        guide.key_value.bias[WIDTH:] = 0
        guide.out.weight.copy_(torch.eye(WIDTH)), guide.out.bias.zero_()
    history = torch.randn(2, 4, WIDTH)
    log_weights = recency_log_weights(torch.arange(4) < torch.tensor([[4], [2]]), decay=0.9)
    guided = guide(torch.randn(2, 3, WIDTH), history, log_weights.unsqueeze(1))
    context_vector = torch.einsum("rl,rld->rd", log_weights.exp(), history)
    torch.testing.assert_close(guided, context_vector.unsqueeze(1).expand(-1, 3, -1))


def test_the_denoiser_starts_as_the_identity(tcd):
    zt, history = torch.randn(3, NUM_FRAMES, WIDTH), torch.randn(3, 4, WIDTH)
    log_weights = recency_log_weights(torch.ones(3, 4, dtype=torch.bool), decay=0.9)
    torch.testing.assert_close(tcd.denoise(zt, torch.tensor([1, 5, 25]), history, log_weights), zt)


def test_clean_frames_lie_at_the_scale_of_the_noise(tcd):
    clean = tcd.encode(40 * torch.randn(8, NUM_FRAMES, WIDTH) + 3)
    torch.testing.assert_close(clean.mean(-1), torch.zeros(8, NUM_FRAMES), atol=1e-5, rtol=0)
    torch.testing.assert_close(clean.var(-1, correction=0), torch.ones(8, NUM_FRAMES), atol=1e-3, rtol=0)


def test_the_step_the_history_and_the_frames_order_matter_once_trained(tcd):
    with torch.no_grad():
        for parameter in tcd.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    zt, history = torch.randn(1, NUM_FRAMES, WIDTH), torch.randn(1, 4, WIDTH)
    log_weights = recency_log_weights(torch.ones(1, 4, dtype=torch.bool), decay=0.9)

    def denoised(zt=zt, step=3, history=history):
        return tcd.denoise(zt, torch.tensor([step]), history, log_weights)

    assert not torch.allclose(denoised(), denoised(step=20))
    assert not torch.allclose(denoised(), denoised(history=history.flip(1)))
    assert not torch.allclose(denoised(), denoised(zt=zt.flip(1)).flip(1))


@pytest.mark.parametrize("num_frames", [1, 2, 4, 5, 8])
def test_any_number_of_frames_goes_through_the_u_net(num_frames):
    tcd = TCD(TCDConfig(), WIDTH, num_frames).eval()
    log_weights = recency_log_weights(torch.ones(2, 3, dtype=torch.bool), decay=0.9)
    zt = torch.randn(2, num_frames, WIDTH)
    assert tcd.denoise(zt, torch.tensor([1, 2]), torch.randn(2, 3, WIDTH), log_weights).shape == zt.shape
