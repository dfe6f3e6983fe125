"""A catalogue's titles by tokens, and the text encoder behind them, for systems that train it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from mealrec.errors import DataFormatError
from mealrec.features.store import FeatureStore, checksum_of_texts
from mealrec.features.tensors import Normalisation
from mealrec.features.text import TextEncoder, batches, padded

if TYPE_CHECKING:
    from torch import nn

KIND = ("gelu", 1e-12)  # activation and epsilon of the layers that training builds again


@dataclass(frozen=True)
class TokenStates:
    """What a layer of the frozen encoder made of every token of N titles, one after the other.

    `states` [M, H] float16; `lengths` [N], 0 for an item without a title. They add up to M.
    """

    states: Tensor
    lengths: Tensor


@dataclass(frozen=True)
class Titles:
    """The titles of N items, the encoder of their features, and what was taken out of these."""

    texts: tuple[str, ...]
    encoder: TextEncoder
    normalisation: Normalisation
    _made: dict[int, TokenStates] = field(default_factory=dict, repr=False, compare=False)

    @property
    def shape(self) -> dict[str, int | str]:
        """Return the dimensions that a model is built by, and its encoder's checksum."""
        config = self.encoder.model.config
        return {
            "text_width": self.encoder.width,
            "text_layers": self.encoder.layers,
            "text_heads": config.num_attention_heads,
            "text_inner": config.intermediate_size,
            "text_sha256": self.encoder.checksum,
        }

    @classmethod
    def open(
        cls,
        store: FeatureStore,
        texts: Sequence[str],
        normalisation: Normalisation,
        device: str = "auto",
    ) -> Titles:
        """Return the titles of a store's items, in its order, with the encoder that it names.

        Raises DataFormatError where it names none, or the encoder or the titles are others than
        were encoded.
        """
        made_by = store.manifest["encoders"].get("text")
        if not made_by:
            raise DataFormatError(
                "The features name no text encoder that could be trained: make them with `python "
                "-m mealrec extract`."
            )

        # Are these the titles that were encoded?
        if not any(text.strip() for text in texts):
            raise DataFormatError(
                f"None of the {len(texts)} items has a title: there is nothing to train an encoder "
                "on."
            )
        sha256 = checksum_of_texts(texts)
        is_whole = len(texts) == len(store.manifest["item_ids"])
        if is_whole and store.manifest.get("titles_sha256") not in ("", None, sha256):
            raise DataFormatError(
                "The titles are not those that the features were made of: extract the features "
                "again."
            )

        # And is this the encoder?
        encoder = TextEncoder.from_pretrained(made_by["name"], device)
        config = encoder.model.config
        kind = (config.hidden_act, config.layer_norm_eps)
        if kind != KIND:
            raise DataFormatError(
                f'The text encoder "{made_by["name"]}" is no BERT of the usual kind: expected '
                f"(activation, epsilon) {KIND}, got {kind}; its layers cannot be trained here."
            )
        if encoder.checksum != made_by["sha256"]:
            raise DataFormatError(
                f'The text encoder "{made_by["name"]}" has other weights '
                f"({encoder.checksum[:12]}) than the one that made the features "
                f"({made_by['sha256'][:12]}): extract the features again."
            )
        return cls(tuple(texts), encoder, normalisation)

    def last_layers(self, count: int) -> list[nn.Module]:
        """Return the encoder's own last layers."""
        return list(self.encoder.model.encoder.layer)[self.encoder.layers - count :]

    def states_below(self, count: int) -> TokenStates:
        """Return what stands below the last `count` layers; made once."""
        if count not in self._made:
            self._made.clear()  # of one depth at a time: it is as large as all else together
            self._made[count] = _token_states(self.encoder, self.texts, self.encoder.layers - count)
        return self._made[count]


@torch.no_grad()  # not inference_mode: what is trained above has to keep these for its gradients
def _token_states(encoder: TextEncoder, texts: Sequence[str], layer: int) -> TokenStates:
    # Where each title's tokens will lie.
    present = [row for row, text in enumerate(texts) if text.strip()]
    tokens = encoder.tokens([texts[row] for row in present])
    counts = [len(row) for row in tokens]
    lengths = torch.zeros(len(texts), dtype=torch.long)
    lengths[present] = torch.tensor(counts)
    starts = (lengths.cumsum(0) - lengths)[present]
    states = torch.empty(int(lengths.sum()), encoder.width, dtype=torch.float16)

    # Titles of like length share a batch; padding is dropped again.
    for rows in batches(counts, encoder.model.device):
        ids, mask = padded([tokens[row] for row in rows], encoder.model.device)
        made = encoder.model(ids, attention_mask=mask, output_hidden_states=True)
        is_token = mask.bool().cpu()
        places = starts[rows][:, None] + torch.arange(is_token.shape[1])
        states[places[is_token]] = made.hidden_states[layer].cpu()[is_token].half()
    return TokenStates(states, lengths)
