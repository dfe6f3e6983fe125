"""The head over kinds: what a preference says for an item beyond what it says for anybody's."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mealrec.models.table import Items

_LEAST = 1e-9


class KindHead(nn.Module):
    """Three numbers: how firmly a preference is meant, how often a click is an accident, what
    popularity counts."""

    def __init__(self) -> None:
        super().__init__()
        self.log_scale = nn.Parameter(torch.zeros(()))
        self.log_accident = nn.Parameter(torch.tensor(-1.0))
        self.popularity = nn.Parameter(torch.tensor(0.8))

    def appeal(self, preference: Tensor) -> Tensor:
        """Return the log-appeal s x_j [..., J] of each kind to preferences [..., J]."""
        return preference * self.log_scale.exp()

    def matches(self, preference: Tensor, kinds: Tensor, anybody: Tensor) -> Tensor:
        """Return E [R, M], what preferences [R, J] say for items of `kinds` [M, J]; 0 says no more
        than for anybody.

        `kinds` may be sparse where no gradient is asked for: a clip is of few kinds, which takes a
        third of the time. E_i = log(Σ_j n_ij e^(s x_j) + a z) - log(z (1 + a)), with z = Σ_j n_j
        e^(s x_j) of `anybody` n [J].
        """
        appeal, whole = self._appeal(preference, anybody)
        found = (
            (kinds @ appeal.T.contiguous()).T.contiguous() if kinds.is_sparse else appeal @ kinds.T
        )
        return self._log_lift(found, whole)

    def match(self, preference: Tensor, kinds: Tensor, anybody: Tensor) -> Tensor:
        """Return E [R] of one item of `kinds` [R, J] for each preference."""
        appeal, whole = self._appeal(preference, anybody)
        return self._log_lift((appeal * kinds).sum(-1, keepdim=True), whole).squeeze(-1)

    def scores(self, preference: Tensor, items: Items) -> Tensor:
        """Return the scores [R, N+1] by kinds and by what is clicked anyway."""
        return self.matches(preference, items.kinds, items.anybody) + items.bias

    def wanted(self, preference: Tensor, anybody: Tensor) -> Tensor:
        """Return what part of the next click is for each kind [R, J]; each row sums to 1."""
        shares = self._appeal(preference, anybody)[0] * anybody
        return shares / shares.sum(-1, keepdim=True)

    def _appeal(self, preference: Tensor, anybody: Tensor) -> tuple[Tensor, Tensor]:
        """Return the appeal [R, J], the largest 1, and z [R, 1]."""
        logits = self.appeal(preference)
        appeal = (logits - logits.amax(-1, keepdim=True).detach()).exp()
        return appeal, (appeal @ anybody).unsqueeze(-1)

    def _log_lift(self, found: Tensor, whole: Tensor) -> Tensor:
        accident = self.log_accident.exp()
        beyond = torch.log(whole * (1 + accident) + _LEAST)
        # of all items of a large catalogue: each copy would take as long as a step
        if not torch.is_grad_enabled():
            return found.add_(accident * whole + _LEAST).log_().sub_(beyond)
        return torch.log(found + accident * whole + _LEAST) - beyond
