"""MoRec (Yuan et al., 2023) as published: the text encoder is trained together with what
recommends by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from mealrec.baselines import morec
from mealrec.baselines._bert import Reader
from mealrec.baselines.base import in_batch_cross_entropy, own_items
from mealrec.errors import TrainingError
from mealrec.features.titles import Titles
from mealrec.types import ItemFeatures, SequenceBatch

if TYPE_CHECKING:
    from mealrec.baselines.base import Beside

MISSING = (
    "this system trains the text encoder behind the features, and was given none: it takes the titles and the encoder "
    "that the feature store's manifest names"
)
ITEMS_AT_ONCE = 4096


@dataclass(frozen=True)
class MoRecEndToEndConfig(morec.MoRecConfig):
    """`tune_text`: how many of the text encoder's last layers are trained, at `encoder_rate` times
    the others' rate.

    `text_layers`, `text_heads`, `text_inner` and `text_sha256` are the encoder's, filled in with
    its width. `dropout` acts in the trained layers too.
    """

    tune_text: int = 2
    encoder_rate: float = 0.025
    text_layers: int = 0
    text_heads: int = 0
    text_inner: int = 0
    text_sha256: str = ""


class System(morec.System):
    """The two-stage form whose titles' features are made anew at every step, by the layers that are
    trained.

    It begins as the two-stage form: the first features are the store's. Departs: the encoder's
    lower layers stay as they are and are run once, their states kept in float16; the clips' encoder
    is not trained, its features are those of the store. Per step only the batch's own items are
    read, each once. The authors' rate for the encoder is 5e-5.
    """

    Config = MoRecEndToEndConfig
    SUMMARY = "MoRec, end to end: the text encoder's last layers are trained too, the clips' features are frozen, no IDs"
    needs_titles = True
    form_of = "morec"

    def __init__(self, config: MoRecEndToEndConfig):
        super().__init__(config)
        if not config.text_layers:
            raise TrainingError(MISSING)
        if not 1 <= config.tune_text <= config.text_layers:
            raise TrainingError(
                f"tune_text: expected 1 to {config.text_layers}, the layers of the text encoder, got "
                f"{config.tune_text}"
                + (": the form that trains none is morec" if config.tune_text == 0 else "")
            )
        self.reader = Reader(
            config.tune_text,
            config.text_width,
            config.text_heads,
            config.text_inner,
            config.dropout,
        )

    def begin(self, titles: Titles) -> None:
        """Take over the encoder's own layers, and what was taken out of its features."""
        for layer, pretrained in zip(
            self.reader.layers, titles.last_layers(self.config.tune_text), strict=True
        ):
            layer.begin(pretrained)
        self.reader.mean.copy_(titles.normalisation.text_mean)
        self.reader.deviation.copy_(titles.normalisation.text_std)

    def prepare(
        self,
        sequences: Sequence[Sequence[int]],
        features: ItemFeatures,
        hidden: Beside | None = None,
    ) -> None:
        """Count the training clicks, and keep what the frozen layers make of every title.

        Raises TrainingError where there are no titles, or the encoder or their number is another.
        """
        if not isinstance(hidden, Titles):
            raise TrainingError(MISSING)
        ours = {name: getattr(self.config, name) for name in hidden.shape}
        if hidden.shape != ours or len(hidden.texts) != self.config.num_items:
            raise TrainingError(
                f"the trained layers belong on an encoder of {ours} and {self.config.num_items} items; "
                f"{hidden.shape} and {len(hidden.texts)} items came: take the features it was trained on"
            )
        super().prepare(sequences, features)
        below, device = hidden.states_below(self.config.tune_text), features.text.device
        lengths = torch.cat([below.lengths.new_zeros(1), below.lengths])
        self.reader.hold(below.states.to(device), lengths.to(device))

    def rates(self, id_rate: float) -> list[tuple[list[nn.Parameter], float]]:
        """See Baseline.rates; the layers of the encoder that are trained on have one of their
        own."""
        return [*super().rates(id_rate), (list(self.reader.parameters()), self.config.encoder_rate)]

    def of(self, rows: Tensor, features: ItemFeatures) -> Tensor:
        """Return the items [M, D] of item indices [M]."""
        visual = self.visual(features.global_visual[rows]) * features.has_visual[rows].unsqueeze(-1)
        return self.out(
            visual + self.text(self.reader(rows)) * features.has_text[rows].unsqueeze(-1)
        )

    def items(self, features: ItemFeatures) -> Tensor:
        """Return every item's projection [N+1, D]; all titles are read anew."""
        rows = torch.arange(len(features), device=features.text.device)
        return torch.cat([self.of(some, features) for some in rows.split(ITEMS_AT_ONCE)])

    def loss(self, batch: SequenceBatch, features: ItemFeatures) -> dict[str, Tensor]:
        """Return the in-batch debiased cross-entropy over every position's target; only the
        batch's items are read."""
        own, batch = own_items(batch)
        items = self.of(own, features)
        users, positions = batch.rows
        states = self.encoder.encode(items[batch.items], batch.items)[users, positions]
        targets = batch.targets[users, positions]
        rank = in_batch_cross_entropy(states, items, targets, batch.prefixes(), self.counts[own])
        return {"rank": rank, "total": rank}
