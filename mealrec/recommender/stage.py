"""What a request works on: one trained model, and the catalogue with the history's uploads behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from mealrec.features.noise import VisualSpread, noisy
from mealrec.models.mealrec import MealRec
from mealrec.models.table import Items
from mealrec.recommender.contents import BundleContents, CatalogueItem, blank_model
from mealrec.recommender.planes import Map, frame_map, item_map
from mealrec.recommender.reference import Reference
from mealrec.recommender.uploads import Upload
from mealrec.types import ItemFeatures

TABLE_BLOCK = 2**14
_NOISE_SEEDS = 2**31
"""Beyond the seeds of the walks: the noise on the features is not the noise that a walk starts from."""


@dataclass(frozen=True)
class Variant:
    """One trained model with what all its requests share: its item table, its two maps, what it expects of anybody."""

    model: MealRec
    items: Items
    frame_map: Map
    item_map: Map
    reference: Reference

    @cached_property
    def reach(self) -> Tensor:
        """Return how far each item's score moves at most [N+1], see ItemTable."""
        return self.model.table.reach(self.items)

    @classmethod
    def load(cls, name: str, contents: BundleContents, features: ItemFeatures, device: torch.device) -> Variant:
        """Build one of the bundle's models; `features` are the bundle's, on the device."""
        config, weights = contents.models[name]
        model = blank_model(config)
        model.load_state_dict(weights)
        model = model.eval().to(device)
        with torch.no_grad():
            items = _table(model, features)
            maps = (
                frame_map(model, items, features.has_visual, contents.catalogue),
                item_map(model, items, contents.catalogue),
            )
            reference = Reference.of(model, features, items)
        return cls(model, items, *maps, reference)


def _table(model: MealRec, features: ItemFeatures) -> Items:
    """Return all items at the model width, made a part at a time: a large catalogue's features are not copied."""
    if len(features) <= TABLE_BLOCK:
        return model.table(features)
    parts = []
    for first in range(0, len(features), TABLE_BLOCK):
        block = {name: tensor[first : first + TABLE_BLOCK] for name, tensor in vars(features).items()}
        parts.append(vars(model.table(ItemFeatures(**block), first=first)))
    same = parts[0]["text"] is parts[0]["title"]  # one and the same tensor, unless only the backbone reads titles
    texts = [part.pop("text") for part in parts]
    whole = {name: torch.cat([part.pop(name) for part in parts]) for name in tuple(parts[0])}
    return Items(**whole, text=whole["title"] if same else torch.cat(texts))


@dataclass(frozen=True)
class Stage:
    """The catalogue (rows 1 to N) and the history's uploads (rows above N), as features, items and names.

    Of `features` only `has_visual` has rows for uploads: the rest of them is in the items already.
    `items` are looked up row by row only: what ranks is the variant's. `entries` names them from row 1 on, `rows` are
    the history's, oldest first, `times_s` [N+1+U, K] when each clip's frames are. `stand_ins` are the rows, above all
    others, that a walk meets in place of `used`: the same clips with noise on them, see `with_noise`.
    """

    variant: Variant
    features: ItemFeatures
    items: Items
    num_items: int
    entries: tuple[CatalogueItem, ...]
    times_s: np.ndarray
    rows: tuple[int, ...]
    stand_ins: tuple[int, ...] = ()

    def __getitem__(self, row: int) -> CatalogueItem:
        """Return what lies at a row; row 0 is padding."""
        return self.entries[row - 1]

    @property
    def used(self) -> tuple[int, ...]:
        """Return the rows that the model sees: the latest `max_length` of the history."""
        return self.rows[-self.variant.model.config.max_length :]

    @property
    def walked(self) -> tuple[int, ...]:
        """Return the rows that a walk meets: the stand-ins where there are any."""
        return self.stand_ins or self.used

    @property
    def free(self) -> Tensor:
        """Return which of the catalogue's rows to rank [N+1]: all but padding and the history's."""
        free = torch.ones(self.num_items + 1, dtype=torch.bool)
        free[[0, *(row for row in self.rows if row <= self.num_items)]] = False
        return free

    @property
    def upload_rows(self) -> range:
        """Return the uploads' rows."""
        return range(self.num_items + 1, len(self.entries) + 1)


def set_stage(
    variant: Variant,
    features: ItemFeatures,
    contents: BundleContents,
    row_of: Mapping[str, int],
    history: tuple[str, ...],
    uploads: dict[str, Upload],
) -> Stage:
    """Put a history's uploads behind the catalogue, whose rows `row_of` tells."""
    items, times_s = variant.items, contents.times_s.numpy()
    uploaded = tuple(CatalogueItem(item_id, upload.title, "", held_out=True) for item_id, upload in uploads.items())
    for upload in uploads.values():
        row = upload.features.to(features.text.device)
        features = features.replace(has_visual=torch.cat([features.has_visual, row.has_visual]))
        items = _append(items, variant.model.table(row))
        times_s = np.concatenate([times_s, upload.times_s[None].astype(times_s.dtype)])
    count = len(contents.catalogue)
    own = {item.item_id: count + number for number, item in enumerate(uploaded, start=1)}
    rows = tuple(own[item_id] if item_id in own else row_of[item_id] for item_id in history)
    return Stage(variant, features, items, count, contents.catalogue + uploaded, times_s, rows)


def with_noise(stage: Stage, uploads: Mapping[str, Upload], sigma: float, seed: int, spread: VisualSpread) -> Stage:
    """Let the walk meet the history with noise on what its clips look like; the catalogue stays as it is.

    Paper: Fig. 5. Departs: the figure disturbs every item, this the history's alone. A stand-in keeps its clip's ID
    and bias.
    """
    generator = torch.Generator().manual_seed(seed + _NOISE_SEEDS)
    rows = noisy(_features_of(stage, tuple(uploads.values())), sigma, generator, spread)
    used, first = list(stage.used), len(stage.items.bias)
    rows_used = torch.tensor(used, device=stage.features.text.device)
    kept = {"identity": stage.items.identity[rows_used], "bias": stage.items.bias[rows_used]}
    shown = stage.features.has_visual
    return replace(
        stage,
        # with False the stand-ins are no part of the catalogue's mean frame
        features=stage.features.replace(has_visual=torch.cat([shown, shown.new_zeros(len(used))])),
        items=_append(stage.items, replace(stage.variant.model.table(rows), **kept)),
        stand_ins=tuple(range(first, first + len(used))),
    )


def _features_of(stage: Stage, uploads: tuple[Upload, ...]) -> ItemFeatures:
    """Return the features of the rows that the model sees [L, ...], oldest first."""
    device, count = stage.features.text.device, stage.num_items
    rows = [
        (stage.features, row) if row <= count else (uploads[row - count - 1].features.to(device), 0)
        for row in stage.used
    ]
    names = vars(stage.features)
    return ItemFeatures(**{name: torch.stack([getattr(held, name)[row] for held, row in rows]) for name in names})


@dataclass(frozen=True)
class _Rows:
    """The rows of two tensors, one behind the other, as far as they are looked up: a large first one is not copied."""

    first: Tensor | _Rows
    more: Tensor

    def __len__(self) -> int:
        return len(self.first) + len(self.more)

    def __getitem__(self, rows: Tensor) -> Tensor:
        last = len(self.first) - 1
        found, behind = self.first[rows.clamp(max=last)], rows > last
        found[behind] = self.more[rows[behind] - last - 1]
        return found


def _append(items: Items, more: Items) -> Items:
    return Items(**{name: _Rows(tensor, getattr(more, name)) for name, tensor in vars(items).items()})
