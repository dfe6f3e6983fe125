"""What IISAN and IISAN-Versa share: side towers over the hidden states of frozen encoders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mealrec.baselines._content import ContentSASRec
from mealrec.baselines.base import HIDDEN_STATES, BaselineConfig, EncoderInput, check_fit
from mealrec.errors import TrainingError
from mealrec.types import Clicks, ItemFeatures

TEMPERATURE = 0.1  # of the gates: they decide rather than mix
MISSING = (
    "this system reads the encoders' hidden states, and there are none: run the "
    "`python -m mealrec extract` command that made the features with --hidden-states"
)


@dataclass(frozen=True)
class TowersConfig(BaselineConfig):
    """`visual_layers` and `text_layers` are the encoders', filled in with both widths.

    `bottleneck`: what an adapter narrows a state to; `dropout` acts in the sequence encoder.
    """

    visual_layers: int = 0
    text_layers: int = 0
    bottleneck: int = 64
    dropout: float = 0.1


class Towers(ContentSASRec):
    """SASRec over items that three towers read off hidden states; a subclass says which layers.

    Departs: a state is the mean over its tokens, not the CLS token, which VideoMAE has not and
    MiniLM does not train; its mean over the items is taken out and one deviation a layer, as of all
    features here. An encoder that is missing an item adds nothing to it.
    """

    needs = HIDDEN_STATES

    def __init__(self, config: TowersConfig):
        super().__init__()
        if not config.visual_layers or not config.text_layers:
            raise TrainingError(MISSING)
        self.config = config
        self.visual_kept = self.layers_of(config.visual_layers)
        self.text_kept = self.layers_of(config.text_layers)
        visual_depth = len(self.visual_kept)
        text_depth = len(self.text_kept)
        # A tower for each modality and one between, joined by one projection.
        self.visual = Tower(config.visual_width, visual_depth, config.bottleneck)
        self.text = Tower(config.text_width, text_depth, config.bottleneck)
        self.between = Between(
            (visual_depth, config.visual_width), (text_depth, config.text_width), config.bottleneck
        )
        ends = config.visual_width + config.text_width + self.between.width
        self.out = nn.Linear(ends, config.width)
        self.add_encoder(config)
        # Filled by `prepare`; too large to be stored.
        empty = torch.zeros(0, dtype=torch.float16)
        self.register_buffer("visual_states", empty, persistent=False)
        self.register_buffer("text_states", empty, persistent=False)

    def layers_of(self, depth: int) -> list[int]:
        """Return which layers are kept of an encoder of this depth, rising, the last with them."""
        raise TypeError(f"{type(self).__name__} must define layers_of(depth)")

    def prepare(
        self, sequences: Clicks, features: ItemFeatures, encoder_input: EncoderInput | None = None
    ) -> None:
        """Count the training clicks, and keep the normalised states of every item.

        Raises TrainingError where there are no hidden states, or those of other encoders than the
        towers are for.
        """
        # Only the states that the towers were built for.
        if encoder_input is None:
            raise TrainingError(MISSING)
        check_fit(self.config, encoder_input, len(encoder_input.item_ids), "hidden states")
        super().prepare(sequences, features)

        # What training must not see has no say in the normalisation.
        known = features.has_id[1:].cpu()
        device = features.text.device
        self.visual_states = _normalised(encoder_input.visual, self.visual_kept, known).to(device)
        self.text_states = _normalised(encoder_input.text, self.text_kept, known).to(device)

    def item_rows(self, rows: Tensor, features: ItemFeatures) -> Tensor:
        """Return the items [M, D] of item indices [M]."""
        visual = self.visual_states[rows].float()
        text = self.text_states[rows].float()
        # A row of zeros: that encoder has nothing of the item.
        has_visual = visual.any(-1).any(-1, keepdim=True)
        has_text = text.any(-1).any(-1, keepdim=True)
        parts = (
            self.visual(visual) * has_visual,
            self.text(text) * has_text,
            self.between(visual, text) * (has_visual | has_text),
        )
        return self.out(torch.cat(parts, -1))


class Adapter(nn.Module):
    """Down, GELU, up, and what came in added."""

    def __init__(self, width: int, bottleneck: int):
        super().__init__()
        self.down = nn.Linear(width, bottleneck)
        self.up = nn.Linear(bottleneck, width)

    def forward(self, x: Tensor) -> Tensor:
        """Return rows as wide as the rows x."""
        return x + self.up(F.gelu(self.down(x)))


class Tower(nn.Module):
    """The tower of one modality: s <- Adapter(mu h_l + (1 - mu) s), which begins as h_0."""

    def __init__(self, width: int, layers: int, bottleneck: int):
        super().__init__()
        self.gates = nn.Parameter(torch.zeros(layers))
        self.adapters = nn.ModuleList(Adapter(width, bottleneck) for _ in range(layers))

    def forward(self, states: Tensor) -> Tensor:
        """Return the tower's end [M, V] for the embeddings and kept layers [M, layers + 1, V]."""
        # From layer to layer, each gate says how much of it comes in.
        side, *kept = states.unbind(1)
        for adapter, share, state in zip(self.adapters, shares(self.gates), kept, strict=True):
            side = adapter(torch.lerp(side, state, share))
        return side


