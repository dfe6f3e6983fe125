"""MoRec (Yuan et al., 2023) as published: the text encoder is trained with what recommends by it.

The encoder's lower layers are frozen: what they make of every title is kept, and the last layers
are trained modules of ours, which begin as copies of the encoder's own.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mealrec.baselines import morec
from mealrec.baselines.base import TITLES, EncoderInput, check_fit
from mealrec.errors import TrainingError
from mealrec.features.text import batches
from mealrec.features.titles import KIND, Titles
from mealrec.layers import Attention, Dropout, hide
from mealrec.types import Clicks, ItemFeatures

EPSILON = KIND[1]
MISSING = (
    "this system trains the text encoder behind the features, and was given none: "
    "it takes the titles and the encoder that the feature store's manifest names"
)


@dataclass(frozen=True)
class MoRecEndToEndConfig(morec.MoRecConfig):
    """`tune_text`: how many of the text encoder's last layers are trained.

    They learn at `encoder_rate` times the others' rate. `text_layers`, `text_heads`, `text_inner`
    and `text_sha256` are the encoder's, filled in with its width. `dropout` acts in the trained
    layers too.
    """

    tune_text: int = 2
    encoder_rate: float = 0.025
    text_layers: int = 0
    text_heads: int = 0
    text_inner: int = 0
    text_sha256: str = ""


class System(morec.System):
    """The two-stage form whose titles' features are made anew at every step, by trained layers.

    It begins as the two-stage form: the first features are the store's. Departs: the encoder's
    lower layers stay as they are and are run once, their states kept in float16; the clips' encoder
    is not trained, its features are those of the store. Per step only the batch's own items are
    read, each once. The authors' rate for the encoder is 5e-5.
    """

    Config = MoRecEndToEndConfig
    SUMMARY = (
        "MoRec, end to end: the text encoder's last layers are trained too, "
        "the clips' features are frozen, no IDs"
    )
    needs = TITLES
    form_of = "morec"
    whole_table = False

    def __init__(self, config: MoRecEndToEndConfig):
        super().__init__(config)
        # Without titles nobody filled in the encoder's depth.
        if not config.text_layers:
            raise TrainingError(MISSING)
        if not 1 <= config.tune_text <= config.text_layers:
            hint = ": the form that trains none is morec" if config.tune_text == 0 else ""
            raise TrainingError(
                f"tune_text: expected 1 to {config.text_layers}, the layers of the text encoder, "
                f"got {config.tune_text}{hint}"
            )
        self.reader = Reader(config)

    def begin(self, encoder_input: Titles) -> None:
        """Take over the encoder's own layers, and what was taken out of its features."""
        pretrained = encoder_input.last_layers(self.config.tune_text)
        for layer, own in zip(self.reader.layers, pretrained, strict=True):
            layer.begin(own)
        self.reader.mean.copy_(encoder_input.normalisation.text_mean)
        self.reader.deviation.copy_(encoder_input.normalisation.text_std)

    def prepare(
        self, sequences: Clicks, features: ItemFeatures, encoder_input: EncoderInput | None = None
    ) -> None:
        """Count the training clicks, and keep what the frozen layers make of every title.

        Raises TrainingError where there are no titles, or the encoder or their number is another.
        """
        if not isinstance(encoder_input, Titles):
            raise TrainingError(MISSING)
        check_fit(self.config, encoder_input, len(encoder_input.texts), "a text encoder")
        super().prepare(sequences, features)
        below = encoder_input.states_below(self.config.tune_text)
        device = features.text.device
        lengths = torch.cat([below.lengths.new_zeros(1), below.lengths])
        self.reader.hold(below.states.to(device), lengths.to(device))

    def rates(self, id_rate: float) -> list[tuple[list[nn.Parameter], float]]:
        """See Baseline.rates; the encoder's trained layers have a rate of their own."""
        return [*super().rates(id_rate), (list(self.reader.parameters()), self.config.encoder_rate)]

    def text_rows(self, rows: Tensor, features: ItemFeatures) -> Tensor:
        """Return the titles' features [M, H] of item indices [M], read by the trained layers."""
        return self.reader(rows)


