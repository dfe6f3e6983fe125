"""The contract of a whole system to compare with, and the registry: a file's name is its key."""

from __future__ import annotations

import pkgutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

import mealrec.baselines as folder
from mealrec.types import ItemFeatures, SequenceBatch

if TYPE_CHECKING:
    from mealrec.features.hidden import HiddenStates
    from mealrec.features.titles import Titles

    Beside = HiddenStates | Titles


@dataclass(frozen=True)
class BaselineConfig:
    """What the data decide, and the settings that every system has; a system's own `Config` adds
    its own.

    The field names of the shape are those of every configuration.
    """

    num_items: int
    visual_width: int
    text_width: int
    num_frames: int = 5
    max_length: int = 10
    width: int = 64

    def to_dict(self) -> dict:
        """Return plain JSON types; `from_dict` of this module reads them."""
        return {"baseline": type(self).__module__.rpartition(".")[2]} | asdict(self)


class Baseline(nn.Module):
    """A recommender of its own: a subclass sets `Config` and `SUMMARY`, and defines `loss`, `items`
    and `scores`.

    `SUMMARY`: the line that tables show. `TRAINING`: the fields of TrainConfig in which it departs
    from the others. `causal`: one row a user trains every position; where states see what comes
    after them, one row a prefix does. `ends`: what `scores` may end at, for a system with a walk;
    see PaperMealRec.scores. `needs_hidden`: it reads the encoders' hidden states, `needs_titles`:
    it trains the text encoder; `build` and `prepare` are then given them as `hidden`. `form_of`:
    the baseline that it is another form of, so no row of Table 2. `reads_content`: it knows clips
    or titles, not IDs alone.
    """

    Config: type[BaselineConfig]
    SUMMARY: str
    TRAINING: dict = {}
    causal: bool = True
    ends: tuple[str, ...] = ("walk",)
    needs_hidden: bool = False
    needs_titles: bool = False
    form_of: str = ""
    reads_content: bool = True

    def begin(self, titles: Titles) -> None:
        """Take over an encoder's weights, where `needs_titles`. Called once, before training;
        never after loading."""

    def prepare(
        self,
        sequences: Sequence[Sequence[int]],
        features: ItemFeatures,
        hidden: Beside | None = None,
    ) -> None:
        """Take what is computed once from the training sequences (item indices) and the features:
        counts, graphs.

        Called before training and after loading; what it keeps is a buffer. Nothing by default.
        """

    def rates(self, id_rate: float) -> list[tuple[list[nn.Parameter], float]]:
        """Return the weights that learn at another rate than the rest, and how many times that of
        the rest.

        `id_rate` is that of the embeddings.
        """
        return [
            (
                [module.weight for module in self.modules() if isinstance(module, nn.Embedding)],
                id_rate,
            )
        ]

    def loss(self, batch: SequenceBatch, features: ItemFeatures) -> dict[str, Tensor]:
        """Return the terms by name and what is minimised as "total". It draws from torch's own
        randomness."""
        raise TypeError(f"{type(self).__name__} must define loss(batch, features)")

    def items(self, features: ItemFeatures) -> Tensor:
        """Return what stands for every item [N+1, ...], computed once for many histories."""
        raise TypeError(f"{type(self).__name__} must define items(features)")

    def scores(self, histories: Tensor, items: Tensor) -> Tensor:
        """Return the scores of all items [R, N+1] for histories [R, L], of what `items`
        returned. It draws nothing."""
        raise TypeError(f"{type(self).__name__} must define scores(histories, items)")


def names() -> tuple[str, ...]:
    """Return the baselines found in this folder."""
    found = (module.name for module in pkgutil.iter_modules(folder.__path__))
    return tuple(sorted(name for name in found if name != "base" and not name.startswith("_")))


def system(name: str) -> type[Baseline]:
    """Return a baseline's class; raises ValueError for an unknown name."""
    if name not in names():
        raise ValueError(f"baseline must be one of {', '.join(names())}, got {name!r}")
    return import_module(f"mealrec.baselines.{name}").System


def class_of(config: BaselineConfig) -> type[Baseline]:
    """Return the class of the system that a configuration belongs to."""
    return system(type(config).__module__.rpartition(".")[2])


def needs_hidden(config: object) -> bool:
    """Say whether the system of a configuration, MealRec's too, reads hidden states."""
    return isinstance(config, BaselineConfig) and class_of(config).needs_hidden


