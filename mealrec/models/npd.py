"""Noise-unconditional Preference Denoising (Sec. 4.4): the preference, without knowing the step."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mealrec.models.config import NPDConfig
from mealrec.models.history import Reader, Rows, Watched, of_rows, shares_of

FIXED = 9  # numbers a kind that stay over a walk
MOVING = 6  # numbers a kind that x_t moves


@dataclass(frozen=True)
class Condition:
    """c_m of R rows: all that g_θ reads and that stays over a walk.

    What the fixed numbers add to the map: `linear` [R, J], and `hidden` [hidden units, R, J].
    `wanted` [R, L, J]: r of each clip up to the row's position, 0 after it; `weights` [R, 2, L]:
    how much each clip counts at two rates; `last` [R, J]: r of the row's own clip.
    """

    linear: Tensor
    hidden: Tensor
    wanted: Tensor
    weights: Tensor
    last: Tensor


class NPD(nn.Module):
    """g_θ(x_t, c_m): for every kind alike, one map from what speaks for it to how wanted it is.

    Paper: Eq. 13. Blind: no step enters. Departs: c_m is not attended to but counted: how much of
    the kind the history shows beyond anybody's, how lately, what habit calls for, and what each
    clip was watched for in the light of x_t. All kinds share the map, so what is learned of one
    holds for all.
    """

    def __init__(self, config: NPDConfig, num_kinds: int):
        super().__init__()
        # How fast clips are forgotten, and how far x_t is trusted in judging them.
        hidden = config.hidden
        self.rates = nn.Parameter(torch.tensor([0.02, 0.3]))
        self.trust = nn.Parameter(torch.tensor(0.5))
        # The map: what a walk leaves alone and what it moves go in, one number a kind comes out.
        self.fixed_in = nn.Parameter(0.3 * torch.randn(FIXED, hidden))
        self.moving_in = nn.Parameter(0.3 * torch.randn(MOVING, hidden))
        self.bias_in = nn.Parameter(torch.zeros(hidden))
        self.out = nn.Parameter(0.1 * torch.randn(hidden))
        # The same numbers past the map, so that training starts from a fair guess.
        self.fixed_skip = nn.Parameter(torch.tensor([0.3] + [0.0] * (FIXED - 1)))
        self.moving_skip = nn.Parameter(torch.tensor([0.3, 0.0, 0.0, 0.5, 0.0, 0.0]))
        self.kind_bias = nn.Parameter(torch.zeros(num_kinds))

    def condition(
        self,
        watched: Watched,
        wanted: Tensor,
        reader: Reader,
        rows: Rows,
        anybody: Tensor,
        last: Tensor | None = None,
    ) -> Condition:
        """Return c_m at the positions `rows` of B histories; `wanted` [B, L, J] is r of each clip.

        `last` [R, J] is r of each row's own clip, where that is not `wanted` at its position.
        """
        users, positions = rows
        own = wanted[users, positions] if last is None else last

        # What each clip up to the row's position was watched for, and how much that counts.
        places = torch.arange(watched.items.shape[1], device=own.device)
        age = (positions[:, None] - places).to(own)
        up_to = of_rows(wanted, users) * (age >= 0).unsqueeze(-1)
        if last is not None:
            up_to = torch.where((age == 0).unsqueeze(-1), own.unsqueeze(1), up_to)
        counted = (up_to.sum(-1) > 0).to(own)
        weights = [torch.exp(-rate.abs() * age.clamp(min=0)) * counted for rate in self.rates]

        # What the map makes of the numbers that no step changes.
        fixed = torch.stack(reader.numbers(watched, rows))
        rare = self.kind_bias - 0.5 * anybody.log()
        linear = added(self.fixed_skip, fixed) + rare
        hidden = added(self.fixed_in.T, fixed) + self.bias_in[:, None, None]
        return Condition(linear, hidden, up_to, torch.stack(weights, 1), own)

    def denoise(self, xt: Tensor, condition: Condition, reader: Reader) -> Tensor:
        """Return x̂_0 [R, J] of x_t [R, J] under the condition: one application of g_θ.

        Paper: Eq. 13. The result keeps the length that the ranking asks for; only what is noised
        again goes back to the sphere.
        """
        # The map's part that no step changes is worked out once a walk, in `condition`.
        moving = torch.stack(self._moving(xt, condition, reader))
        hidden = F.gelu(condition.hidden + added(self.moving_in.T, moving))
        x0_hat = condition.linear + added(self.moving_skip, moving) + added(self.out, hidden)
        return x0_hat - x0_hat.mean(-1, keepdim=True)

    def _moving(self, xt: Tensor, condition: Condition, reader: Reader) -> tuple[Tensor, ...]:
        """Return what x_t [R, J] makes of the clips, MOVING times [R, J]."""
        # Each clip is watched for those of its kinds that x_t wants.
        trusted = self.trust.abs() * xt
        chances = (trusted - trusted.amax(-1, keepdim=True).detach()).exp()
        whole = (condition.wanted @ chances.unsqueeze(-1)).transpose(1, 2) + 1e-6
        summed = torch.bmm(condition.weights / whole, condition.wanted) * chances.unsqueeze(1)
        lasting, fading = summed.unbind(1)

        # So is the last one, and habit follows from it.
        last = shares_of(condition.last * chances)
        called = reader.habit(last)
        return xt, lasting, fading, called, last, last * called


def added(weights: Tensor, numbers: Tensor) -> Tensor:
    """Return the numbers a kind [numbers, R, J], weighed and added up [..., R, J].

    `weights` are [..., numbers]. Numbers come first, so that kinds stay side by side in memory.
    """
    return (weights @ numbers.flatten(1)).unflatten(-1, numbers.shape[1:])
