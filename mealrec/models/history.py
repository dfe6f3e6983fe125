"""What a history shows of every kind of moment at every position, untouched by noise (Eq. 7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mealrec.types import Items

Rows = tuple[Tensor, Tensor]
"""Which history [R], and which position in it [R]."""


@dataclass(frozen=True)
class Watched:
    """B histories of L clips; entry l of a tensor speaks of the clips up to position l, l included.

    `items` [B, L] indices, 0 where padded; `moments` [B, L, K, J] and `kinds` [B, L, J] of each
    clip; `evidence` [B, L, J]: how much more of a kind the clip shows than anybody's; `seen`, for
    each rate of forgetting [B, L, J]: the same summed over the clips so far, older ones counting
    less.
    """

    items: Tensor
    moments: Tensor
    kinds: Tensor
    evidence: Tensor
    seen: tuple[Tensor, ...]

    @classmethod
    def nothing(cls, items: Items, sequences: Tensor) -> Watched:
        """Return what a backbone alone reads of histories [B, L]: their clips, no evidence."""
        kinds = items.kinds[sequences] * (sequences > 0).unsqueeze(-1)
        return cls(sequences, items.moments[sequences], kinds, torch.zeros_like(kinds), ())


def before(values: Tensor) -> Tensor:
    """Return what stood one position earlier [B, L, J], 0 at the first."""
    return F.pad(values, (0, 0, 1, 0))[:, :-1]


def decayed(values: Tensor, rate: Tensor) -> Tensor:
    """Return Σ_{i ≤ l} exp(-rate · (l - i)) values_i at every position l of values [B, L, J].

    Paper: Eq. 7's weights α_k, before they are made to sum to 1.
    """
    # How many clips ago each stood; what comes later has not been seen yet.
    places = torch.arange(values.shape[1], device=values.device)
    age = (places[:, None] - places).to(values)
    weights = torch.where(age >= 0, torch.exp(-rate.abs() * age.clamp(min=0)), 0.0)
    return weights @ values


def recency_weights(present: Tensor, rate: Tensor) -> Tensor:
    """Return α_k [R, L] of histories whose clips are `present` [R, L], a prefix of each row.

    Paper: Eq. 7, α_k = exp(-γ(L-k)) / Σ_j exp(-γ(L-j)), with L the row's own length; `rate` is γ.
    On padding the weights are 0.
    """
    # The softmax divides by the sum, and -inf keeps padding out of it.
    age = present.sum(1, keepdim=True) - 1 - torch.arange(present.shape[1], device=present.device)
    return (-rate.abs() * age).masked_fill(~present, float("-inf")).softmax(1)


def shares_of(kinds: Tensor) -> Tensor:
    """Return kinds [..., J] as shares that sum to 1, or 0 where there are none."""
    return kinds / (kinds.sum(-1, keepdim=True) + 1e-6)


def last_rows(histories: Tensor) -> Rows:
    """Return where the last clip of each history [B, L] stands."""
    return torch.arange(len(histories), device=histories.device), (histories > 0).sum(1) - 1


def of_rows(values: Tensor, users: Tensor) -> Tensor:
    """Return the values [B, ...] of the history that each row in `users` [R] is of.

    Without a copy where each history is asked about once.
    """
    # In use that is so, in training a history has a row for each position.
    everyone = torch.arange(len(users), device=users.device)
    once = len(users) == len(values) and torch.equal(users, everyone)
    return values if once else values[users]


class Reader(Protocol):
    """What reads a history of kinds: NPD asks it."""

    def habit(self, wanted: Tensor) -> Tensor:
        """Return how strongly habit calls for each kind [..., J] after moments `wanted`."""

    def numbers(self, watched: Watched, rows: Rows) -> tuple[Tensor, ...]:
        """Return nine numbers a kind [R, J] of the positions `rows`: what the history says."""


class HistoryReader(nn.Module):
    """Reads evidence for kinds from clips, and what habit calls for next.

    All numbers but two matrices are shared by all kinds: with so few clicks nobody can learn one
    inference J times over.
    """

    def __init__(self, num_kinds: int):
        super().__init__()
        # γ of Eq. 7, learned, three of them
        self.rates = nn.Parameter(torch.tensor([0.02, 0.3, 1.0]))
        self.log_weight = nn.Parameter(torch.zeros(()))
        self.likeness = nn.Parameter(5.0 * torch.eye(num_kinds))
        self.companions = nn.Parameter(torch.zeros(num_kinds, num_kinds))
        self.log_habit = nn.Parameter(torch.zeros(()))

    def watch(self, items: Items, sequences: Tensor) -> Watched:
        """Return what histories [B, L] of item indices show."""
        # Padding shows nothing.
        present = (sequences > 0).unsqueeze(-1)
        kinds = items.kinds[sequences] * present
        evidence = self.evidence(kinds, items.anybody) * present
        seen = tuple(decayed(evidence, rate) for rate in self.rates)
        return Watched(sequences, items.moments[sequences], kinds, evidence, seen)

    def evidence(self, kinds: Tensor, anybody: Tensor) -> Tensor:
        """Return log(1 + ρ · lift) [..., J]: how much more of `kinds` [..., J] than of anybody's.

        `anybody` [J] is what anybody watches. Kinds that look alike or are watched alike speak for
        each other, as far as `likeness` has learned.
        """
        shared = self.likeness.softmax(-1)
        return torch.log1p(self.log_weight.exp() * (kinds @ shared) / (anybody @ shared))

    def habit(self, wanted: Tensor) -> Tensor:
        """See Reader.habit: learned companions of each kind."""
        called = wanted @ self.companions.softmax(-1)
        return torch.log1p(self.log_habit.exp() * len(self.companions) * called)

    def numbers(self, watched: Watched, rows: Rows) -> tuple[Tensor, ...]:
        """See Reader.numbers: three sums of evidence, and six more."""
        # What habit calls for at every position, and what of the clips it does not explain.
        users, positions = rows
        called = self.habit(before(shares_of(watched.kinds)))
        unexplained = decayed(watched.evidence / (1 + called), self.rates[0])

        # How long the history is, and how much it shows in all.
        lasting = watched.seen[0]
        places = torch.arange(lasting.shape[1], device=lasting.device)
        length = torch.log1p(places.to(lasting))[None, :, None].expand_as(lasting)
        overall = lasting.mean(-1, keepdim=True).expand_as(lasting)

        # Work them out at every position, and keep those that are asked about.
        everywhere = (
            *watched.seen,
            unexplained,
            watched.evidence,
            before(watched.evidence),
            called,
            length,
            overall,
        )
        return tuple(number[users, positions] for number in everywhere)
