"""What a request works on: one trained model, and the history's clips, uploads among them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from mealrec.bundle.contents import BundleContents, CatalogueItem
from mealrec.explain.evidence import Anybody
from mealrec.explain.forms import Model, blank_system, served
from mealrec.features.noise import VisualSpread, noisy
from mealrec.models.history import recency_weights
from mealrec.models.table import Items
from mealrec.recommender.uploads import Upload
from mealrec.types import ItemFeatures

BACKBONE_RATE = 0.3
"""γ of Eq. 7 that a history is shown with where the model is a backbone alone, which learns
none."""
_NOISE_SEEDS = 2**31
"""Beyond the seeds of the walks: the noise on the features is not the noise that a walk starts
from."""


@dataclass(frozen=True)
class Variant:
    """One trained model with what all its requests share: its item table, and what it makes of
    anybody."""

    model: Model
    items: Items
    anybody: Anybody

    @classmethod
    def load(
        cls, name: str, contents: BundleContents, features: ItemFeatures, device: torch.device
    ) -> Variant:
        """Build one of the bundle's models; `features` are the bundle's, on the device."""
        config, weights = contents.models[name]
        system = blank_system(config)
        system.load_state_dict(weights)
        model = served(system.eval().to(device))
        with torch.no_grad():
            items = model.items(features)
            return cls(model, items, Anybody.of(model, features, items))

    def weights(self, length: int) -> list[float]:
        """Return α_k of a history of some length, oldest first. Paper: Eq. 7."""
        rate = (
            self.model.reader.rates[0]
            if hasattr(self.model, "reader")
            else torch.tensor(BACKBONE_RATE)
        )
        return recency_weights(torch.ones(1, length, dtype=torch.bool, device=rate.device), rate)[
            0
        ].tolist()


@dataclass(frozen=True)
class Stage:
    """A history on a model: `rows` are its clips', oldest first, from 1 to N in the catalogue and
    above N for uploads.

    `entries` names what lies at the rows from 1 on, `clips` [H] are the history's, `walked` [L]
    those that a walk meets: the latest `max_length`, with noise on them where that is asked for,
    see `with_noise`. `times_s` [N+1+U, K] tells when each clip's frames are.
    """

    variant: Variant
    num_items: int
    entries: tuple[CatalogueItem, ...]
    times_s: np.ndarray
    rows: tuple[int, ...]
    clips: Items
    walked: Items

    def __getitem__(self, row: int) -> CatalogueItem:
        """Return what lies at a row; row 0 is padding."""
        return self.entries[row - 1]

    @property
    def used(self) -> tuple[int, ...]:
        """Return the rows that the model sees: the latest `max_length` of the history."""
        return self.rows[-self.variant.model.config.max_length :]

    @property
    def free(self) -> Tensor:
        """Return which of the catalogue's rows to rank [N+1]: all but padding and the history's."""
        free = torch.ones(self.num_items + 1, dtype=torch.bool)
        free[[0, *(row for row in self.rows if row <= self.num_items)]] = False
        return free


def set_stage(
    variant: Variant,
    contents: BundleContents,
    row_of: Mapping[str, int],
    history: tuple[str, ...],
    uploads: dict[str, Upload],
) -> Stage:
    """Gather a history's clips; `row_of` tells the catalogue's rows, uploads lie behind them."""
    times_s, count = contents.times_s.numpy(), len(contents.catalogue)
    uploaded = tuple(
        CatalogueItem(item_id, upload.title, "", held_out=True)
        for item_id, upload in uploads.items()
    )
    own = {item.item_id: count + number for number, item in enumerate(uploaded, start=1)}
    rows = tuple(own[item_id] if item_id in own else row_of[item_id] for item_id in history)
    clips = _looked_up(variant, [row for row in rows if row <= count])
    if uploads:
        features = _stacked([upload.features for upload in uploads.values()]).to(
            variant.items.bias.device
        )
        clips = clips.followed_by(variant.model.table.without_id(features, variant.items.anybody))
        order = [row for row in rows if row <= count] + list(own.values())
        clips = clips.rows(
            torch.tensor([order.index(row) for row in rows], device=clips.bias.device)
        )
        more = [upload.times_s[None].astype(times_s.dtype) for upload in uploads.values()]
        times_s = np.concatenate([times_s, *more])
    walked = clips.rows(slice(-variant.model.config.max_length, None))
    return Stage(variant, count, contents.catalogue + uploaded, times_s, rows, clips, walked)


def with_noise(
    stage: Stage,
    features: ItemFeatures,
    uploads: Mapping[str, Upload],
    sigma: float,
    seed: int,
    spread: VisualSpread,
) -> Stage:
    """Let the walk meet the history with noise on what its clips look like; the catalogue stays as
    it is.

    Paper: Fig. 5. Departs: the figure disturbs every item, this the history's alone. A clip keeps
    its ID and its own appeal. `features` are the catalogue's.
    """
    generator = torch.Generator().manual_seed(seed + _NOISE_SEEDS)
    held = [upload.features.to(features.text.device) for upload in uploads.values()]
    count = stage.num_items
    found = [_row(features, row) if row <= count else held[row - count - 1] for row in stage.used]
    looks = noisy(_stacked(found), sigma, generator, spread)
    rows = torch.tensor(stage.used, device=features.text.device)
    return replace(stage, walked=stage.variant.model.with_looks(stage.walked, looks, rows))


def _looked_up(variant: Variant, rows: list[int]) -> Items:
    return variant.items.rows(
        torch.tensor(rows, dtype=torch.long, device=variant.items.bias.device)
    )


def _row(features: ItemFeatures, row: int) -> ItemFeatures:
    return ItemFeatures(**{name: tensor[row : row + 1] for name, tensor in vars(features).items()})


def _stacked(rows: list[ItemFeatures]) -> ItemFeatures:
    names = vars(rows[0])
    return ItemFeatures(**{name: torch.cat([getattr(row, name) for row in rows]) for name in names})
