"""NPD is blind: no step enters it, and its training begins at the identity."""

from __future__ import annotations

import inspect

import pytest
import torch

from mealrec.models.paper.config import NPDConfig
from mealrec.models.paper.npd import NPD
from tests.models.paper.small_model import HISTORIES, MAX_LENGTH, NUM_FRAMES, WIDTH, make_model, whole_table
from tests.models.paper.test_model import run


@pytest.fixture
def npd():
    torch.manual_seed(0)
    return NPD(NPDConfig(), WIDTH, NUM_FRAMES, MAX_LENGTH).eval()


def lively_npd():
    return make_model("full").npd


def drawn(rows=3):
    """Return refined frames and a title for each row."""
    draw = torch.Generator().manual_seed(1)
    return torch.randn(rows, NUM_FRAMES, WIDTH, generator=draw), torch.randn(rows, WIDTH, generator=draw)


def test_no_argument_could_carry_the_step():
    assert list(inspect.signature(NPD.denoise).parameters) == ["self", "xt", "memory"]


def test_the_same_noisy_preference_gives_the_same_answer_at_every_step(features):
    """Every step of a walk is one and the same function of x_t and c_m."""
    model = make_model("full")
    walk = run(model, HISTORIES, features)
    memory = model.condition(walk.tcd[-1].x0_hat, walk.context, whole_table(model, features))
    for step in walk.npd:
        torch.testing.assert_close(step.x0_hat, model.npd.denoise(step.xt, memory))


def test_training_starts_at_the_identity_up_to_the_sphere(npd):
    xt = 3 * torch.randn(3, WIDTH)
    torch.testing.assert_close(npd.denoise(xt, npd.condition(*drawn())), npd.sphere(xt))


def test_the_answer_lies_on_the_sphere_of_clean_preferences():
    npd = lively_npd()
    answer = npd.denoise(10 * torch.randn(3, WIDTH), npd.condition(*drawn()))
    torch.testing.assert_close(answer.norm(dim=-1), torch.full((3,), WIDTH**0.5), atol=1e-3, rtol=1e-3)


def test_the_condition_is_the_last_items_refined_frames_and_its_title(features):
    model = make_model("full")
    walk = run(model, HISTORIES, features)
    keys, values = model.condition(walk.tcd[-1].x0_hat, walk.context, whole_table(model, features))
    assert keys.shape == values.shape and keys.shape[2] == NUM_FRAMES + 1
    assert walk.context.last.tolist() == [5, 11, 12]


def test_every_part_of_the_condition_matters_once_trained():
    npd, xt = lively_npd(), torch.randn(1, WIDTH)
    refined, title = drawn(1)

    def answer(refined=refined, title=title):
        return npd.denoise(xt, npd.condition(refined, title))

    assert not torch.allclose(answer(), answer(refined=refined.flip(1)))
    assert not torch.allclose(answer(), answer(title=-title))


def test_tokens_drop_out_in_training_and_the_preference_itself_never_does():
    npd, xt = lively_npd(), torch.randn(200, WIDTH)
    memory = npd.condition(*drawn(200))
    quiet = npd.denoise(xt, memory)
    npd.token_dropout = 0.5
    assert torch.equal(npd.denoise(xt, memory), quiet)
    assert not torch.allclose(npd.train().denoise(xt, memory), quiet)
    npd.token_dropout = 1.0
    assert npd.denoise(xt, memory).isfinite().all()
