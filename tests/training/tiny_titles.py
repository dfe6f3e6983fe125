"""Titles for the tiny world's items, and a BERT of six numbers that knows their words."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import BertConfig, BertModel, BertTokenizer

from mealrec.features.tensors import Normalisation
from mealrec.features.text import TextEncoder
from mealrec.features.titles import Titles
from tests.training.tiny_world import NUM_ITEMS, PER_TASTE, TEXT

LAYERS, CHECKSUM = 3, "of the tiny bert"
TASTES = ("cats", "rockets", "ramen")
NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "again", *TASTES, *NUMBERS]


def title(number: int) -> str:
    """Return the title of an item, counted from 0: its taste, its place, and a word more at every third one."""
    return f"{TASTES[number // PER_TASTE]} {NUMBERS[number % PER_TASTE]}" + " again" * (number % 3)


TEXTS = tuple(title(number) for number in range(NUM_ITEMS))


class Words:
    """A tokenizer without a file."""

    def __call__(self, texts: list[str], truncation: bool, max_length: int) -> dict[str, list[list[int]]]:
        """Return the words' numbers between [CLS] and [SEP]."""
        return {"input_ids": [[2, *map(WORDS.index, text.split()), 3] for text in texts]}


def make_bert(layers: int = LAYERS, **changes) -> BertModel:
    """Return a tiny BERT whose layers do something to their tokens."""
    shape = {"vocab_size": len(WORDS), "hidden_size": TEXT, "num_attention_heads": 2, "intermediate_size": 8}
    config = BertConfig(**shape, num_hidden_layers=layers, max_position_embeddings=64, initializer_range=1.0)
    config.update(changes)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return BertModel(config)


def make_titles(texts: tuple[str, ...] = TEXTS, layers: int = LAYERS) -> Titles:
    """Return the tiny world's titles with their encoder, and the normalisation of what it makes of them."""
    encoder = TextEncoder(make_bert(layers), Words(), "tiny", CHECKSUM)
    made, present = encoder.encode(texts)
    rows = torch.from_numpy(made[present])
    visual = torch.zeros(1), torch.eye(1)
    return Titles(texts, encoder, Normalisation(*visual, rows.mean(0), rows.std().expand(TEXT)))


def write_bert(folder: Path, **changes) -> Path:
    """Write the tiny BERT with its words, as from_pretrained reads it."""
    folder.mkdir(parents=True)
    (folder / "vocab.txt").write_text("\n".join(WORDS))
    BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
    make_bert(**changes).save_pretrained(folder)
    return folder
