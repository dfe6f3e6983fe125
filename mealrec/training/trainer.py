"""The training loop: AdamW, early stopping on validation, weight averaging, one log line an
epoch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch

from mealrec.data.interactions import EvaluationRows, Split
from mealrec.errors import TrainingError
from mealrec.models.paper.config import PaperConfig
from mealrec.models.paper.model import PaperMealRec
from mealrec.ranking.metrics import hits, ndcg
from mealrec.ranking.ranks import model_scorer, rank_rows
from mealrec.training.checkpoint import Checkpoint, Record, State
from mealrec.training.forms import System, SystemConfig
from mealrec.training.loop import begin
from mealrec.types import ItemFeatures

if TYPE_CHECKING:
    from mealrec.baselines.base import Beside

SCHEDULES = ("constant", "cosine")
STOP_ON = {"masked": ("N@10",), "mean": ("N@10", "unmasked_N@10")}
PRECISIONS = ("fp32", "bf16")
GUIDANCE = (0.0, 1.0, 2.0, 3.0, 4.0, 5.0)  # strengths tried on validation


@dataclass(frozen=True)
class TrainConfig:
    """One stopping rule for every system: the best validation N@10, `patience` epochs without a new
    one.

    `stop_on`: N@10 with the history "masked", or the "mean" of masked and unmasked. `batch_size`
    counts users, over all processes. `average` is the decay of the weight average that is evaluated
    and kept; 0 keeps the weights themselves. Validation looks at `validation_rows` viewers, the
    same ones for every system and seed; 0 means all. `id_rate` multiplies the learning rate of the
    ID embeddings: Adam moves a rare item's only when it comes up. `rate_schedule` "cosine" warms up
    and then falls to zero at `max_epochs`. `precision` "bf16" computes the loss in bfloat16 where
    that is safe; weights and validation stay fp32. `loss` weighs the terms of the model's own
    objective, such as PaperLoss; None leaves it the model's own.
    """

    learning_rate: float = 1e-3
    id_rate: float = 1.0
    rate_schedule: str = "constant"
    weight_decay: float = 0.0
    batch_size: int = 256
    max_epochs: int = 40
    patience: int = 5
    stop_on: str = "masked"
    validation_rows: int = 2500
    average: float = 0.99
    clip_norm: float = 5.0
    precision: str = "fp32"
    seed: int = 0
    loss: object | None = None

    def __post_init__(self) -> None:
        choices = {"stop_on": tuple(STOP_ON), "precision": PRECISIONS, "rate_schedule": SCHEDULES}
        for name, known in choices.items():
            if getattr(self, name) not in known:
                raise ValueError(
                    f"{name} must be one of {', '.join(known)}, got {getattr(self, name)!r}"
                )


@dataclass(frozen=True)
class Trained:
    """The kept model, the epoch it is from (counted from 1), what it was chosen by, the log, and
    the seconds.

    `guidance` maps each strength that was tried to what it gave on validation; the best is the
    model's.
    """

    model: System
    epoch: int
    validation: float
    log: tuple[dict, ...]
    seconds: float
    guidance: dict[float, float] = field(default_factory=dict)


def train(
    model_config: SystemConfig,
    config: TrainConfig,
    split: Split,
    features: ItemFeatures,
    report: Callable[[dict], None] = lambda line: None,
    checkpoint: Checkpoint | None = None,
    progress: str = "",
    hidden: Beside | None = None,
) -> Trained:
    """Train one model and return the best epoch's weights.

    Every process that a launcher started calls this alike; each takes a share of every batch, and
    all return the same. `checkpoint` is gone on from where its file exists, and written as training
    goes. `report` gets each epoch's log line; `progress` names a bar on the terminal; `hidden` is
    what some systems read beside the features. On one thread the seed decides every bit. Raises
    FloatingPointError naming the step at which the loss stopped being a number.
    """
    loop = begin(model_config, config, split.train, features, checkpoint, hidden)
    accelerator, features, state = loop.accelerator, loop.features, loop.state
    rows = split.validation.sample(config.validation_rows or len(split.validation), seed=0)
    if len(rows) < accelerator.num_processes:
        raise TrainingError(
            f"expected a validation row for each of {accelerator.num_processes} processes, got {len(rows)}"
        )
    with loop.bar(progress, config.max_epochs) as bar:
        while not _finished(state.record, config):
            terms = loop.epoch(bar)
            _note_epoch(
                state,
                config,
                _validate(state.kept, rows, features, accelerator) | terms,
                loop.seconds(),
            )
            loop.save()
            report(state.record.log[-1])
    state.kept.load_state_dict(state.best)
    record = state.record
    guided = isinstance(model_config, PaperConfig) and model_config.guided
    guidance = choose_guidance(state.kept, rows, features, config.stop_on) if guided else {}
    return Trained(
        state.kept.eval(),
        record.best_epoch,
        record.best,
        tuple(record.log),
        record.seconds,
        guidance,
    )


def choose_guidance(
    model: PaperMealRec, rows: EvaluationRows, features: ItemFeatures, stop_on: str
) -> dict[float, float]:
    """Set the model's strength of guidance to the best of GUIDANCE on validation; return what
    each gave."""
    given = {}
    for strength in GUIDANCE:
        model.guidance.fill_(strength)
        found = _measure(model, rows, features)
        given[strength] = float(np.mean([found[name] for name in STOP_ON[stop_on]])) / len(rows)
    model.guidance.fill_(max(given, key=given.get))
    return given


def _finished(record: Record, config: TrainConfig) -> bool:
    waited = record.epoch - record.best_epoch >= max(config.patience, 1)
    return record.epoch >= config.max_epochs or (record.epoch > 0 and waited)


def _note_epoch(state: State, config: TrainConfig, found: dict[str, float], seconds: float) -> None:
    record = state.record
    spent = seconds - sum(line["seconds"] for line in record.log)
    record.seconds = seconds
    record.log.append({"epoch": record.epoch, **found, "seconds": spent})
    validation = float(np.mean([found[name] for name in STOP_ON[config.stop_on]]))
    if validation > record.best:
        record.best, record.best_epoch = validation, record.epoch
        state.best = {name: tensor.clone() for name, tensor in state.kept.state_dict().items()}


def _validate(
    model: System, rows: EvaluationRows, features: ItemFeatures, accelerator
) -> dict[str, float]:
    """Return H@10 and N@10, masked and unmasked; every process ranks its share of the rows."""
    mine = rows.pick(np.arange(len(rows)) % accelerator.num_processes == accelerator.process_index)
    sums = _measure(model, mine, features)
    values = torch.tensor(list(sums.values()), dtype=torch.float64, device=accelerator.device)
    means = accelerator.reduce(values, "sum") / len(rows)
    return dict(zip(sums, means.tolist(), strict=True))


def _measure(model: System, rows: EvaluationRows, features: ItemFeatures) -> dict[str, float]:
    """Return the sums over rows of H@10 and N@10, masked and unmasked."""
    found = rank_rows(model_scorer(model, features), rows, features.has_id.cpu().numpy())
    return {
        f"{prefix}{name}@10": measure(rank, 10).sum()
        for prefix, rank in (("", found.masked), ("unmasked_", found.unmasked))
        for name, measure in (("H", hits), ("N", ndcg))
    }
