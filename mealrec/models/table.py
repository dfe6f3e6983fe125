"""The item table: what is known of every clip, and the head that ranks clips for a preference
over kinds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from mealrec.layers import Dropout
from mealrec.models.kinds import UNSEEN, KindSpace, of_anybody
from mealrec.types import ItemFeatures

_LEAST = 1e-6
BLOCK = 2**14
"""How many items are scored at once: what is computed on the way to their scores then stays in
the cache."""


@dataclass(frozen=True)
class Items:
    """All items, row 0 padding.

    `moments` [N+1, K, J]: the shares of kinds in each frame; `kinds` [N+1, J]: their mean, those in
    the clip; `identity` [N+1, J]: the ID embedding; `title` [N+1, J]: the mapped title; `bias`
    [N+1]: the clip's own appeal. `anybody` [J]: the kinds in what anybody watches.
    """

    moments: Tensor
    kinds: Tensor
    identity: Tensor
    title: Tensor
    bias: Tensor
    anybody: Tensor

    def __len__(self) -> int:
        return len(self.bias)

    def rows(self, rows: Tensor | slice) -> Items:
        """Return the items of some rows alone."""
        picked = {name: tensor[rows] for name, tensor in vars(self).items() if name != "anybody"}
        return Items(**picked, anybody=self.anybody)

    def blocks(self) -> Iterator[Items]:
        """Yield the items BLOCK at a time, without a copy."""
        for start in range(0, len(self), BLOCK):
            yield self.rows(slice(start, start + BLOCK))

    def followed_by(self, more: Items) -> Items:
        """Return these items with others behind them."""
        joined = {
            name: torch.cat([tensor, getattr(more, name)])
            for name, tensor in vars(self).items()
            if name != "anybody"
        }
        return Items(**joined, anybody=self.anybody)

    def showing(self, moments: Tensor) -> Items:
        """Return the same items with other moments [N+1, K, J], such as with some of them
        hidden."""
        return replace(self, moments=moments, kinds=moments.mean(1))


class ItemTable(nn.Module):
    """Kinds, titles and IDs of items, with ID dropout so that content alone can carry a clip.

    A clip without an ID (uploaded, or held out of training) has no ID embedding and a learned
    appeal.
    """

    def __init__(
        self,
        num_items: int,
        visual_width: int,
        text_width: int,
        num_kinds: int,
        id_dropout: float,
        title_dropout: float,
    ):
        super().__init__()
        self.num_items, self.id_dropout = num_items, id_dropout
        self.kind_space = KindSpace(visual_width, num_kinds)
        self.titles = nn.Linear(text_width, num_kinds)
        self.title_dropout = Dropout(title_dropout)
        self.absent_title = nn.Parameter(torch.zeros(num_kinds))
        self.enter_kinds = nn.Linear(num_kinds, num_kinds)
        self.ids = nn.Embedding(num_items + 1, num_kinds)
        self.bias = nn.Parameter(torch.zeros(num_items + 1))
        self.bias_without_id = nn.Parameter(torch.zeros(()))
        self.log_scale = nn.Parameter(torch.ones(()))
        self.kind_appeal = nn.Parameter(torch.zeros(num_kinds))
        self.log_accident = nn.Parameter(torch.tensor(-3.0))
        nn.init.normal_(self.titles.weight, std=0.1 * text_width**-0.5)
        nn.init.normal_(self.ids.weight, std=0.05)

    def forward(self, features: ItemFeatures) -> Items:
        """Return all items of a catalogue, and what anybody watches of it."""
        moments = self.kind_space(features)
        known = self._known(features.has_id)
        bias = torch.where(known, self.bias, self.bias_without_id)
        kinds = moments.mean(1)
        trained = features.has_id.clone()
        trained[0] = False
        return Items(
            moments,
            kinds,
            self.ids.weight * known.unsqueeze(-1),
            self._titled(features),
            bias,
            of_anybody(kinds, bias, trained),
        )

    def without_id(self, features: ItemFeatures, anybody: Tensor) -> Items:
        """Return M items that are known by their content alone; features come without a padding
        row."""
        moments = self.kind_space(features)
        kinds = moments.mean(1)
        bias = self.bias_without_id.expand(len(kinds))
        return Items(moments, kinds, torch.zeros_like(kinds), self._titled(features), bias, anybody)

    def entry(self, items: Items) -> Tensor:
        """Return what enters the encoder [N+1, J]: ID, kinds and title."""
        return items.identity + self.enter_kinds(items.kinds) + items.title

    def scores(self, preference: Tensor, items: Items) -> Tensor:
        """Return the logits ŷ [R, N+1] of preferences [R, J].

        Paper: Eq. 15, ŷ_ui. Departs: a preference is one number a kind, and a clip appeals by how
        much of the wanted kinds its moments show, log Σ_j n_ij e^(λ x_j + κ_j), to which an
        accident adds what anybody wants. ID and title add x · (id_i + title_i), the clip's own
        appeal b_i.
        """
        appeal, top = self._appeal(preference)
        accident = self.log_accident.exp() * (appeal @ items.anybody).unsqueeze(-1)
        blocks = [self._scores(preference, appeal, accident, block) for block in items.blocks()]
        return (blocks[0] if len(blocks) == 1 else torch.cat(blocks, 1)) + top

    def wanted(self, preference: Tensor, anybody: Tensor) -> Tensor:
        """Return what part of the next click is for each kind [R, J]; each row sums to 1.

        The head's own reading: how much of a kind anybody watches, times how it appeals to this
        preference. A kind that no clip shows is no part of a click, however it appeals.
        """
        shares = self._appeal(preference)[0] * (anybody - UNSEEN).clamp(min=_LEAST)
        return shares / shares.sum(-1, keepdim=True)

    def appeal(self, preference: Tensor) -> Tensor:
        """Return the log-appeal λ x_j + κ_j [..., J] of each kind to preferences [..., J]."""
        return preference * self.log_scale.exp() + self.kind_appeal

    def _appeal(self, preference: Tensor) -> tuple[Tensor, Tensor]:
        """Return the appeal [R, J], the largest 1, and the logarithm [R, 1] of what it was
        divided by."""
        logits = self.appeal(preference)
        top = logits.amax(-1, keepdim=True)
        return (logits - top).exp(), top

    @staticmethod
    def _scores(preference: Tensor, appeal: Tensor, accident: Tensor, items: Items) -> Tensor:
        by_kinds = torch.log(appeal @ items.kinds.T + accident + 1e-9)
        by_item = preference @ (items.identity + items.title).T / preference.shape[-1] ** 0.5
        return items.bias + by_kinds + by_item

    def _known(self, has_id: Tensor) -> Tensor:
        if not self.training or not self.id_dropout:
            return has_id
        return has_id & (torch.rand(has_id.shape, device=has_id.device) >= self.id_dropout)

    def _titled(self, features: ItemFeatures) -> Tensor:
        mapped = self.titles(self.title_dropout(features.text))
        return torch.where(features.has_text.unsqueeze(-1), mapped, self.absent_title)
