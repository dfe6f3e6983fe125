"""DMMD4SR (Lu et al., 2025): diffusions clean each modality, its intent, then the fused history."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mealrec.backbones import base as backbones
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
from mealrec.layers import step_embedding
from mealrec.types import ItemFeatures, SequenceBatch


@dataclass(frozen=True)
class DMMD4SRConfig(BaselineConfig):
    """The schedule leaves ᾱ_T = .97, as its authors' 32 steps do, in the 5 steps walked back.

    `id_share`: what the item's ID is of its intent, its code in a codebook of `codes` being the
    rest.
    """

    num_steps: int = 5
    beta_start: float = 1e-4
    beta_end: float = 0.0133
    codes: int = 32
    id_share: float = 0.6
    domain_weight: float = 0.001
    other_weight: float = 0.01
    dropout: float = 0.5


class Denoiser(nn.Module):
    """An MLP that predicts x_0 of x_t, of the step, and of a condition where it has one."""

    def __init__(self, width: int, conditions: int, schedule: Schedule):
        super().__init__()
        self.width = width
        self.schedule = schedule
        self.layers = nn.Sequential(
            nn.Linear((2 + conditions) * width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )

    def forward(self, xt: Tensor, steps: Tensor, *conditions: Tensor) -> Tensor:
        """Return x̂_0 [R, D] of x_t [R, D] at steps [R] under conditions [R, D]."""
        return xt + self.layers(torch.cat([xt, step_embedding(steps, self.width), *conditions], -1))

    def loss(self, clean: Tensor, *conditions: Tensor) -> Tensor:
        """Return the error of x̂_0 at drawn steps; no gradient flows through the target.

        With an open target x_0 would collapse.
        """
        steps = torch.randint(1, self.schedule.num_steps + 1, clean.shape[:1], device=clean.device)
        noisy = q_sample(self.schedule, clean, steps, torch.randn_like(clean))
        return F.mse_loss(self(noisy, steps, *conditions), clean.detach())

    def walk(self, clean: Tensor, *conditions: Tensor) -> Tensor:
        """Return the end of the walk from noised x_0 [R, D]; at evaluation one noise for all."""
        noise = torch.randn_like(clean) if self.training else one_noise(clean)
        start = q_sample(self.schedule, clean, self.schedule.num_steps, noise)
        return walk_end(self.schedule, lambda xt, steps: self(xt, steps, *conditions), start)


class System(Baseline):
    """Domain and conditional diffusion and a mixture of experts make an item; then the history.

    Departs: made from the paper's text, as its code was not to be had. Both modalities' walks are
    the same in training and evaluation but for the noise, and the gradient passes through them.
    """

    Config = DMMD4SRConfig
    SUMMARY = "DMMD4SR: diffusions over each modality, over its intent and over the fused history"

    def __init__(self, config: DMMD4SRConfig):
        super().__init__()
        width = config.width
        self.config = config
        schedule = Schedule(ScheduleConfig(config.num_steps, config.beta_start, config.beta_end))
        self.ids = id_embedding(config.num_items, width)
        self.codebook = nn.Parameter(torch.randn(config.codes, width) * 0.1)
        # One of each for the clips, then one for the titles.
        self.enter = nn.ModuleList(
            nn.Linear(size, width) for size in (config.visual_width, config.text_width)
        )
        self.domain = nn.ModuleList(Denoiser(width, 0, schedule) for _ in self.enter)
        self.conditional = nn.ModuleList(Denoiser(width, 1, schedule) for _ in self.enter)
        self.gates = nn.ModuleList(nn.Linear(2 * width, width) for _ in self.enter)
        # The mixture of experts takes IDs, clips and titles.
        self.experts = nn.ModuleList(nn.Linear(width, width) for _ in range(3))
        self.router = nn.Linear(3 * width, 3)
        # The diffusion of the history, and its encoder.
        self.final = Denoiser(width, 0, schedule)
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.encoder = backbones.build(
            "sasrec", width, max_length=config.max_length, dropout=config.dropout
        )

    def items(self, features: ItemFeatures) -> Tensor:
        """Return every item [N+1, 2, D]: what enters a history, and what it is ranked by."""
        fused, _ = self._fused(features)
        return torch.stack([fused, self.ids.weight], 1)

    def loss(self, batch: SequenceBatch, features: ItemFeatures) -> dict[str, Tensor]:
        """Return the cross-entropy over all items, and the diffusions' and the experts' losses."""
        fused, terms = self._fused(features)
        users, positions = batch.rows
        # The history's own diffusion.
        tokens = self.norm(fused[batch.items])
        terms["final"] = self.final.loss(tokens[batch.items > 0])
        # Rank by the state after each position.
        states = self._encoded(tokens, batch.items)[users, positions]
        logits = states @ self.ids.weight.T
        terms["rank"] = full_cross_entropy(logits, batch.targets[users, positions], features)
        others = terms["conditional"] + terms["final"] + terms["balance"]
        total = terms["rank"] + self.config.domain_weight * terms["domain"]
        return terms | {"total": total + self.config.other_weight * others}

    def scores(self, histories: Tensor, items: Tensor) -> Tensor:
        """See Baseline.scores."""
        entering, ranked = items.unbind(1)
        states = self._encoded(self.norm(entering[histories]), histories)
        return backbones.last_states(states, histories) @ ranked.T

    def _encoded(self, tokens: Tensor, histories: Tensor) -> Tensor:
        walked = self.final.walk(tokens.flatten(0, 1)).view_as(tokens)
        return self.encoder.encode(walked, histories)

    def _fused(self, features: ItemFeatures) -> tuple[Tensor, dict[str, Tensor]]:
        """Return every item's fused embedding [N+1, D], and the modalities' and experts' terms."""
        ids = self.ids.weight
        share = self.config.id_share
        intent = share * ids + (1 - share) * self._code(ids)
        parts = [ids]
        terms = {"domain": 0.0, "conditional": 0.0}
        inputs = ((features.global_visual, features.has_visual), (features.text, features.has_text))
        for index, (values, known) in enumerate(inputs):
            domain = self.domain[index]
            conditional = self.conditional[index]
            # Clean the modality, then what it says under the item's intent.
            clean = self.norm(self.enter[index](values))
            own = domain.walk(clean)
            wanted = conditional.walk(own, intent)
            gate = torch.sigmoid(self.gates[index](torch.cat([own, wanted], -1)))
            parts.append((gate * own + (1 - gate) * wanted) * known.unsqueeze(-1))
            if self.training:
                terms["domain"] = terms["domain"] + domain.loss(clean)
                terms["conditional"] = terms["conditional"] + conditional.loss(own, intent)
        # Mix IDs, clips and titles by each item's own shares.
        shares = self.router(torch.cat(parts, -1)).softmax(-1)
        fused = sum(
            share * expert(part)
            for share, expert, part in zip(shares.split(1, -1), self.experts, parts, strict=True)
        )
        # The divergence (KL) from using all experts alike.
        use = shares.mean(0)
        terms["balance"] = (use * (use * len(parts)).log()).sum()
        return ids + fused, terms

    def _code(self, values: Tensor) -> Tensor:
        """Return each row's nearest code [R, D]; the gradient reaches both it and the row."""
        code = self.codebook[torch.cdist(values.float(), self.codebook.float()).argmin(1)]
        return code + values - values.detach()
