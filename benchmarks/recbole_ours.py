"""Our side of recbole_check.py: SASRec on item IDs alone, ranked by its own item table."""

from __future__ import annotations

import copy
import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mealrec.backbones.base import last_states
from mealrec.backbones.sasrec import Encoder, SASRecConfig
from mealrec.data.batches import TrainingBatches, by_prefix
from mealrec.data.catalogue import Catalogue
from mealrec.data.interactions import EvaluationRows, Split, leave_one_out
from mealrec.layers import Block
from mealrec.ranking.metrics import summary
from mealrec.ranking.ranks import rank_rows
from mealrec.types import SequenceBatch


@dataclass(frozen=True)
class Settings:
    """What both sides are trained with; `batch_rows` counts predictions, not users."""

    width: int = 64
    blocks: int = 2
    heads: int = 2
    inner: int = 256
    dropout: float = 0.5
    max_length: int = 10
    init_std: float = 0.02
    learning_rate: float = 1e-3
    batch_rows: int = 256


class RecBolesStart(Encoder):
    """The project's encoder, begun as RecBole begins its own.

    What enters is normalised, and every Linear is small. Without both, learning starts more slowly;
    the rest of what differs (where a block normalises, one dropout more inside the feed-forward
    network) stays as the project has it.
    """

    def __init__(self, settings: Settings):
        width = settings.width
        heads = settings.heads
        dropout = settings.dropout
        super().__init__(
            SASRecConfig(
                width, settings.blocks, heads, dropout, settings.max_length, norm_input=True
            )
        )

        # Blocks of RecBole's inner width, with small weights.
        widening = settings.inner // width
        for number in range(settings.blocks):
            self.blocks[number] = Block(width, heads, dropout, widening)
        for layer in self.modules():
            if isinstance(layer, nn.Linear):
                nn.init.normal_(layer.weight, std=settings.init_std)
                nn.init.zeros_(layer.bias)


class SASRec(nn.Module):
    """The encoder between one table of item IDs at both ends."""

    def __init__(self, num_items: int, settings: Settings):
        super().__init__()
        self.ids = nn.Embedding(num_items + 1, settings.width)
        nn.init.normal_(self.ids.weight, std=settings.init_std)
        self.encoder = RecBolesStart(settings)
        self.norm = nn.LayerNorm(settings.width)

    def encode(self, sequences: Tensor) -> Tensor:
        """Return the state after every position [B, L, D] of sequences [B, L]."""
        return self.norm(self.encoder.encode(self.ids(sequences), sequences))

    def scores(self, states: Tensor) -> Tensor:
        """Return the logits [R, N+1] of states [R, D]."""
        return states @ self.ids.weight.T


class Ours:
    """One training of our SASRec, epoch by epoch.

    `prefixes` gives every prefix a row of its own, as RecBole does.
    """

    def __init__(self, catalogue: Catalogue, settings: Settings, seed: int, prefixes: bool):
        torch.manual_seed(seed)
        self.split = leave_one_out(catalogue, settings.max_length)
        by_user = TrainingBatches(self.split.train, settings.max_length, "cpu")
        whole = SequenceBatch(by_user.items, by_user.targets)

        # Rows are prefixes or users: as many of them a batch that both take as many steps an epoch.
        if prefixes:
            self.rows = by_prefix(whole)
            self.batch_size = settings.batch_rows
        else:
            self.rows = whole
            predictions = len(whole.rows[0])
            users = round(settings.batch_rows * len(whole.items) / predictions)
            self.batch_size = max(1, users)

        # The model, how it is trained, and the best of it so far.
        self.model = SASRec(len(catalogue.item_ids), settings)
        self.optimizer = torch.optim.Adam(self.model.parameters(), settings.learning_rate)
        self.order = torch.Generator().manual_seed(seed)
        self.best = -1.0
        self.weights = self.model.state_dict()
        self.epochs = 0
        self.about = {
            "rows": digests(catalogue, self.split, whole),
            "parameters": sum(weight.numel() for weight in self.model.parameters()),
            "batches": -(-len(self.rows.items) // self.batch_size),
        }

    def epoch(self) -> dict:
        """Train one epoch; return its loss (mean over batches), its seconds and its validation."""
        # Train, and time nothing else.
        self.model.train()
        wall = time.perf_counter()
        cpu = time.process_time()
        losses = [self._step(batch) for batch in self.batches()]
        seconds = time.perf_counter() - wall
        cpu_seconds = time.process_time() - cpu

        # Keep the best weights.
        self.epochs += 1
        validation = self._evaluate(self.split.validation)
        if validation["N@10"] > self.best:
            self.best = validation["N@10"]
            self.weights = copy.deepcopy(self.model.state_dict())
        return {
            "epoch": self.epochs,
            "loss": float(np.mean(losses)),
            "seconds": seconds,
            "cpu_seconds": cpu_seconds,
            "validation": validation,
        }

    def test(self) -> dict[str, float]:
        """Return the test of the epoch with the best validation N@10."""
        self.model.load_state_dict(self.weights)
        return self._evaluate(self.split.test)

    def batches(self) -> Iterator[SequenceBatch]:
        """Yield every row once, in random order, each batch cut to its longest row."""
        lengths = (self.rows.items > 0).sum(1)
        for chosen in torch.randperm(len(lengths), generator=self.order).split(self.batch_size):
            longest = int(lengths[chosen].max())
            items = self.rows.items[chosen, :longest]
            yield SequenceBatch(items, self.rows.targets[chosen, :longest])

    def _step(self, batch: SequenceBatch) -> float:
        users, positions = batch.rows
        logits = self.model.scores(self.model.encode(batch.items)[users, positions])
        loss = F.cross_entropy(logits, batch.targets[users, positions])
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def _evaluate(self, rows: EvaluationRows) -> dict[str, float]:
        self.model.eval()
        candidates = np.arange(len(self.model.ids.weight)) > 0

        @torch.inference_mode()
        def score(histories: np.ndarray) -> np.ndarray:
            history = torch.from_numpy(histories)
            return self.model.scores(last_states(self.model.encode(history), history)).numpy()

        return summary(rank_rows(score, rows, candidates).unmasked)


def digests(catalogue: Catalogue, split: Split, train: SequenceBatch) -> dict[str, dict]:
    """Return how many rows each part has, and the SHA-256 of them all.

    A row is "user history target" in raw ids; the rows are sorted.
    """
    # A user with fewer clicks has no training row.
    trained = [user for user, watched in catalogue.histories.items() if len(watched) > 3]
    users, positions = train.rows
    targets = train.targets[users, positions].numpy()
    names = tuple(trained[user] for user in users.tolist())
    prefixes = EvaluationRows(names, train.prefixes().numpy(), targets)
    parts = {"train": prefixes, "validation": split.validation, "test": split.test}
    return {name: _digest(catalogue, rows) for name, rows in parts.items()}


def _digest(catalogue: Catalogue, rows: EvaluationRows) -> dict:
    ids = ("", *catalogue.item_ids)
    lines = []
    values = zip(rows.users, rows.histories.tolist(), rows.targets.tolist(), strict=True)
    for user, history, target in values:
        watched = " ".join(ids[item] for item in history if item)
        lines.append(f"{user} {watched} {ids[target]}")
    text = "\n".join(sorted(lines))
    return {"count": len(lines), "sha256": hashlib.sha256(text.encode()).hexdigest()}
