"""SSDRec (Zhang et al., 2024): a history is augmented where it is inconsistent, then denoised,
then encoded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mealrec.backbones.base import last_states
from mealrec.baselines.base import Baseline, BaselineConfig, full_cross_entropy, received
from mealrec.layers import Block, Dropout, hide
from mealrec.types import ItemFeatures, SequenceBatch

if TYPE_CHECKING:
    from mealrec.features.hidden import HiddenStates

# Of the choice of an inserted item at first: by dot products of what is not yet trained, draws
# would be even over all.
SHARPNESS = 15.0


@dataclass(frozen=True)
class SSDRecConfig(BaselineConfig):
    """`temperature` is that of the Gumbel draws in training."""

    temperature: float = 0.5
    blocks: int = 2
    heads: int = 2
    dropout: float = 0.5


class Context(nn.Module):
    """A BiLSTM: what stands before and what stands after each position, without the position
    itself."""

    def __init__(self, width: int):
        super().__init__()
        self.before = nn.LSTM(width, width, batch_first=True)
        self.after = nn.LSTM(width, width, batch_first=True)

    def forward(self, tokens: Tensor, present: Tensor) -> Tensor:
        """Return [R, L, 2 D] of tokens [R, L, D]; `present` [R, L] is true on a prefix of each
        row."""
        length = present.sum(1, keepdim=True)
        places = torch.arange(tokens.shape[1], device=tokens.device)
        turned = (
            torch.where(places < length, length - 1 - places, places)
            .unsqueeze(-1)
            .expand_as(tokens)
        )
        before = F.pad(self.before(tokens)[0], (0, 0, 1, 0))[:, :-1]
        after = F.pad(self.after(tokens.gather(1, turned))[0], (0, 0, 1, 0))[:, :-1].gather(
            1, turned
        )
        return torch.cat([before, after], -1)


class System(Baseline):
    """Three stages: relations between items, self-augmentation, hierarchical denoising; then a
    Transformer.

    Departs: relations are item transitions of the training clicks alone, as viewers have no
    embedding here. In the published code the target's embedding denoises the history in training
    and the viewer's in evaluation, and Gumbel draws go on there: here both see the history alone,
    and evaluation takes the likeliest. No curriculum.
    """

    Config = SSDRecConfig
    SUMMARY = "SSDRec: item relations, an augmented and then denoised history; IDs alone"
    reads_content = False
    causal = False

    def __init__(self, config: SSDRecConfig):
        super().__init__()
        self.config, width = config, config.width
        self.ids = nn.Embedding(config.num_items + 1, width)
        nn.init.normal_(self.ids.weight, std=0.1)
        self.coming, self.going = (
            nn.Linear(width, width, bias=False),
            nn.Linear(width, width, bias=False),
        )
        self.context = Context(width)
        self.consistency = nn.Sequential(
            nn.Linear(3 * width, width), nn.GELU(), nn.Linear(width, 1)
        )
        self.inserted = nn.Linear(2 * width, 2 * width)
        self.expected, self.whole = nn.Linear(2 * width, width), nn.Linear(width, width)
        self.log_scale = nn.Parameter(torch.tensor(SHARPNESS).log())
        self.log_doubt = nn.Parameter(torch.zeros(2))
        self.positions = nn.Parameter(torch.randn(config.max_length + 2, width) * 0.02)
        self.blocks = nn.ModuleList(
            Block(width, config.heads, config.dropout) for _ in range(config.blocks)
        )
        self.dropout, self.norm = Dropout(config.dropout), nn.LayerNorm(width)
        for name in ("source", "target"):
            self.register_buffer(name, torch.zeros(0, dtype=torch.long), persistent=False)

    def prepare(
        self,
        sequences: Sequence[Sequence[int]],
        features: ItemFeatures,
        hidden: HiddenStates | None = None,
    ) -> None:
        """Take the transitions of the training clicks, from `source` [E] to `target` [E]."""
        pairs = [
            pair for sequence in sequences for pair in zip(sequence, sequence[1:], strict=False)
        ]
        self.source, self.target = torch.tensor(pairs, device=features.text.device).T.contiguous()

    def items(self, features: ItemFeatures) -> Tensor:
        """Return every item [N+1, D] with what comes before and after it in the training clicks."""
        own = self.ids.weight
        before = received(own, self.source, self.target, len(own))
        after = received(own, self.target, self.source, len(own))
        return own + self.coming(before) + self.going(after)

    def loss(self, batch: SequenceBatch, features: ItemFeatures) -> dict[str, Tensor]:
        """Return the cross-entropy over all items of each prefix's target."""
        items = self.items(features)
        users, positions = batch.rows
        logits = self._states(batch.items[users], items) @ items.T
        rank = full_cross_entropy(logits, batch.targets[users, positions], features)
        return {"rank": rank, "total": rank}

    def scores(self, histories: Tensor, items: Tensor) -> Tensor:
        """See Baseline.scores."""
        return self._states(histories, items) @ items.T

    def _states(self, histories: Tensor, items: Tensor) -> Tensor:
        tokens, present, clicked = self.augmented(items[histories], histories > 0, items)
        tokens = self.denoised(tokens, present)
        x = self.dropout(self.norm(tokens + self.positions[: tokens.shape[1]]))
        for block in self.blocks:
            x = block(x, hide(present).unsqueeze(1))
        return last_states(x, clicked.long())

    def augmented(
        self, tokens: Tensor, present: Tensor, items: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Insert an item before and one after each row's least consistent position.

        Returns tokens [R, L + 2, D], which of them are there, and which of them are there up to the
        last that was clicked [R, L + 2]: the state is read at a click, though an item may have been
        inserted after it.
        """
        around = self.context(tokens, present)
        doubt = self.consistency(torch.cat([around, tokens], -1)).squeeze(-1)
        place = self._pick(doubt.masked_fill(~present, float("-inf")))
        wanted = self.inserted((place.unsqueeze(1) @ around).squeeze(1)).unflatten(-1, (2, -1))
        logits = F.normalize(wanted, dim=-1) @ F.normalize(items, dim=-1).T * self.log_scale.exp()
        logits = logits.masked_fill(
            torch.arange(len(items), device=logits.device) == 0, float("-inf")
        )
        before, after = (self._pick(logits) @ items).unbind(1)
        # Row by row: up to the place as they were, `before`, the token, `after`, and the rest two
        # places later.
        at, strength = place.argmax(1, keepdim=True), place.sum(1, keepdim=True).unsqueeze(-1)
        where = torch.arange(tokens.shape[1] + 2, device=tokens.device)
        source = torch.where(where <= at, where, torch.where(where <= at + 1, where - 1, where - 2))
        source = (
            source.clamp(max=tokens.shape[1] - 1).unsqueeze(-1).expand(-1, -1, tokens.shape[-1])
        )
        longer = tokens.gather(1, source)
        longer = torch.where(
            (where == at).unsqueeze(-1), (before * strength.squeeze(-1)).unsqueeze(1), longer
        )
        longer = torch.where(
            (where == at + 2).unsqueeze(-1), (after * strength.squeeze(-1)).unsqueeze(1), longer
        )
        clicks = present.sum(1, keepdim=True)
        return longer, where < clicks + 2, where < clicks + 1 + (at < clicks - 1)

    def denoised(self, tokens: Tensor, present: Tensor) -> Tensor:
        """Silence the tokens that both the whole history and their neighbours speak against."""
        shares = present.unsqueeze(-1) / present.sum(1)[:, None, None]
        whole = self.whole((tokens * shares).sum(1, keepdim=True))
        expected = self.expected(self.context(tokens, present))
        scale = tokens.shape[-1] ** 0.5
        against = torch.stack([-(whole * tokens).sum(-1), -(expected * tokens).sum(-1)], -1) / scale
        chance = torch.sigmoid(against + self.log_doubt - 2).prod(-1)
        if self.training:
            noise = torch.rand_like(chance).clamp(1e-6, 1 - 1e-6).logit()
            chance = torch.sigmoid(
                (chance.clamp(1e-6, 1 - 1e-6).logit() + noise) / self.config.temperature
            )
        noisy = (chance > 0.5).to(chance) + chance - chance.detach()
        return tokens * (1 - noisy).unsqueeze(-1)

    def _pick(self, logits: Tensor) -> Tensor:
        """Return a one-hot choice [..., C]: drawn in training, with the soft one's gradient;
        else the likeliest."""
        if self.training:
            return F.gumbel_softmax(logits.float(), tau=self.config.temperature, hard=True)
        return F.one_hot(logits.argmax(-1), logits.shape[-1]).to(logits)
