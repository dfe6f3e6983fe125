"""The forward process, the posterior and the reverse walk, against what the equations say."""

from __future__ import annotations

import json

import pytest
import torch

from mealrec.diffusion.process import posterior, q_sample
from mealrec.diffusion.sampler import reverse_walk
from mealrec.diffusion.schedule import Schedule, ScheduleConfig
from tests.diffusion.make_golden import GOLDEN, SCHEDULES, sums

WEAK, STRONG, QUIET = SCHEDULES["weak"], SCHEDULES["strong"], ScheduleConfig(num_steps=4, scale=0.0)


@pytest.fixture(params=[WEAK, STRONG], ids=["weak", "strong"])
def schedule(request):
    return Schedule(request.param)


def noise(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_alpha_bars_are_the_running_product_of_what_the_noise_leaves():
    schedule = Schedule(ScheduleConfig(num_steps=3, beta_start=0.1, beta_end=0.3))
    expected = torch.tensor([1.0, 0.9, 0.9 * 0.8, 0.9 * 0.8 * 0.7], dtype=torch.float64)
    torch.testing.assert_close(schedule.alpha_bars, expected)


def test_the_default_schedule_leaves_the_known_share_of_the_signal():
    assert Schedule(WEAK).alpha_bars[-1].item() == pytest.approx(0.78, abs=0.005)


def test_a_scaled_schedule_stays_below_one(schedule):
    assert (schedule.betas < 1).all() and (schedule.alpha_bars > 0).all()
    assert (schedule.alpha_bars.diff() < 0).all()


def test_a_schedule_without_steps_is_refused():
    with pytest.raises(ValueError, match="num_steps=0"):
        Schedule(ScheduleConfig(num_steps=0))


@pytest.mark.parametrize("step", [1, 10, 25])
def test_moments_of_q_sample_match_alpha_bar(schedule, step):
    draws = q_sample(schedule, torch.full((200_000,), 3.0, dtype=torch.float64), step, noise(200_000))
    alpha_bar = schedule.alpha_bars[step]
    assert draws.mean().item() == pytest.approx((3 * alpha_bar.sqrt()).item(), abs=0.01)
    assert draws.var().item() == pytest.approx((1 - alpha_bar).item(), abs=0.01)


def test_step_zero_of_q_sample_is_the_clean_sample(schedule):
    clean = noise(4, 3)
    torch.testing.assert_close(q_sample(schedule, clean, 0, noise(4, 3, seed=1)), clean)


def test_q_sample_takes_a_step_for_each_row(schedule):
    clean, epsilon, steps = noise(3, 5, 4), noise(3, 5, 4, seed=1), torch.tensor([1, 7, 25])
    together = q_sample(schedule, clean, steps, epsilon)
    for row, step in enumerate(steps.tolist()):
        torch.testing.assert_close(together[row], q_sample(schedule, clean[row], step, epsilon[row]))


def test_the_posterior_of_the_first_step_is_the_prediction_without_noise(schedule):
    predicted = noise(4, 3)
    mean, sigma = posterior(schedule, predicted, noise(4, 3, seed=1), 1)
    torch.testing.assert_close(mean, predicted)
    assert sigma == 0


@pytest.mark.parametrize("step", [2, 12, 25])
def test_the_posterior_is_bayes_rule(schedule, step):
    """q(x_{t-1} | x_t, x_0) ∝ q(x_t | x_{t-1}) q(x_{t-1} | x_0): a product of two normal densities."""
    clean, xt = 0.7, -0.4
    beta, before = schedule.betas[step].item(), schedule.alpha_bars[step - 1].item()
    likelihood_precision, prior_precision = (1 - beta) / beta, 1 / (1 - before)
    precision = likelihood_precision + prior_precision
    pulled = likelihood_precision * xt / (1 - beta) ** 0.5 + prior_precision * before**0.5 * clean
    mean, sigma = posterior(schedule, torch.tensor([clean]).double(), torch.tensor([xt]).double(), step)
    assert mean.item() == pytest.approx(pulled / precision)
    assert sigma**2 == pytest.approx(1 / precision)


@pytest.mark.parametrize("noisy", [False, True], ids=["mean path", "with noise"])
def test_an_oracle_walks_back_to_exactly_the_clean_sample(schedule, noisy):
    clean = noise(6, 4)
    start = q_sample(schedule, clean, schedule.num_steps, noise(6, 4, seed=1))
    generator = torch.Generator().manual_seed(2) if noisy else None
    steps = list(reverse_walk(schedule, lambda xt, step: clean, start, generator))
    assert [step.diffusion_step for step in steps] == list(range(schedule.num_steps, 0, -1))
    assert torch.equal(steps[0].xt, start)
    assert torch.equal(steps[-1].x0_hat, clean)


def test_the_oracles_mean_path_keeps_to_the_forward_marginal():
    """With x_0 known, the mean path stays where q_sample with the same noise direction would be, ever closer."""
    schedule, clean = Schedule(WEAK), noise(6, 4)
    start = q_sample(schedule, clean, schedule.num_steps, noise(6, 4, seed=1))
    distances = [(step.xt - clean).norm().item() for step in reverse_walk(schedule, lambda *_: clean, start)]
    assert distances == sorted(distances, reverse=True)


def test_the_same_generator_gives_the_same_noisy_walk(schedule):
    def end(seed):
        walk = reverse_walk(schedule, lambda xt, step: 0.5 * xt, noise(2, 3), torch.Generator().manual_seed(seed))
        return list(walk)[-1].x0_hat

    assert torch.equal(end(5), end(5))
    assert not torch.equal(end(5), end(6))


@pytest.mark.parametrize("step", range(5))
def test_without_noise_every_step_of_the_forward_process_is_the_clean_sample(step):
    schedule, clean = Schedule(QUIET), noise(4, 3)
    assert schedule.alpha_bars.tolist() == [1.0] * 5
    assert torch.equal(q_sample(schedule, clean, step, noise(4, 3, seed=1)), clean)


@pytest.mark.parametrize("noisy", [False, True], ids=["mean path", "with noise"])
def test_without_noise_each_step_of_the_walk_goes_on_from_the_answer_itself(noisy):
    schedule, start = Schedule(QUIET), noise(4, 3)
    generator = torch.Generator().manual_seed(2) if noisy else None
    steps = list(reverse_walk(schedule, lambda xt, step: 0.5 * xt + step, start, generator))
    assert len(steps) == 4 and torch.equal(steps[0].xt, start)
    for one, following in zip(steps[:-1], steps[1:], strict=True):
        assert torch.equal(following.xt, one.x0_hat)
    assert schedule.posteriors == ((1.0, 0.0, 0.0),) * 4


def test_the_weaker_the_noise_the_nearer_a_walk_comes_to_the_one_without():
    def end(scale):
        schedule = Schedule(ScheduleConfig(num_steps=4, scale=scale))
        start = q_sample(schedule, noise(4, 3), 4, noise(4, 3, seed=1))
        return list(reverse_walk(schedule, lambda xt, _: xt, start))[-1].x0_hat

    distances = [(end(scale) - end(0.0)).norm().item() for scale in (1e-6, 1e-3, 1.0, 40.0)]
    assert distances == sorted(distances) and distances[0] < 1e-3


@pytest.mark.parametrize("name", SCHEDULES)
def test_golden_sums_of_whole_walks(name):
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))[name]
    assert sums(SCHEDULES[name]) == pytest.approx(golden, rel=1e-9)
