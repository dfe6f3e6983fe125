"""What the model expects of anybody: the measure that a viewer's own history is held against."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from mealrec.models.mealrec import MealRec
from mealrec.models.table import Items
from mealrec.types import ItemFeatures

MOST = 2048


@dataclass(frozen=True)
class Reference:
    """M items spread over the catalogue (all, up to MOST): their `rows` [M], and `items` of just these rows.

    `shown` [M] says which have frames, `centre` [D] is their mean frame. `anybody` [1, D + 2C] is the preference of a
    viewer of whom nothing is known: the mean of what the encoder makes of each single item. `chances` [M] are its
    probabilities. Popularity is in them, as the model has learned it.
    """

    rows: Tensor
    items: Items
    shown: Tensor
    centre: Tensor
    anybody: Tensor
    chances: Tensor

    @classmethod
    def of(cls, model: MealRec, features: ItemFeatures, items: Items) -> Reference:
        """Spread a reference over the items that training saw."""
        rows = features.has_id.nonzero().squeeze(1)
        rows = rows[:: -(-len(rows) // MOST)]
        spread = items_at(items, rows)
        shown = features.has_visual[rows]
        centre = (spread.moments.mean(1) * shown.unsqueeze(1)).sum(0) / shown.sum().clamp(min=1)
        start = model.encode(items, rows.unsqueeze(1)).squeeze(1).mean(0, keepdim=True)
        anybody = model.preference(start, start.new_zeros(1, 2 * items.anchor.shape[-1]))
        chances = model.table.scores(anybody, spread).softmax(-1).squeeze(0)
        return cls(rows, spread, shown, centre, anybody, chances)


def items_at(items: Items, rows: Tensor) -> Items:
    """Return the items of some rows [M] alone."""
    return Items(**{name: tensor[rows] for name, tensor in vars(items).items()})
