"""SSDRec (Zhang et al., 2024): a history is augmented, then denoised, then encoded."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mealrec.backbones.base import last_states
from mealrec.baselines.base import (
    Baseline,
    BaselineConfig,
    EncoderInput,
    full_cross_entropy,
    id_embedding,
    received,
)
from mealrec.layers import Blocks, Dropout, hide
from mealrec.types import Clicks, ItemFeatures, SequenceBatch

# Of the choice of an inserted item at first: by dot products of what is not yet trained, draws
# would be even over all.
SHARPNESS = 15.0
NEARLY = 1e-6  # what keeps a chance away from 0 and 1


@dataclass(frozen=True)
class SSDRecConfig(BaselineConfig):
    """`temperature` is that of the Gumbel draws in training."""

    temperature: float = 0.5
    blocks: int = 2
    heads: int = 2
    dropout: float = 0.5


class System(Baseline):
    """Relations between items, self-augmentation, hierarchical denoising; then a Transformer.

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
        width = config.width
        self.config = config
        # Relations between items.
        self.ids = id_embedding(config.num_items, width)
        self.coming = nn.Linear(width, width, bias=False)
        self.going = nn.Linear(width, width, bias=False)
        # Augmentation: how consistent a position is, and what is inserted around it.
        self.context = Context(width)
        self.consistency = nn.Sequential(
            nn.Linear(3 * width, width), nn.GELU(), nn.Linear(width, 1)
        )
        self.inserted = nn.Linear(2 * width, 2 * width)
        # Denoising: what a token's neighbours and the whole history expect of it.
        self.expected = nn.Linear(2 * width, width)
        self.whole = nn.Linear(width, width)
        self.log_scale = nn.Parameter(torch.tensor(SHARPNESS).log())
        self.log_doubt = nn.Parameter(torch.zeros(2))
        # The encoder; augmentation makes a history two positions longer.
        self.positions = nn.Parameter(torch.randn(config.max_length + 2, width) * 0.02)
        self.blocks = Blocks(config.blocks, width, config.heads, config.dropout)
        self.dropout = Dropout(config.dropout)
        self.norm = nn.LayerNorm(width)
        # The transitions, filled by `prepare`.
        no_edges = torch.zeros(0, dtype=torch.long)
        self.register_buffer("source", no_edges, persistent=False)
        self.register_buffer("target", no_edges, persistent=False)

    def prepare(
        self, sequences: Clicks, features: ItemFeatures, encoder_input: EncoderInput | None = None
    ) -> None:
        """Take the transitions of the training clicks, from `source` [E] to `target` [E]."""
        edges = []
        for sequence in sequences:
            edges += pairwise(sequence)
        self.source, self.target = torch.tensor(edges, device=features.text.device).T.contiguous()

    def items(self, features: ItemFeatures) -> Tensor:
        """Return every item [N+1, D] with what comes before and after it in training clicks."""
        own = self.ids.weight
        before = received(own, self.source, self.target, len(own))
        after = received(own, self.target, self.source, len(own))
        return own + self.coming(before) + self.going(after)

    def loss(self, batch: SequenceBatch, features: ItemFeatures) -> dict[str, Tensor]:
        """Return the cross-entropy over all items of each prefix's target."""
        users, positions = batch.rows
        logits = self.scores(batch.items[users], self.items(features))
        rank = full_cross_entropy(logits, batch.targets[users, positions], features)
        return {"rank": rank, "total": rank}

    def scores(self, histories: Tensor, items: Tensor) -> Tensor:
        """See Baseline.scores."""
        # Augment and denoise the history.
        tokens, present, clicked = self.augmented(items[histories], histories > 0, items)
        tokens = self.denoised(tokens, present)
        # Encode it, and read the state at the last click.
        x = self.dropout(self.norm(tokens + self.positions[: tokens.shape[1]]))
        x = self.blocks(x, hide(present).unsqueeze(1))
        return last_states(x, clicked.long()) @ items.T

    def augmented(
        self, tokens: Tensor, present: Tensor, items: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Insert an item before and one after each row's least consistent position.

        Returns tokens [R, L + 2, D], which of them are there, and which of them are there up to the
        last that was clicked [R, L + 2]: the state is read at a click, though an item may have been
        inserted after it.
        """
        # Pick the position that fits its context least, one-hot [R, L].
        around = self.context(tokens, present)
        doubt = self.consistency(torch.cat([around, tokens], -1)).squeeze(-1)
        place = self.pick(doubt.masked_fill(~present, float("-inf")))
        # Pick what is inserted before and after it, by likeness to what its context asks for.
        asked = self.inserted((place.unsqueeze(1) @ around).squeeze(1)).unflatten(-1, (2, -1))
        likeness = F.normalize(asked, dim=-1) @ F.normalize(items, dim=-1).T
        padding = torch.arange(len(items), device=items.device) == 0
        logits = (likeness * self.log_scale.exp()).masked_fill(padding, float("-inf"))
        before, after = (self.pick(logits) @ items).unbind(1)
        # The strength is 1; through it the gradient reaches how the place was picked.
        at = place.argmax(1, keepdim=True)
        strength = place.sum(1, keepdim=True)
        longer = _spread(tokens, at)
        where = torch.arange(longer.shape[1], device=tokens.device)
        before = (before * strength).unsqueeze(1)
        after = (after * strength).unsqueeze(1)
        longer = torch.where((where == at).unsqueeze(-1), before, longer)
        longer = torch.where((where == at + 2).unsqueeze(-1), after, longer)
        # An item inserted after the last click is there, but not clicked.
        clicks = present.sum(1, keepdim=True)
        return longer, where < clicks + 2, where < clicks + 1 + (at < clicks - 1)

    def denoised(self, tokens: Tensor, present: Tensor) -> Tensor:
        """Silence the tokens that both the whole history and their neighbours speak against."""
        # How much each of the two speaks against a token [R, L + 2, 2].
        mean_weights = present.unsqueeze(-1) / present.sum(1)[:, None, None]
        whole = self.whole((tokens * mean_weights).sum(1, keepdim=True))
        expected = self.expected(self.context(tokens, present))
        by_whole = -(whole * tokens).sum(-1)
        by_neighbours = -(expected * tokens).sum(-1)
        against = torch.stack([by_whole, by_neighbours], -1) / tokens.shape[-1] ** 0.5
        chance = torch.sigmoid(against + self.log_doubt - 2).prod(-1)
        # Draw in training (the binary Gumbel-softmax).
        if self.training:
            noise = torch.rand_like(chance).clamp(NEARLY, 1 - NEARLY).logit()
            logit = chance.clamp(NEARLY, 1 - NEARLY).logit() + noise
            chance = torch.sigmoid(logit / self.config.temperature)
        # All or nothing, with the gradient of the chance.
        noisy = (chance > 0.5).to(chance) + chance - chance.detach()
        return tokens * (1 - noisy).unsqueeze(-1)

    def pick(self, logits: Tensor) -> Tensor:
        """Return a one-hot choice [..., C]: drawn in training, else the likeliest.

        A drawn one has the gradient of the soft choice.
        """
        if self.training:
            return F.gumbel_softmax(logits.float(), tau=self.config.temperature, hard=True)
        return F.one_hot(logits.argmax(-1), logits.shape[-1]).to(logits)


class Context(nn.Module):
    """A BiLSTM: what stands before and after each position, without the position itself."""

    def __init__(self, width: int):
        super().__init__()
        self.before = nn.LSTM(width, width, batch_first=True)
        self.after = nn.LSTM(width, width, batch_first=True)

    def forward(self, tokens: Tensor, present: Tensor) -> Tensor:
        """Return [R, L, 2 D] of tokens [R, L, D], `present` [R, L] on a prefix of each row."""
        # Turn each row's present tokens round; what is absent stays.
        length = present.sum(1, keepdim=True)
        places = torch.arange(tokens.shape[1], device=tokens.device)
        turned = torch.where(places < length, length - 1 - places, places)
        turned = turned.unsqueeze(-1).expand_as(tokens)
        # Read in both directions, each shifted by one so that no position reads itself.
        forth, _ = self.before(tokens)
        back, _ = self.after(tokens.gather(1, turned))
        before = F.pad(forth, (0, 0, 1, 0))[:, :-1]
        after = F.pad(back, (0, 0, 1, 0))[:, :-1].gather(1, turned)
        return torch.cat([before, after], -1)


def _spread(tokens: Tensor, at: Tensor) -> Tensor:
    """Return tokens [R, L + 2, D] with the token of place `at` [R, 1] one later, the rest two.

    What stands before and after that token is still to be filled.
    """
    # From where each place of the longer history takes its token.
    longest = tokens.shape[1]
    where = torch.arange(longest + 2, device=tokens.device)
    later = torch.where(where <= at + 1, where - 1, where - 2)
    source = torch.where(where <= at, where, later).clamp(max=longest - 1)
    return tokens.gather(1, source.unsqueeze(-1).expand(-1, -1, tokens.shape[-1]))
