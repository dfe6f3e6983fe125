"""MMGCN (Wei et al., 2019): a graph of viewers and items for each modality, and what its
neighbours send a node."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mealrec.baselines.base import Baseline, BaselineConfig, draw_negatives, received
from mealrec.types import ItemFeatures, SequenceBatch

if TYPE_CHECKING:
    from mealrec.features.hidden import HiddenStates


@dataclass(frozen=True)
class MMGCNConfig(BaselineConfig):
    """`layers`: how many steps away a node is still heard."""

    layers: int = 3


class Layer(nn.Module):
    """What a node becomes: its own part, and the mean of its neighbours, for each of M
    modalities."""

    def __init__(self, modalities: int, width: int):
        super().__init__()
        self.own = nn.Parameter(torch.randn(modalities, width, width) * width**-0.5)
        self.near = nn.Parameter(torch.randn(modalities, width, width) * width**-0.5)

    def forward(self, nodes: Tensor, neighbours: Tensor, identity: Tensor | float = 0.0) -> Tensor:
        """Return the nodes [R, M, D] of nodes and the means of their neighbours [R, M, D];
        `identity` [R, 1, D]."""
        received = F.leaky_relu(torch.einsum("rmd,mde->rme", neighbours, self.near))
        return F.leaky_relu(torch.einsum("rmd,mde->rme", nodes, self.own) + identity) + received


class System(Baseline):
    """Modalities walk apart and are averaged at the end; BPR with one negative; the order of clicks
    is not seen.

    Departs: a viewer begins as the mean of the watched items and has no vector of its own, so that
    every prefix of a history, and a history of somebody new, can be asked. Item ID embeddings are
    trained, as the paper says; the published code leaves them as they were drawn.
    """

    Config = MMGCNConfig
    SUMMARY = "MMGCN: viewer-item graphs of clips and of titles, not sequential"

    def __init__(self, config: MMGCNConfig):
        super().__init__()
        self.config, width = config, config.width
        self.visual, self.text = (
            nn.Linear(config.visual_width, width),
            nn.Linear(config.text_width, width),
        )
        self.ids = nn.Embedding(config.num_items + 1, width)
        nn.init.normal_(self.ids.weight, std=0.1)
        self.layers = nn.ModuleList(Layer(2, width) for _ in range(config.layers))
        for name in ("viewer", "watched"):
            self.register_buffer(name, torch.zeros(0, dtype=torch.long), persistent=False)

    def prepare(
        self,
        sequences: Sequence[Sequence[int]],
        features: ItemFeatures,
        hidden: HiddenStates | None = None,
    ) -> None:
        """Take the training clicks as the graph's edges: `viewer` [E] and `watched` [E]."""
        edges = [
            (viewer, item)
            for viewer, sequence in enumerate(sequences)
            for item in dict.fromkeys(sequence)
        ]
        self.viewer, self.watched = torch.tensor(edges, device=features.text.device).T.contiguous()

    def items(self, features: ItemFeatures) -> Tensor:
        """Return every item after every layer [N+1, layers + 1, M, D], the first of them as it
        entered."""
        visual = self.visual(features.global_visual) * features.has_visual.unsqueeze(-1)
        text = self.text(features.text) * features.has_text.unsqueeze(-1)
        after = [torch.stack([visual, text], 1)]
        viewers = received(after[0], self.watched, self.viewer, int(self.viewer.max()) + 1)
        for layer in self.layers:
            items, count = after[-1], len(features)
            to_items = received(viewers, self.viewer, self.watched, count)
            viewers = layer(viewers, received(items, self.watched, self.viewer, len(viewers)))
            after.append(layer(items, to_items, self.ids.weight.unsqueeze(1)))
        return torch.stack(after, 1)

    def loss(self, batch: SequenceBatch, features: ItemFeatures) -> dict[str, Tensor]:
        """Return BPR's loss of every position's target against one item that its viewer has not
        watched."""
        items = self.items(features)
        histories, targets = batch.prefixes(), batch.targets[batch.rows]
        negatives = draw_negatives(histories, targets, features)
        wanted, ends = self.viewers(histories, items), items[:, -1].mean(1)
        margin = (wanted * (ends[targets] - ends[negatives])).sum(-1)
        rank = -F.logsigmoid(margin).mean()
        return {"rank": rank, "total": rank}

    def scores(self, histories: Tensor, items: Tensor) -> Tensor:
        """See Baseline.scores."""
        return self.viewers(histories, items) @ items[:, -1].mean(1).T

    def viewers(self, histories: Tensor, items: Tensor) -> Tensor:
        """Return the viewers [R, D] of histories [R, L], as the graph's own viewers come about."""
        present = (histories > 0).float()
        shares = present / present.sum(1, keepdim=True)
        means = torch.einsum("rl,rlsmd->rsmd", shares, items[histories])
        viewer = means[:, 0]
        for step, layer in enumerate(self.layers):
            viewer = layer(viewer, means[:, step])
        return viewer.mean(1)
