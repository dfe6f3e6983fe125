"""The head over kinds: what a preference says for an item beyond anybody's (Eq. 15)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mealrec.types import Items

_LEAST = 1e-9  # in a logarithm, of what no kind and no accident explains


class KindHead(nn.Module):
    """How kinds rank, by three numbers.

    They are how firmly a preference is meant, how often a click is an accident, and what popularity
    counts.
    """

    def __init__(self) -> None:
        super().__init__()
        self.log_scale = nn.Parameter(torch.zeros(()))
        self.log_accident = nn.Parameter(torch.tensor(-1.0))
        self.popularity = nn.Parameter(torch.tensor(0.8))

    def appeal(self, preference: Tensor) -> Tensor:
        """Return the log-appeal s x_j [..., J] of each kind to preferences [..., J]."""
        return preference * self.log_scale.exp()

    def matches(self, preference: Tensor, kinds: Tensor, anybody: Tensor) -> Tensor:
        """Return E [R, M], what preferences [R, J] say for items of `kinds` [M, J].

        E_i = log(Σ_j n_ij e^(s x_j) + a z) - log(z (1 + a)), with z = Σ_j n_j e^(s x_j) of
        `anybody` n [J]: 0 says no more than for anybody. Where no gradient is asked for `kinds` may
        be sparse: a clip is of few kinds, which takes a third of the time.
        """
        appeal, whole = self._appeal(preference, anybody)
        # The same product, sparse: see OnBackbone.items.
        if kinds.is_sparse:
            found = (kinds @ appeal.T.contiguous()).T.contiguous()
        else:
            found = appeal @ kinds.T
        return self._log_lift(found, whole)

    def match(self, preference: Tensor, kinds: Tensor, anybody: Tensor) -> Tensor:
        """Return E [R] of one item of `kinds` [R, J] for each preference; see `matches`."""
        appeal, whole = self._appeal(preference, anybody)
        found = (appeal * kinds).sum(-1, keepdim=True)
        return self._log_lift(found, whole).squeeze(-1)

    def scores(self, preference: Tensor, items: Items) -> Tensor:
        """Return the scores [R, N+1] by kinds and by what is clicked anyway."""
        return self.matches(preference, items.kinds, items.anybody) + items.bias

    def wanted(self, preference: Tensor, anybody: Tensor) -> Tensor:
        """Return what part of the next click is for each kind [R, J]; each row sums to 1."""
        appeal, _ = self._appeal(preference, anybody)
        shares = appeal * anybody
        return shares / shares.sum(-1, keepdim=True)

    def _appeal(self, preference: Tensor, anybody: Tensor) -> tuple[Tensor, Tensor]:
        """Return the appeal [R, J], the largest 1, and z [R, 1]."""
        # Divided by the largest, so that no exponential is too large for a float.
        logits = self.appeal(preference)
        appeal = (logits - logits.amax(-1, keepdim=True).detach()).exp()
        return appeal, (appeal @ anybody).unsqueeze(-1)

    def _log_lift(self, found: Tensor, whole: Tensor) -> Tensor:
        accident = self.log_accident.exp()
        beyond = torch.log(whole * (1 + accident) + _LEAST)
        # In place for all items of a large catalogue: each copy would take as long as a step.
        if not torch.is_grad_enabled():
            return found.add_(accident * whole + _LEAST).log_().sub_(beyond)
        return torch.log(found + accident * whole + _LEAST) - beyond
