"""NPD is blind: no step enters it, and its training begins at the identity."""

from __future__ import annotations

import inspect

import pytest
import torch

from mealrec.models.paper.npd import NPD, NPDConfig
from tests.models.paper.small_model import NUM_FRAMES, WIDTH, make_model
from tests.models.paper.test_model import HISTORIES, run


@pytest.fixture
def npd():
    torch.manual_seed(0)
    return NPD(NPDConfig(width=WIDTH)).eval()


def lively_npd():
    return make_model("full").npd


def condition_of(npd, lengths=(4, 4, 4), padding=0.0):
    """Return a drawn condition; what stands in the histories' padding is `padding`."""
    draw = torch.Generator().manual_seed(1)
    present = torch.arange(4) < torch.tensor(lengths)[:, None]
    history = torch.randn(3, 4, WIDTH, generator=draw)
    history = torch.where(present[:, :, None], history, padding)
    refined, title = torch.randn(3, NUM_FRAMES, WIDTH, generator=draw), torch.randn(3, WIDTH, generator=draw)
    return npd.condition(refined, title, history, present)


def test_no_argument_could_carry_the_step():
    assert list(inspect.signature(NPD.denoise).parameters) == ["self", "xt", "memory", "visible"]


def test_the_same_noisy_preference_gives_the_same_answer_at_every_step(features):
    """Every step of a walk is one and the same function of x_t and c_m."""
    model = make_model("full")
    walk = run(model, HISTORIES, features)
    condition = model.condition(walk.tcd[-1].x0_hat, walk.context, model.table(features))
    for step in walk.npd:
        torch.testing.assert_close(step.x0_hat, model.npd.denoise(step.xt, *condition))


def test_training_starts_at_the_identity_up_to_the_sphere(npd):
    xt = 3 * torch.randn(3, WIDTH)
    torch.testing.assert_close(npd.denoise(xt, *condition_of(npd)), npd.sphere(xt))


def test_the_answer_lies_on_the_sphere_of_clean_preferences():
    npd = lively_npd()
    answer = npd.denoise(10 * torch.randn(3, WIDTH), *condition_of(npd))
    torch.testing.assert_close(answer.norm(dim=-1), torch.full((3,), WIDTH**0.5), atol=1e-3, rtol=1e-3)


def test_the_condition_holds_frames_title_and_what_the_history_brings(npd):
    _, visible = condition_of(npd, lengths=(4, 1, 2))
    assert visible.sum(1).tolist() == [NUM_FRAMES + 1 + shown for shown in (4, 1, 2)]


@pytest.mark.parametrize(("condition", "tokens_an_item"), [("last", 0), ("items", 1)])
def test_each_condition_brings_its_tokens(features, condition, tokens_an_item):
    """ "last" is the paper's: the refined frames and the title of the last item, and nothing else."""
    model = make_model("full", condition=condition)
    walk = run(model, HISTORIES, features)
    _, visible = model.condition(walk.tcd[-1].x0_hat, walk.context, model.table(features))
    lengths = (HISTORIES > 0).sum(1)
    assert visible.sum(1).tolist() == (NUM_FRAMES + 1 + tokens_an_item * lengths).tolist()


def test_what_stands_in_the_padding_changes_nothing():
    npd, xt = lively_npd(), torch.randn(3, WIDTH)
    quiet, loud = (npd.denoise(xt, *condition_of(npd, (4, 1, 2), padding=value)) for value in (0.0, 50.0))
    torch.testing.assert_close(quiet, loud)


def test_every_part_of_the_condition_matters_once_trained():
    npd, xt = lively_npd(), torch.randn(1, WIDTH)
    refined, title = torch.randn(1, NUM_FRAMES, WIDTH), torch.randn(1, WIDTH)
    history, present = torch.randn(1, 4, WIDTH), torch.ones(1, 4, dtype=torch.bool)

    def answer(refined=refined, title=title, history=history):
        return npd.denoise(xt, *npd.condition(refined, title, history, present))

    assert not torch.allclose(answer(), answer(refined=refined.flip(1)))
    assert not torch.allclose(answer(), answer(title=-title))
    assert not torch.allclose(answer(), answer(history=history.flip(1)))
    assert not torch.allclose(answer(), answer(history=None))


def test_places_count_from_the_latest_item():
    """Padding in front of the same items would shift places counted from the oldest; these stay."""
    npd, item, xt = lively_npd(), torch.randn(1, 1, WIDTH), torch.randn(1, WIDTH)
    content = torch.zeros(1, NUM_FRAMES, WIDTH), torch.zeros(1, WIDTH)

    def answer(length):
        history = torch.zeros(1, length, WIDTH)
        history[:, 0] = item
        present = torch.arange(length)[None] < 1
        return npd.denoise(xt, *npd.condition(*content, history, present))

    torch.testing.assert_close(answer(1), answer(5))
