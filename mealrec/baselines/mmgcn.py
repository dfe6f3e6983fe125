"""MMGCN (Wei et al., 2019): a graph of viewers and items for each modality, and its messages."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mealrec.baselines.base import (
    Baseline,
    BaselineConfig,
    EncoderInput,
    id_embedding,
    received,
)
from mealrec.types import Clicks, ItemFeatures, SequenceBatch

MODALITIES = 2  # clips and titles
ATTEMPTS = 4  # at a negative that is not watched


@dataclass(frozen=True)
class MMGCNConfig(BaselineConfig):
    """`layers`: how many steps away a node is still heard."""

    layers: int = 3


class Layer(nn.Module):
    """What a node becomes in each modality: its own part, and the mean of its neighbours."""

    def __init__(self, width: int):
        super().__init__()
        self.own = nn.Parameter(torch.randn(MODALITIES, width, width) * width**-0.5)
        self.near = nn.Parameter(torch.randn(MODALITIES, width, width) * width**-0.5)

    def forward(self, nodes: Tensor, neighbours: Tensor, identity: Tensor | float = 0.0) -> Tensor:
        """Return nodes [R, 2, D] for nodes and their neighbours' means [R, 2, D].

        `identity` [R, 1, D] is the nodes' ID, which only items have.
        """
        near = torch.einsum("rmd,mde->rme", neighbours, self.near)
        own = torch.einsum("rmd,mde->rme", nodes, self.own)
        return F.leaky_relu(own + identity) + F.leaky_relu(near)


class System(Baseline):
    """Modalities walk apart and are averaged at the end; BPR with one negative; not sequential.

    Departs: a viewer begins as the mean of the watched items and has no vector of its own, so that
    every prefix of a history, and a history of somebody new, can be asked. Item ID embeddings are
    trained, as the paper says; the published code leaves them as they were drawn.
    """

    Config = MMGCNConfig
    SUMMARY = "MMGCN: viewer-item graphs of clips and of titles, not sequential"

    def __init__(self, config: MMGCNConfig):
        super().__init__()
        self.config = config
        self.visual = nn.Linear(config.visual_width, config.width)
        self.text = nn.Linear(config.text_width, config.width)
        self.ids = id_embedding(config.num_items, config.width)
        self.layers = nn.ModuleList(Layer(config.width) for _ in range(config.layers))
        # The graph's edges, filled by `prepare`.
        no_edges = torch.zeros(0, dtype=torch.long)
        self.register_buffer("viewer", no_edges, persistent=False)
        self.register_buffer("watched", no_edges, persistent=False)

    def prepare(
        self, sequences: Clicks, features: ItemFeatures, encoder_input: EncoderInput | None = None
    ) -> None:
        """Take the training clicks as the graph's edges: `viewer` [E] and `watched` [E]."""
        edges = []
        for viewer, sequence in enumerate(sequences):
            edges += [(viewer, item) for item in dict.fromkeys(sequence)]
        self.viewer, self.watched = torch.tensor(edges, device=features.text.device).T.contiguous()

    def items(self, features: ItemFeatures) -> Tensor:
        """Return every item after every layer [N+1, layers + 1, 2, D], first as it entered."""
        # Items enter as their content, viewers as the mean of what they watched.
        visual = self.visual(features.global_visual) * features.has_visual.unsqueeze(-1)
        text = self.text(features.text) * features.has_text.unsqueeze(-1)
        after = [torch.stack([visual, text], 1)]
        viewers = received(after[0], self.watched, self.viewer, int(self.viewer.max()) + 1)
        # In each layer both sides hear each other as they were.
        identity = self.ids.weight.unsqueeze(1)
        for layer in self.layers:
            items = after[-1]
            to_items = received(viewers, self.viewer, self.watched, len(features))
            to_viewers = received(items, self.watched, self.viewer, len(viewers))
            viewers = layer(viewers, to_viewers)
            after.append(layer(items, to_items, identity))
        return torch.stack(after, 1)

    def loss(self, batch: SequenceBatch, features: ItemFeatures) -> dict[str, Tensor]:
        """Return BPR's loss of every target against one item that its viewer has not watched."""
        items = self.items(features)
        histories = batch.prefixes()
        targets = batch.targets[batch.rows]
        negatives = draw_negatives(histories, targets, features)
        # The target shall lie nearer to the viewer than the negative.
        wanted = self.viewers(histories, items)
        ends = items[:, -1].mean(1)
        margin = (wanted * (ends[targets] - ends[negatives])).sum(-1)
        rank = -F.logsigmoid(margin).mean()
        return {"rank": rank, "total": rank}

    def scores(self, histories: Tensor, items: Tensor) -> Tensor:
        """See Baseline.scores."""
        return self.viewers(histories, items) @ items[:, -1].mean(1).T

    def viewers(self, histories: Tensor, items: Tensor) -> Tensor:
        """Return the viewers [R, D] of histories [R, L], made as the graph makes its own."""
        # What a viewer hears in each layer is the mean of the watched items as they enter it.
        present = (histories > 0).float()
        mean_weights = present / present.sum(1, keepdim=True)
        means = torch.einsum("rl,rlsmd->rsmd", mean_weights, items[histories])
        viewer = means[:, 0]
        for step, layer in enumerate(self.layers):
            viewer = layer(viewer, means[:, step])
        return viewer.mean(1)


def draw_negatives(histories: Tensor, targets: Tensor, features: ItemFeatures) -> Tensor:
    """Return an item with an ID for each row [R], not in its history [R, L] nor its target [R].

    Drawn from torch's own randomness; after ATTEMPTS what is drawn stays, as few items are watched.
    """
    known = features.has_id.nonzero().squeeze(1)

    def draw() -> Tensor:
        return known[torch.randint(len(known), targets.shape, device=targets.device)]

    # Draw again where the item is taken.
    drawn = draw()
    for _ in range(ATTEMPTS):
        taken = (histories == drawn.unsqueeze(1)).any(1) | (drawn == targets)
        drawn = torch.where(taken, draw(), drawn)
    return drawn