class Between(nn.Module):
    """The tower between: m <- Adapter(mu v_l + (1 - mu) t_l + m), which begins as nothing.

    `visual` and `text` are (kept layers, width). It has as many steps as the shallower side keeps
    layers, and takes the last ones of the deeper; where the widths differ, a Linear a step maps the
    wider side to the other's width.
    """

    def __init__(self, visual: tuple[int, int], text: tuple[int, int], bottleneck: int):
        super().__init__()
        self.steps = min(visual[0], text[0])
        self.width = min(visual[1], text[1])
        self.gates = nn.Parameter(torch.zeros(self.steps))
        self.adapters = nn.ModuleList(Adapter(self.width, bottleneck) for _ in range(self.steps))
        self.maps = nn.ModuleList()
        for _ in range(self.steps):
            self.maps.append(nn.ModuleList([self._map(visual[1]), self._map(text[1])]))

    def _map(self, width: int) -> nn.Module:
        return nn.Linear(width, self.width) if width > self.width else nn.Identity()

    def forward(self, visual: Tensor, text: Tensor) -> Tensor:
        """Return its end, as wide as the narrower side.

        For the states [M, layers + 1, V] and [M, layers' + 1, H].
        """
        # The last layers of both sides meet, step by step.
        between = visual.new_zeros(len(visual), self.width)
        steps = zip(
            self.adapters,
            self.maps,
            shares(self.gates),
            visual[:, -self.steps :].unbind(1),
            text[:, -self.steps :].unbind(1),
            strict=True,
        )
        for adapter, (map_visual, map_text), share, seen, read in steps:
            mixed = torch.lerp(map_text(read).float(), map_visual(seen).float(), share)
            between = adapter(mixed + between)
        return between


def shares(gates: Tensor) -> Tensor:
    """Return mu = sigmoid(g / 0.1) of every gate."""
    return (gates / TEMPERATURE).sigmoid()


def _normalised(hidden: np.ndarray, kept: Sequence[int], known: Tensor) -> Tensor:
    """Return the embeddings and the kept layers [N+1, layers + 1, V or H] float16.

    The statistics are of `known` items [N] alone; rows of zeros stay so and are not counted.
    """
    # An item without a title or video has rows of zeros.
    present = torch.from_numpy(hidden[:, -1].any(1))
    rows = torch.zeros(len(hidden) + 1, len(kept) + 1, hidden.shape[2], dtype=torch.float16)
    for place, layer in enumerate((0, *kept)):
        states = torch.from_numpy(hidden[:, layer].astype(np.float32))
        seen = states[present & known]
        centred = (states - seen.mean(0)) / seen.std().clamp(min=1e-6)
        rows[1:, place] = (centred * present[:, None]).half()
    return rows