def needs_titles(config: object) -> bool:
    """Say whether the system of a configuration, MealRec's too, trains the text encoder."""
    return isinstance(config, BaselineConfig) and class_of(config).needs_titles


def build(config: BaselineConfig, hidden: Beside | None = None) -> Baseline:
    """Return the system that a configuration belongs to, untrained.

    Where it reads `hidden` states or titles, the encoders' depths and widths are filled in and it
    begins from their weights; a configuration read back has the first already, and its weights come
    from a file. Raises TrainingError where it does not fit them.
    """
    tunes = needs_titles(config)
    if hidden is not None and (tunes or needs_hidden(config)):
        config = replace(config, **hidden.shape)
    system = class_of(config)(config)
    if hidden is not None and tunes:
        system.begin(hidden)
    return system


def from_dict(values: dict) -> BaselineConfig:
    """Rebuild a configuration; raises TypeError on an unknown key and ValueError on an unknown
    system."""
    values = dict(values)
    return system(values.pop("baseline")).Config(**values)


def popularity(sequences: Sequence[Sequence[int]], num_items: int) -> Tensor:
    """Return how often each item occurs in the training sequences [N+1]."""
    flat = torch.tensor([item for sequence in sequences for item in sequence], dtype=torch.long)
    return torch.bincount(flat, minlength=num_items + 1).float()


def full_cross_entropy(scores: Tensor, targets: Tensor, features: ItemFeatures) -> Tensor:
    """Return the cross-entropy over all items with an ID, as every system here that is not told
    otherwise trains by.

    `scores` [R, N+1], `targets` [R].
    """
    trainable = features.has_id.clone()
    trainable[0] = False
    return F.cross_entropy(scores.masked_fill(~trainable, -1e4), targets)


def in_batch_cross_entropy(
    states: Tensor, items: Tensor, targets: Tensor, histories: Tensor, counts: Tensor
) -> Tensor:
    """Return the in-batch debiased cross-entropy of MoRec and IISAN.

    states [R, D], items [N+1, D], targets [R], histories [R, L] (what a row has watched, padded
    with 0), counts [N+1] of training occurrences. The candidates are the batch's distinct targets,
    each less its log popularity, so that being drawn often earns nothing; what a row has watched is
    no negative of it.
    """
    candidates, places = targets.unique(return_inverse=True)
    logits = states @ items[candidates].T - counts[candidates].clamp(min=1).log()
    watched = (histories.unsqueeze(2) == candidates).any(1) & (candidates != targets.unsqueeze(1))
    return F.cross_entropy(logits.masked_fill(watched, float("-inf")), places)


def own_items(batch: SequenceBatch) -> tuple[Tensor, SequenceBatch]:
    """Return the distinct items of a batch, padding first, and the batch by their places among
    them."""
    own = torch.cat(
        [batch.items.flatten(), batch.targets.flatten(), batch.items.new_zeros(1)]
    ).unique()
    return own, SequenceBatch(
        *(torch.searchsorted(own, part.contiguous()) for part in (batch.items, batch.targets))
    )


def received(nodes: Tensor, source: Tensor, target: Tensor, count: int) -> Tensor:
    """Return the mean [count, ...] of what nodes [R, ...] send along edges from `source` [E] to
    `target` [E]."""
    degree = torch.bincount(target, minlength=count).clamp(min=1)
    total = nodes.new_zeros(count, *nodes.shape[1:]).index_add(0, target, nodes[source])
    return total / degree.view(-1, *[1] * (nodes.dim() - 1))


def draw_negatives(
    histories: Tensor, targets: Tensor, features: ItemFeatures, attempts: int = 4
) -> Tensor:
    """Return an item with an ID for each row [R] that is neither in its history [R, L] nor its
    target [R].

    Drawn from torch's own randomness; after so many attempts what is drawn stays, as few items are
    watched.
    """
    known = features.has_id.nonzero().squeeze(1)
    known = known[known > 0]

    def draw() -> Tensor:
        return known[torch.randint(len(known), targets.shape, device=targets.device)]

    drawn = draw()
    for _ in range(attempts):
        taken = (histories == drawn.unsqueeze(1)).any(1) | (drawn == targets)
        drawn = torch.where(taken, draw(), drawn)
    return drawn
