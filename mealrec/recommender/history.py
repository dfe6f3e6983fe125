"""A question's history on one of a bundle's models, and the walks over it.

Letters: B histories of L items, M sets of hidden frames, K frames, N items of the catalogue.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from mealrec.bundle.contents import BundleContents
from mealrec.bundle.manifest import CatalogueItem
from mealrec.explain.evidence import Anybody, masks_of, runs, sets_of
from mealrec.explain.served import Model, blank_system, served
from mealrec.explain.walks import Walks
from mealrec.features.noise import VisualSpread, noisy
from mealrec.models.history import recency_weights
from mealrec.question import Question
from mealrec.types import ItemFeatures, Items

if TYPE_CHECKING:
    from mealrec.recommender.uploads import Upload

BACKBONE_RATE = 0.3
"""γ of Eq. 7 that a history is shown with where the model is a backbone alone: it learns none."""
_NOISE_SEEDS = 2**31
"""Beyond the walks' seeds: the noise on the features is not the noise that a walk starts from."""


@dataclass(frozen=True)
class Variant:
    """One trained model with what all its questions share.

    `items` is its table of the catalogue, row 0 padding; `anybody` what it makes of a viewer of
    whom next to nothing is known.
    """

    model: Model
    items: Items
    anybody: Anybody

    @classmethod
    def load(
        cls, name: str, contents: BundleContents, features: ItemFeatures, device: torch.device
    ) -> Variant:
        """Build one of the bundle's models; `features` are the bundle's, on the device."""
        # The trained weights in a model of their shape.
        config, weights = contents.models[name]
        system = blank_system(config)
        system.load_state_dict(weights)
        model = served(system.eval().to(device))
        # What every walk and every ranking on it needs, made once.
        with torch.no_grad():
            items = model.items(features)
            return cls(model, items, Anybody.of(model, features, items))

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return self.items.bias.device

    @property
    def num_items(self) -> int:
        """How many items N the catalogue has."""
        return len(self.items) - 1

    def latest(self, clips: Items) -> Items:
        """Return those of a history's clips that the model sees: the latest `max_length`."""
        return clips.rows(slice(-self.model.config.max_length, None))

    def weights(self, length: int) -> list[float]:
        """Return α_k of a history of some length, oldest first. Paper: Eq. 7."""
        rate = torch.tensor(BACKBONE_RATE)
        if hasattr(self.model, "reader"):
            rate = self.model.reader.rates[0]
        present = torch.ones(1, length, dtype=torch.bool, device=rate.device)
        return recency_weights(present, rate)[0].tolist()


@dataclass(frozen=True)
class History:
    """The items of a history, oldest first, on one model.

    `rows` say where they lie in the catalogue, from 1 to N; an upload has a row above N. `clips`
    are what the model knows of them, `walked` of those that a walk meets: the latest `max_length`,
    with noise on them where that is asked for.
    """

    variant: Variant
    items: tuple[CatalogueItem, ...]
    rows: tuple[int, ...]
    clips: Items
    walked: Items

    @classmethod
    def of(
        cls,
        item_ids: Sequence[str],
        variant: Variant,
        contents: BundleContents,
        row_of: Mapping[str, int],
        uploads: Sequence[Upload] = (),
    ) -> History:
        """Look a history up; `row_of` tells the catalogue's rows, `uploads` are the history's."""
        # Each item by its id: an upload, or an item of the catalogue.
        own = {upload.upload_id: upload for upload in uploads}
        items = []
        rows = []
        for item_id in item_ids:
            if item_id in own:
                items.append(CatalogueItem(item_id, own[item_id].title, "", held_out=True))
                rows.append(variant.num_items + 1 + list(own).index(item_id))
            else:
                row = row_of[item_id]
                items.append(contents.catalogue[row - 1])
                rows.append(row)

        # What the model knows of them; a walk meets the latest.
        clips = _clips(variant, rows, uploads)
        return cls(variant, tuple(items), tuple(rows), clips, variant.latest(clips))

    @property
    def candidates(self) -> Tensor:
        """Return which items may be ranked [N+1]: all but padding and those of the history."""
        free = torch.ones(self.variant.num_items + 1, dtype=torch.bool)
        watched = [row for row in self.rows if row <= self.variant.num_items]
        free[[0, *watched]] = False
        return free

    def without(self, place: int) -> History:
        """Return the history without the item at a place; a walk meets no noise on the others."""
        # The walk then meets one older item instead, where there is one.
        kept = [other for other in range(len(self.rows)) if other != place]
        clips = self.clips.rows(torch.tensor(kept, device=self.variant.device))
        return replace(
            self,
            items=tuple(self.items[other] for other in kept),
            rows=tuple(self.rows[other] for other in kept),
            clips=clips,
            walked=self.variant.latest(clips),
        )

    def with_noise(
        self, question: Question, features: ItemFeatures, spread: VisualSpread
    ) -> History:
        """Return the history with the question's noise on what its items look like.

        Paper: Fig. 5. Departs: the figure disturbs every item, this the history's alone. An item
        keeps its ID and its own appeal. `features` are the catalogue's.
        """
        # What the walk would meet without noise.
        uploads = {upload.upload_id: upload for upload in question.uploads}
        first = len(self.rows) - len(self.walked)
        rows = torch.tensor(self.rows[first:], device=self.variant.device)
        looks = []
        for item, row in zip(self.items[first:], rows, strict=True):
            if item.item_id in uploads:
                looks.append(uploads[item.item_id].features.to(self.variant.device))
            else:
                looks.append(features.rows(row[None]))

        # The noise, drawn from the question's seed.
        generator = torch.Generator().manual_seed(question.seed + _NOISE_SEEDS)
        disturbed = noisy(_stacked(looks), question.noise, generator, spread)
        walked = self.variant.model.with_looks(self.walked, disturbed, rows)
        return replace(self, walked=walked)


