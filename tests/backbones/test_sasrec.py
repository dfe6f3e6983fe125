"""SASRec: what normalising the input does, and that nobody gets it unasked."""

from __future__ import annotations

import pytest
import torch

from mealrec.backbones import base, sasrec
from tests.backbones.test_contract import histories, inputs, make


def turned(backbone):
    """Return the cosines of the last states with those of embeddings ten times as long, [B]."""
    embedded, items, text = inputs(histories())
    states = [base.last_states(backbone.encode(by * embedded, items, text), items) for by in (1, 10)]
    return torch.cosine_similarity(*states, dim=-1)


@pytest.mark.parametrize("name", ["sasrec", "cl4srec"])
def test_a_normalised_input_makes_the_length_of_the_embeddings_matter_little(name):
    assert turned(make(name, norm_input=True).eval()).min() > 0.999
    assert turned(make(name).eval()).min() < 0.99


def test_the_input_is_not_normalised_by_default():
    assert not sasrec.SASRecConfig().norm_input
    normalised = make("sasrec", norm_input=True)
    assert {name for name in normalised.state_dict() if name not in make("sasrec").state_dict()} == {
        "norm.weight",
        "norm.bias",
    }
    embedded, items, text = inputs(histories())
    tokens = make("sasrec").tokens(embedded, items, text)
    torch.testing.assert_close(tokens, embedded + make("sasrec").positions[: items.shape[1]])
    torch.testing.assert_close(normalised.tokens(embedded, items, text), torch.layer_norm(tokens, tokens.shape[-1:]))
