"""The training loop: Adam, early stopping on validation, weight averaging, one log line an epoch."""

from __future__ import annotations

import copy
import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from mealrec.data.batches import TrainingBatches
from mealrec.data.interactions import EvaluationRows, Split
from mealrec.evaluation.metrics import ndcg
from mealrec.evaluation.ranking import model_scorer, rank_rows
from mealrec.models.mealrec import MealRec, MealRecConfig
from mealrec.training.losses import LossConfig, total_loss
from mealrec.types import ItemFeatures


@dataclass(frozen=True)
class TrainConfig:
    """One stopping rule for every system: the best masked validation N@10, `patience` epochs without a new one.

    `average` is the decay of the weight average that is evaluated and kept; 0 keeps the weights themselves.
    Validation looks at `validation_rows` viewers, the same ones for every system and seed.
    """

    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    batch_size: int = 256
    max_epochs: int = 40
    patience: int = 5
    validation_rows: int = 2500
    average: float = 0.99
    clip_norm: float = 5.0
    seed: int = 0
    loss: LossConfig = field(default_factory=LossConfig)


@dataclass(frozen=True)
class Trained:
    """The kept model, the epoch it is from (counted from 1), its validation N@10, and the log."""

    model: MealRec
    epoch: int
    validation: float
    log: tuple[dict, ...]
    seconds: float


def train(
    model_config: MealRecConfig,
    config: TrainConfig,
    split: Split,
    features: ItemFeatures,
    report: Callable[[dict], None] = lambda line: None,
    start: dict[str, Tensor] | None = None,
) -> Trained:
    """Train one model and return the best epoch's weights; `start` are weights to begin from, where they fit.

    On one CPU thread the seed decides every bit; more threads add gradients up in any order.
    Raises FloatingPointError naming the step at which the loss stopped being a number.
    """
    device, began = features.text.device, time.perf_counter()
    torch.manual_seed(config.seed)
    model = MealRec(model_config).to(device)
    if start is not None:
        model.load_state_dict(start, strict=False)
    kept = copy.deepcopy(model)
    optimizer = torch.optim.AdamW(model.parameters(), config.learning_rate, weight_decay=config.weight_decay)
    batches = TrainingBatches(split.train, model_config.max_length, device)
    order = torch.Generator().manual_seed(config.seed)
    best, best_epoch, best_weights, log = -1.0, 0, model.state_dict(), []
    rows = split.validation.sample(config.validation_rows, seed=0)
    train_step = 0
    for epoch in range(1, config.max_epochs + 1):
        model.train()
        sums: dict[str, float] = {}
        for batch in batches.epoch(config.batch_size, order):
            train_step += 1
            for name, value in _step(model, optimizer, batch, features, config, train_step).items():
                sums[name] = sums.get(name, 0.0) + value
            _average(kept, model, min(config.average, 1 - 1 / train_step))
        validation = _validate(kept, rows, features)
        count = math.ceil(len(split.train) / config.batch_size)
        line = {"epoch": epoch, "N@10": validation} | {name: value / count for name, value in sums.items()}
        log.append(line)
        report(line)
        if validation > best:
            best, best_epoch, best_weights = validation, epoch, copy.deepcopy(kept.state_dict())
        elif epoch - best_epoch >= config.patience:
            break
    kept.load_state_dict(best_weights)
    return Trained(kept.eval(), best_epoch, best, tuple(log), time.perf_counter() - began)


def log_lines(trained: Trained) -> str:
    """Return the log as JSON lines."""
    return "".join(json.dumps(line) + "\n" for line in trained.log)


def _step(model, optimizer, batch, features, config: TrainConfig, train_step: int) -> dict[str, float]:
    terms = total_loss(model, batch, features, config.loss)
    values = {name: term.item() for name, term in terms.items()}
    if not math.isfinite(values["total"]):
        raise FloatingPointError(f"the loss is {values['total']} at step {train_step}: {values}; lower learning_rate")
    optimizer.zero_grad()
    terms["total"].backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), config.clip_norm)
    optimizer.step()
    return values


@torch.no_grad()
def _average(kept: MealRec, model: MealRec, decay: float) -> None:
    for mean, weight in zip(kept.parameters(), model.parameters(), strict=True):
        mean.lerp_(weight, 1 - decay)


def _validate(model: MealRec, rows: EvaluationRows, features: ItemFeatures) -> float:
    candidates = features.has_id.cpu().numpy()
    return float(ndcg(rank_rows(model_scorer(model, features), rows, candidates).masked, 10).mean())