def walks_of(
    histories: Sequence[History],
    seed: int,
    hidden: Tensor | None = None,
    num_steps: int | None = None,
    leaves_out: bool = False,
) -> Walks:
    """Walk histories of one model in one batch; `hidden` [B, M, K] and the rest as in `Walks`.

    Each clip of a history is an item of its own, so that no walk reads the catalogue.
    """
    # Every history's clips behind each other, after a row of padding.
    variant = histories[0].variant
    longest = max(len(history.walked) for history in histories)
    indices = torch.zeros(len(histories), longest, dtype=torch.long)
    padding = variant.items.rows(slice(0, 1))
    items = padding.followed_by(*(history.walked for history in histories))
    first = len(padding)
    for row, history in enumerate(histories):
        count = len(history.walked)
        indices[row, :count] = torch.arange(first, first + count)
        first += count

    # Each may be recommended what it does not hold itself, of the whole catalogue.
    candidates = torch.stack([history.candidates for history in histories])
    return Walks(
        variant.model,
        items,
        indices.to(variant.device),
        seed,
        candidates=candidates.to(variant.device),
        hidden=None if hidden is None else hidden.to(variant.device),
        num_steps=num_steps,
        ranked=variant.items,
        leaves_out=leaves_out,
    )


@dataclass(frozen=True)
class Asked:
    """A question with its history on the model; `sets` are the sets of frames to hide in turn."""

    question: Question
    history: History

    @cached_property
    def moments(self) -> tuple[tuple[int, ...], ...]:
        """Return the moments of the last item, each a run of frames."""
        return runs(self.history.walked.moments[-1])

    @cached_property
    def sets(self) -> tuple[tuple[int, ...], ...]:
        """Return the sets of frames to hide, first what the question hides alone."""
        return sets_of(self.moments, self.question.hidden)

    def row_of(self, frames: Sequence[int]) -> int:
        """Return in which row of its walks these frames are hidden as well."""
        return self.sets.index(tuple(sorted({*self.question.hidden, *frames})))


def walk_together(asked: Sequence[Asked]) -> Walks:
    """Walk questions that fit into one batch, with each set of frames hidden and without each item.

    Of fewer sets than the others' the first is walked again.
    """
    # One mask a set; the batch is as high as its longest list of sets.
    question = asked[0].question
    num_frames = asked[0].history.walked.moments.shape[1]
    most = max(len(each.sets) for each in asked)
    hidden = []
    for each in asked:
        missing = most - len(each.sets)
        hidden.append(masks_of(each.sets + each.sets[:1] * missing, num_frames))
    histories = [each.history for each in asked]
    return walks_of(
        histories, question.seed, torch.stack(hidden), question.num_steps, leaves_out=True
    )


def _clips(variant: Variant, rows: Sequence[int], uploads: Sequence[Upload]) -> Items:
    """Return what a model knows of the clips at some rows, those of `uploads` above N."""
    known = [row for row in rows if row <= variant.num_items]
    clips = variant.items.rows(torch.tensor(known, dtype=torch.long, device=variant.device))
    if not uploads:
        return clips
    # Uploads are known by their content alone. They come behind the others, then all into order.
    features = _stacked([upload.features for upload in uploads]).to(variant.device)
    clips = clips.followed_by(variant.model.table.without_id(features, variant.items.anybody))
    order = known + [variant.num_items + 1 + number for number in range(len(uploads))]
    return clips.rows(torch.tensor([order.index(row) for row in rows], device=variant.device))


def _stacked(rows: Sequence[ItemFeatures]) -> ItemFeatures:
    """Return the features of several rows in one."""
    stacked = {}
    for name in vars(rows[0]):
        stacked[name] = torch.cat([getattr(row, name) for row in rows])
    return ItemFeatures(**stacked)
