"""TedRec: the fusion in the frequency domain against sums over positions, and its adaptor."""

from __future__ import annotations

import pytest
import torch

from mealrec.backbones import base
from mealrec.backbones.tedrec import Adaptor, sequence, spectrum

WIDTH, LENGTH, LONGEST = 8, 5, 10


def make(**changes):
    """An encoder with every parameter away from where it starts."""
    torch.manual_seed(0)
    encoder = base.build("tedrec", WIDTH, **changes).eval()
    with torch.no_grad():
        for parameter in encoder.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return encoder


def draw(*shape, seed=1):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def histories():
    return torch.tensor([[1, 2, 3, 4, 5], [6, 7, 0, 0, 0]])


def convolved(first, second):
    """Circular convolution along the positions [B, L, D], one product at a time."""
    length, out = first.shape[1], torch.zeros_like(first)
    for at in range(length):
        for lag in range(length):
            out[:, at] += first[:, lag] * second[:, (at - lag) % length]
    return out


@pytest.mark.parametrize("length", [7, 10])
def test_the_product_of_spectra_is_a_circular_convolution(length):
    first, second = draw(2, length, WIDTH), draw(2, length, WIDTH, seed=2)
    fused = sequence(spectrum(first, length) * spectrum(second, length), length)
    torch.testing.assert_close(fused, convolved(first, second) / length**0.5, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("longest", [9, 10])
def test_the_fusion_is_its_formula(longest):
    """2 (a σ(w_a·a) + b σ(w_b·b)) over the maximum length, pads zeroed in both sequences."""
    encoder, items = make(max_length=longest), histories()
    embedded, text = draw(2, LENGTH, WIDTH), draw(2, LENGTH, WIDTH, seed=2)
    present = (items > 0).unsqueeze(-1)
    whole = torch.zeros(2, 2, longest, WIDTH)
    whole[:, :, :LENGTH] = torch.stack([embedded * present, encoder.adaptor(text) * present])
    kernel = torch.fft.irfft(torch.view_as_complex(encoder.filter), n=longest, dim=0)
    by_item = convolved(whole[0], kernel.expand(2, -1, -1))
    by_both = convolved(whole[0], whole[1]) / longest**0.5
    expected = by_item * torch.sigmoid(encoder.gate_item(by_item))
    expected = 2 * (expected + by_both * torch.sigmoid(encoder.gate_fused(by_both)))[:, :LENGTH]
    torch.testing.assert_close(encoder.fused(embedded, items, text), expected, atol=1e-5, rtol=1e-4)


def test_the_filter_starts_near_the_identity():
    torch.manual_seed(0)
    encoder = base.build("tedrec", WIDTH).eval()
    inputs = draw(2, LONGEST, WIDTH)
    filtered = sequence(spectrum(inputs, LONGEST) * torch.view_as_complex(encoder.filter), LONGEST)
    assert (filtered - inputs).abs().max() < 0.2 < inputs.abs().max()


def test_the_titles_reach_the_state_and_must_be_given():
    encoder, items = make(), histories()
    embedded, text = draw(2, LENGTH, WIDTH), draw(2, LENGTH, WIDTH, seed=2)
    first = base.last_states(encoder.encode(embedded, items, text), items)
    other = base.last_states(encoder.encode(embedded, items, text.flip(0)), items)
    assert not torch.allclose(first, other)
    with pytest.raises(ValueError, match="expected text .* got None"):
        encoder.encode(embedded, items)


def test_an_item_without_an_embedding_leaves_finite_states_and_gradients():
    """An uploaded clip has no ID: with nothing at all in both sequences the spectra are zero."""
    encoder, items = make().train(), histories()
    embedded = torch.zeros(2, LENGTH, WIDTH, requires_grad=True)
    states = base.last_states(encoder.encode(embedded, items, torch.zeros(2, LENGTH, WIDTH)), items)
    states.square().sum().backward()
    assert states.isfinite().all() and embedded.grad.isfinite().all()


def test_the_adaptor_is_a_gated_sum_of_whitenings():
    torch.manual_seed(0)
    adaptor, text = Adaptor(WIDTH, LONGEST, 3, 0.0).eval(), draw(2, LENGTH, WIDTH)
    with torch.no_grad():
        for parameter in adaptor.parameters():
            parameter.copy_(torch.randn_like(parameter))
    expected = torch.zeros(2, LENGTH, WIDTH)
    gates = (text @ adaptor.gate.weight.T).softmax(-1)
    for expert in range(3):
        mapped = (text - adaptor.bias[expert, :LENGTH]) @ adaptor.maps[expert]
        expected += gates[..., expert, None] * mapped
    torch.testing.assert_close(adaptor(text), expected, atol=1e-5, rtol=1e-4)


def test_the_adaptors_gate_is_noisy_in_training_only():
    torch.manual_seed(0)
    adaptor, text = Adaptor(WIDTH, LONGEST, 8, 0.0), draw(2, LENGTH, WIDTH)
    assert not torch.equal(adaptor(text), adaptor(text))
    adaptor.eval()
    assert torch.equal(adaptor(text), adaptor(text))
