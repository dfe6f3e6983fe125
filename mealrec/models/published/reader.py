"""What a history shows of every kind, where habit is counted and not learned (Eq. 7 and 12)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mealrec.models.history import Rows, Watched, before, of_rows
from mealrec.types import Items

_LOWEST = -0.9  # of what habit takes away: its logarithm must stay a number


class LiftReader(nn.Module):
    """What is learned of reading kinds: six numbers, shared by all. `Reading` reads with them."""

    def __init__(self) -> None:
        super().__init__()
        # γ of Eq. 7, learned, three of them
        self.rates = nn.Parameter(torch.tensor([0.05, 0.35, 1.2]))
        self.log_weight = nn.Parameter(torch.tensor(-1.0))
        self.log_habit = nn.Parameter(torch.zeros(2))

    def watch(self, items: Items, sequences: Tensor) -> Watched:
        """Return what histories [B, L] of item indices show.

        Their moments are left out, and sums over clips, which `Reading` adds up.
        """
        present = (sequences > 0).unsqueeze(-1)
        kinds = items.kinds[sequences] * present
        evidence = torch.log1p(self.log_weight.exp() * kinds / items.anybody) * present
        return Watched(sequences, items.moments[:0], kinds, evidence, ())


@dataclass(frozen=True)
class Reading:
    """A `reader` of histories by one count of what follows what, `lifts` [2, J, J]."""

    reader: LiftReader
    lifts: Tensor

    def habit(self, wanted: Tensor, reach: int = 0) -> Tensor:
        """See Reader.habit; `reach` 0 is the next click, 1 any later one."""
        # How much oftener than by chance each kind follows the wanted ones.
        more = wanted @ self.lifts[reach] - wanted.sum(-1, keepdim=True)
        strength = self.reader.log_habit[reach].exp()
        return torch.log1p((strength * more).clamp(min=_LOWEST))

    def numbers(self, watched: Watched, rows: Rows) -> tuple[Tensor, ...]:
        """See Reader.numbers: evidence summed at three rates, the last two clips' own, habit."""
        # Evidence of all clips so far, each sum forgetting at its own rate.
        users, positions = rows
        weights = self._weights(watched, positions, self.reader.rates)
        evidence = of_rows(watched.evidence, users)
        lasting, fading, brief = torch.bmm(weights, evidence).unbind(1)

        # What habit calls for after the last clip, and after those lately.
        recent = weights[:, 1:2] / weights[:, 1:2].sum(-1, keepdim=True)
        lately = torch.bmm(recent, of_rows(watched.kinds, users)).squeeze(1)
        last = watched.kinds[users, positions]

        # In the order of the learned weights, with how long the history is and shows in all.
        length = torch.log1p(positions.to(lasting))[:, None].expand_as(lasting)
        return (
            lasting,
            fading,
            brief,
            watched.evidence[users, positions],
            before(watched.evidence)[users, positions],
            self.habit(last),
            self.habit(lately, 1),
            length,
            lasting.mean(-1, keepdim=True).expand_as(lasting),
        )

    def earlier(self, watched: Watched, rows: Rows) -> tuple[Tensor, Tensor, Tensor]:
        """Return what the clips before R positions say of kinds, three times [R, J].

        Paper: Eq. 7's c_v: their evidence, lasting and fading, and what habit calls for.
        """
        users, positions = rows
        weights = self._weights(watched, positions - 1, self.reader.rates[:2])
        lasting, fading = torch.bmm(weights, of_rows(watched.evidence, users)).unbind(1)
        return lasting, fading, self.habit(before(watched.kinds)[users, positions])

    @staticmethod
    def _weights(watched: Watched, positions: Tensor, rates: Tensor) -> Tensor:
        """Return e^(-rate · age) [R, rates, L] of the clips up to each position, 0 after it."""
        places = torch.arange(watched.items.shape[1], device=positions.device)
        age = positions[:, None] - places
        weights = [torch.exp(-rate.abs() * age.clamp(min=0)) * (age >= 0) for rate in rates]
        return torch.stack(weights, 1)
