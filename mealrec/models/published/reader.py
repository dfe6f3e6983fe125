"""What a history shows of every kind, where what habit calls for is counted and not learned."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mealrec.models.history import Rows, Watched, of_rows
from mealrec.models.table import Items

_LOWEST = -0.9  # of what habit takes away: its logarithm must stay a number


class LiftReader(nn.Module):
    """Reads evidence for kinds from clips, and what habit calls for next: seven numbers, shared
    by all kinds."""

    def __init__(self, num_kinds: int):
        super().__init__()
        # γ of Eq. 7, learned, three of them
        self.rates = nn.Parameter(torch.tensor([0.05, 0.35, 1.2]))
        self.log_weight = nn.Parameter(torch.tensor(-1.0))
        self.log_habit = nn.Parameter(torch.zeros(2))
        self.lifts = torch.ones(2, num_kinds, num_kinds)

    def watch(self, items: Items, sequences: Tensor) -> Watched:
        """Return what histories [B, L] of item indices show, their moments left out; `numbers`
        adds up what is seen."""
        present = (sequences > 0).unsqueeze(-1)
        kinds = items.kinds[sequences] * present
        evidence = torch.log1p(self.log_weight.exp() * kinds / items.anybody) * present
        return Watched(sequences, items.moments[:0], kinds, evidence, ())

    def habit(self, wanted: Tensor, reach: int = 0) -> Tensor:
        """Return how strongly habit calls for each kind [..., J] after moments of the kinds
        `wanted` [..., J].

        The next click follows another habit (`reach` 0) than any later one (1).
        """
        more = wanted @ self.lifts[reach] - wanted.sum(-1, keepdim=True)
        return torch.log1p((self.log_habit[reach].exp() * more).clamp(min=_LOWEST))

    def numbers(self, watched: Watched, rows: Rows) -> tuple[Tensor, ...]:
        """Return nine numbers a kind [R, J] of the R positions `rows`: all that the history says
        of it."""
        users, positions = rows
        evidence = of_rows(watched.evidence, users)
        age = positions[:, None] - torch.arange(evidence.shape[1], device=evidence.device)
        weights = torch.stack(
            [torch.exp(-rate.abs() * age.clamp(min=0)) * (age >= 0) for rate in self.rates], 1
        )
        lasting, fading, brief = torch.bmm(weights, evidence).unbind(1)
        recent = weights[:, 1:2] / weights[:, 1:2].sum(-1, keepdim=True)
        lately = torch.bmm(recent, of_rows(watched.kinds, users)).squeeze(1)
        last = watched.kinds[users, positions]
        length = torch.log1p(positions.to(lasting))[:, None].expand_as(lasting)
        return (
            lasting,
            fading,
            brief,
            watched.evidence[users, positions],
            watched.evidence[users, (positions - 1).clamp(min=0)] * (positions > 0)[:, None],
            self.habit(last),
            self.habit(lately, 1),
            length,
            lasting.mean(-1, keepdim=True).expand_as(lasting),
        )

    def earlier(self, watched: Watched, rows: Rows) -> tuple[Tensor, Tensor, Tensor]:
        """Return what the clips before R positions say of kinds, 3 times [R, J]: lasting,
        fading, and by habit."""
        users, positions = rows
        age = positions[:, None] - 1 - torch.arange(watched.items.shape[1], device=positions.device)
        weights = torch.stack(
            [torch.exp(-rate.abs() * age.clamp(min=0)) * (age >= 0) for rate in self.rates[:2]], 1
        )
        lasting, fading = torch.bmm(weights, of_rows(watched.evidence, users)).unbind(1)
        before = watched.kinds[users, (positions - 1).clamp(min=0)] * (positions > 0)[:, None]
        return lasting, fading, self.habit(before)