class Reader(nn.Module):
    """The layers that are trained, over the frozen states of every title.

    A title's feature is the mean of its tokens, scaled to unit length, less the mean and by the
    deviation of all features: what the text encoder and the normalisation make of it, until it is
    trained.
    """

    def __init__(self, config: MoRecEndToEndConfig):
        super().__init__()
        width = config.text_width
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.tune_text))
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("deviation", torch.ones(width))
        self.hold(torch.zeros(0, width), torch.zeros(1, dtype=torch.long))

    def hold(self, states: Tensor, lengths: Tensor) -> None:
        """Keep every token's frozen state [M, H] and each item's count of them [N+1]; unsaved."""
        # The tokens of all titles lie behind each other: an item's begin where the last one's end.
        starts = lengths.cumsum(0) - lengths
        self.register_buffer("states", states, persistent=False)
        self.register_buffer("lengths", lengths, persistent=False)
        self.register_buffer("starts", starts, persistent=False)

    def forward(self, rows: Tensor) -> Tensor:
        """Return the titles' features [R, H] of items [R]; zeros where an item has no title."""
        lengths = self.lengths[rows]
        titled = lengths.nonzero().squeeze(1)
        made = self.mean.new_zeros(len(rows), len(self.mean))
        if not len(titled):
            return made
        # Read titles of like length together.
        parts = batches(lengths[titled].tolist(), rows.device)
        places = [titled[part] for part in parts]
        read = torch.cat([self._read(rows[place]) for place in places])
        return made.index_copy(0, torch.cat(places), (read - self.mean) / self.deviation)

    def _read(self, rows: Tensor) -> Tensor:
        # Gather the tokens, padded to the longest title.
        lengths = self.lengths[rows]
        steps = torch.arange(int(lengths.max()), device=rows.device)
        real = steps < lengths[:, None]
        tokens = self.states[(self.starts[rows][:, None] + steps) * real].float()
        # Run the trained layers, and take the mean over the real tokens.
        bias = hide(real)[:, None]
        for layer in self.layers:
            tokens = layer(tokens, bias)
        mean = (tokens * real[..., None]).sum(1) / lengths[:, None]
        return F.normalize(mean.float(), dim=-1)


class Layer(nn.Module):
    """A layer of a BERT: attention and a feed-forward network, each added, then normalised."""

    def __init__(self, config: MoRecEndToEndConfig):
        super().__init__()
        width = config.text_width
        inner = config.text_inner
        self.attention = Attention(width, config.text_heads, config.dropout)
        self.feed = nn.Sequential(nn.Linear(width, inner), nn.GELU(), nn.Linear(inner, width))
        self.norm_attention = nn.LayerNorm(width, EPSILON)
        self.norm_feed = nn.LayerNorm(width, EPSILON)
        self.dropout = Dropout(config.dropout)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """Return tokens [B, S, H] for tokens [B, S, H]; the bias [B, 1, S] hides padding."""
        # Each half adds first and normalises then, as BERT does.
        x = self.norm_attention(x + self.dropout(self.attention(x, x, bias)))
        return self.norm_feed(x + self.dropout(self.feed(x)))

    @torch.no_grad()
    def begin(self, pretrained: nn.Module) -> None:
        """Take over the weights of a BERT's layer."""
        attends = pretrained.attention.self
        leaves = pretrained.attention.output
        # Keys and values are one projection here.
        key_value = self.attention.key_value
        key_value.weight.copy_(torch.cat([attends.key.weight, attends.value.weight]))
        key_value.bias.copy_(torch.cat([attends.key.bias, attends.value.bias]))
        # All else goes over as it is.
        pairs = [
            (self.attention.query, attends.query),
            (self.attention.out, leaves.dense),
            (self.norm_attention, leaves.LayerNorm),
            (self.feed[0], pretrained.intermediate.dense),
            (self.feed[2], pretrained.output.dense),
            (self.norm_feed, pretrained.output.LayerNorm),
        ]
        for own, source in pairs:
            own.load_state_dict(source.state_dict())
