"""DiQDiff (Mao et al., 2025): the next item itself is denoised, guided by a quantised history."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mealrec.backbones.base import last_states
from mealrec.baselines.base import (
    Baseline,
    BaselineConfig,
    full_cross_entropy,
    id_embedding,
    one_noise,
    walk_end,
)
from mealrec.diffusion.process import q_sample
from mealrec.diffusion.schedule import Schedule, ScheduleConfig
from mealrec.layers import Blocks, Dropout, hide, step_embedding
from mealrec.types import ItemFeatures, SequenceBatch


@dataclass(frozen=True)
class DiQDiffConfig(BaselineConfig):
    """`codes`: how many the codebook has. `noise_share` δ: how loud the noisy item is in a token.

    `quantise_weight` and `contrast_weight` weigh the two terms next to the cross-entropy;
    `temperature` is InfoNCE's.
    """

    num_steps: int = 32
    beta_start: float = 0.013
    beta_end: float = 0.635
    codes: int = 32
    noise_share: float = 0.01
    quantise_weight: float = 0.1
    contrast_weight: float = 0.1
    temperature: float = 0.2
    blocks: int = 2
    heads: int = 2
    dropout: float = 0.5


class System(Baseline):
    """x_0 is the next item; noised, it enters every token of the history, whose last state is x̂_0.

    Departs: the codebook is kept, where the published code makes centroids of whoever shares the
    batch, so that the company changes the answer; at evaluation the nearest code is taken, not a
    drawn one, the walk begins with one noise for all and padding is masked. Embeddings are
    normalised, so that unit noise means something.
    """

    Config = DiQDiffConfig
    SUMMARY = "DiQDiff: diffusion of the next item, guided by the quantised history; IDs alone"
    reads_content = False
    causal = False

    def __init__(self, config: DiQDiffConfig):
        super().__init__()
        width = config.width
        self.config = config
        # The next item, the history's tokens and their code.
        self.ids = id_embedding(config.num_items, width)
        self.positions = nn.Parameter(torch.randn(config.max_length, width) * 0.02)
        self.codebook = nn.Parameter(torch.randn(config.codes, width) * 0.1)
        # The denoiser over the tokens, which hears the step.
        self.step = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))
        self.blocks = Blocks(config.blocks, width, config.heads, config.dropout)
        self.dropout = Dropout(config.dropout)
        self.norm = nn.LayerNorm(width)
        self.log_scale = nn.Parameter(torch.zeros(()))
        schedule = ScheduleConfig(config.num_steps, config.beta_start, config.beta_end)
        self.schedule = Schedule(schedule)

    def items(self, features: ItemFeatures) -> Tensor:
        """Return the normalised ID embeddings [N+1, D]."""
        return F.layer_norm(self.ids.weight, self.ids.weight.shape[1:])

    def loss(self, batch: SequenceBatch, features: ItemFeatures) -> dict[str, Tensor]:
        """Return the cross-entropy over all items, the quantisation's loss and InfoNCE."""
        config = self.config
        items = self.items(features)
        users, positions = batch.rows
        histories = batch.items[users]
        targets = batch.targets[users, positions]
        # Noise each target to a drawn step.
        steps = torch.randint(1, config.num_steps + 1, targets.shape, device=targets.device)
        x0 = items[targets]
        xt = q_sample(self.schedule, x0, steps, torch.randn_like(x0))
        # Guide by the code of the history, and pull code and history together.
        tokens, mean = self.tokens(histories, items)
        code, nearest = self.quantised(mean)
        quantise = F.mse_loss(mean, nearest.detach()) + F.mse_loss(nearest, mean.detach())
        # Predict the target, and rank by what was predicted.
        x0_hat = self.denoise(xt, steps, tokens + code.unsqueeze(1), histories > 0)
        rank = full_cross_entropy(self._logits(x0_hat, items), targets, features)
        contrast = self._contrast(x0_hat, x0, targets)
        total = rank + config.quantise_weight * quantise + config.contrast_weight * contrast
        return {"rank": rank, "quantise": quantise, "contrast": contrast, "total": total}

    def scores(self, histories: Tensor, items: Tensor) -> Tensor:
        """See Baseline.scores: what ranks is the end of the walk, from pure noise."""
        tokens, mean = self.tokens(histories, items)
        code, _ = self.quantised(mean)
        guided = tokens + code.unsqueeze(1)

        def denoise(xt: Tensor, steps: Tensor) -> Tensor:
            return self.denoise(xt, steps, guided, histories > 0)

        return self._logits(walk_end(self.schedule, denoise, one_noise(mean)), items)

    def tokens(self, histories: Tensor, items: Tensor) -> tuple[Tensor, Tensor]:
        """Return the history's tokens [R, L, D] and their mean [R, D]."""
        tokens = self.dropout(self.norm(items[histories] + self.positions[: histories.shape[1]]))
        present = (histories > 0).unsqueeze(-1)
        return tokens, (tokens * present).sum(1) / present.sum(1)

    def quantised(self, mean: Tensor) -> tuple[Tensor, Tensor]:
        """Return a code and the nearest one for each history's mean [R, D].

        In training a code is drawn by its nearness, and the gradient passes through it as in
        Gumbel-softmax; at evaluation it is the nearest one.
        """
        # The nearer, the larger: the squared distance with its sign turned.
        nearness = -torch.cdist(mean.float(), self.codebook.float()).square()
        nearest = self.codebook[nearness.argmax(1)]
        if not self.training:
            return nearest, nearest
        return F.gumbel_softmax(nearness, tau=1.0, hard=True) @ self.codebook, nearest

    def denoise(self, xt: Tensor, steps: Tensor, tokens: Tensor, present: Tensor) -> Tensor:
        """Return x̂_0 [R, D] of x_t [R, D] at steps [R], in the tokens [R, L, D] that are present.

        x_t's share in each token is δ, times what is drawn about 1 in training.
        """
        # Put the noisy item into every token.
        noisy = xt + self.step(step_embedding(steps, self.config.width))
        share = torch.full(present.shape, self.config.noise_share, device=xt.device)
        if self.training:
            share = share * (1 + torch.randn_like(share))
        x = tokens + share.unsqueeze(-1) * noisy.unsqueeze(1)
        x = self.blocks(x, hide(present).unsqueeze(1))
        # Read x̂_0 at the last click.
        return F.layer_norm(last_states(x, present.long()), x.shape[-1:])

    def _logits(self, x0_hat: Tensor, items: Tensor) -> Tensor:
        return x0_hat @ items.T * self.log_scale.exp() / self.config.width**0.5

    def _contrast(self, x0_hat: Tensor, x0: Tensor, targets: Tensor) -> Tensor:
        """InfoNCE: an answer shall be nearer to its target than to answers for other targets."""
        # Its own target first, then the answers for other targets.
        own = F.cosine_similarity(x0_hat, x0, dim=-1).unsqueeze(1)
        answers = F.normalize(x0_hat, dim=-1)
        others = (answers @ answers.T).masked_fill(targets == targets.unsqueeze(1), float("-inf"))
        logits = torch.cat([own, others.to(own)], 1) / self.config.temperature
        return F.cross_entropy(logits, torch.zeros_like(targets))
