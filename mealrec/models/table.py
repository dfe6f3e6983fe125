"""The item table: what is known of every clip, and the head that ranks clips by kinds (Eq. 15)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mealrec.layers import Dropout
from mealrec.models.config import MealRecConfig
from mealrec.models.kinds import UNSEEN, KindSpace, of_anybody
from mealrec.types import ItemFeatures, Items

BLOCK = 2**14
"""How many items are scored at once: what is computed on the way to their scores then stays in
the cache."""
_LEAST = 1e-6


class ItemTable(nn.Module):
    """Kinds, titles and IDs of items, with ID dropout so that content alone can carry a clip.

    A clip without an ID (uploaded, or held out of training) has no ID embedding and a learned
    appeal.
    """

    def __init__(self, config: MealRecConfig):
        super().__init__()
        num_items = config.num_items
        num_kinds = config.num_kinds
        self.id_dropout = config.id_dropout
        # What is known of items: kinds, titles, IDs and their own appeal.
        self.kind_space = KindSpace(config.visual_width, num_kinds)
        self.titles = nn.Linear(config.text_width, num_kinds)
        self.title_dropout = Dropout(config.title_dropout)
        self.absent_title = nn.Parameter(torch.zeros(num_kinds))
        self.enter_kinds = nn.Linear(num_kinds, num_kinds)
        self.ids = nn.Embedding(num_items + 1, num_kinds)
        self.bias = nn.Parameter(torch.zeros(num_items + 1))
        self.bias_without_id = nn.Parameter(torch.zeros(()))
        # The head: λ and κ of the appeal, and how often a click is an accident.
        self.log_scale = nn.Parameter(torch.ones(()))
        self.kind_appeal = nn.Parameter(torch.zeros(num_kinds))
        self.log_accident = nn.Parameter(torch.tensor(-3.0))
        nn.init.normal_(self.titles.weight, std=0.1 * config.text_width**-0.5)
        nn.init.normal_(self.ids.weight, std=0.05)

    def forward(self, features: ItemFeatures) -> Items:
        """Return all items of a catalogue, and what anybody watches of it."""
        moments = self.kind_space(features)
        kinds = moments.mean(1)

        # In training some IDs drop out; nothing else of the item does.
        known = features.has_id
        if self.training and self.id_dropout:
            known = known & (torch.rand(known.shape, device=known.device) >= self.id_dropout)
        identity = self.ids.weight * known.unsqueeze(-1)
        title = self._titled(features)
        bias = torch.where(known, self.bias, self.bias_without_id)

        # What anybody watches is of the items that training knows.
        anybody = of_anybody(kinds, bias, features.has_id)
        return Items(moments, kinds, identity, title, bias, anybody)

    def without_id(self, features: ItemFeatures, anybody: Tensor) -> Items:
        """Return M items that are known by content alone; `features` have no padding row."""
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
        # How much each kind appeals, and what an accident adds to every clip.
        appeal, top = self._appeal(preference)
        accident = self.log_accident.exp() * (appeal @ items.anybody).unsqueeze(-1)

        # Score the items, a block after the other.
        blocks = []
        for block in items.blocks(BLOCK):
            by_kinds = torch.log(appeal @ block.kinds.T + accident + 1e-9)
            by_item = preference @ (block.identity + block.title).T / preference.shape[-1] ** 0.5
            blocks.append(block.bias + by_kinds + by_item)
        return (blocks[0] if len(blocks) == 1 else torch.cat(blocks, 1)) + top

    def wanted(self, preference: Tensor, anybody: Tensor) -> Tensor:
        """Return what part of the next click is for each kind [R, J]; each row sums to 1.

        The head's own reading: how much of a kind anybody watches, times how it appeals to this
        preference. A kind that no clip shows is no part of a click, however it appeals.
        """
        # UNSEEN was added to every kind; what is left of a kind that no clip shows is nothing.
        appeal, _ = self._appeal(preference)
        shares = appeal * (anybody - UNSEEN).clamp(min=_LEAST)
        return shares / shares.sum(-1, keepdim=True)

    def appeal(self, preference: Tensor) -> Tensor:
        """Return the log-appeal λ x_j + κ_j [..., J] of each kind to preferences [..., J]."""
        return preference * self.log_scale.exp() + self.kind_appeal

    def _appeal(self, preference: Tensor) -> tuple[Tensor, Tensor]:
        """Return the appeal [R, J], the largest 1, and the log [R, 1] of what divided it."""
        logits = self.appeal(preference)
        top = logits.amax(-1, keepdim=True)
        return (logits - top).exp(), top

    def _titled(self, features: ItemFeatures) -> Tensor:
        mapped = self.titles(self.title_dropout(features.text))
        return torch.where(features.has_text.unsqueeze(-1), mapped, self.absent_title)
