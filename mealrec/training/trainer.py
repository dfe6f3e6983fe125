"""The training loop: AdamW, early stopping on validation, weight averaging, one log line an epoch."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from mealrec.data.batches import TrainingBatches, share
from mealrec.data.interactions import EvaluationRows, Split
from mealrec.errors import TrainingError
from mealrec.evaluation.metrics import hits, ndcg
from mealrec.evaluation.ranking import model_scorer, rank_rows
from mealrec.models.paper.config import PaperConfig
from mealrec.models.paper.model import PaperMealRec
from mealrec.training.checkpoint import Checkpoint, Record, State
from mealrec.training.forms import System, SystemConfig, build
from mealrec.training.processes import processes
from mealrec.types import ItemFeatures, SequenceBatch

if TYPE_CHECKING:
    from mealrec.baselines.base import Beside

SCHEDULES = ("constant", "cosine")
WARMUP = 0.1  # of all steps, before a cosine falls
STOP_ON = {"masked": ("N@10",), "mean": ("N@10", "unmasked_N@10")}
PRECISIONS = ("fp32", "bf16")
GUIDANCE = (0.0, 1.0, 2.0, 3.0, 4.0, 5.0)  # strengths tried on validation
# Reading a value waits for the GPU, so there the loss is looked at every so many steps; what is said is the first
# step at which it was no number.
READ_EVERY = {"cpu": 1, "cuda": 50}


@dataclass(frozen=True)
class TrainConfig:
    """One stopping rule for every system: the best validation N@10, `patience` epochs without a new one.

    `stop_on`: N@10 with the history "masked", or the "mean" of masked and unmasked. `batch_size` counts users, over
    all processes. `average` is the decay of the weight average that is evaluated and kept; 0 keeps the weights
    themselves. Validation looks at `validation_rows` viewers, the same ones for every system and seed.
    `id_rate` multiplies the learning rate of the ID embeddings: Adam moves a rare item's only when it comes up.
    `rate_schedule` "cosine" warms up and then falls to zero at `max_epochs`.
    `precision` "bf16" computes the loss in bfloat16 where that is safe; weights and validation stay fp32.
    `loss` weighs the terms of the model's own objective, such as PaperLoss; None leaves it the model's own.
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
                raise ValueError(f"{name} must be one of {', '.join(known)}, got {getattr(self, name)!r}")


@dataclass(frozen=True)
class Trained:
    """The kept model, the epoch it is from (counted from 1), what it was chosen by, the log, and the seconds.

    `guidance` maps each strength that was tried to what it gave on validation; the best is the model's.
    """

    model: System
    epoch: int
    validation: float
    log: tuple[dict, ...]
    seconds: float
    guidance: dict[float, float] = field(default_factory=dict)


class Objective(nn.Module):
    """The loss as a module's forward: what averages gradients over processes sees every parameter it uses."""

    def __init__(self, model: System, features: ItemFeatures, config: TrainConfig):
        super().__init__()
        self.model, self.features, self.config = model, features, config

    def forward(self, items: Tensor, targets: Tensor) -> dict[str, Tensor]:
        """Return the model's loss of a batch given as its two tensors [B, L]."""
        weights = () if self.config.loss is None else (self.config.loss,)
        with torch.autocast(items.device.type, torch.bfloat16, enabled=self.config.precision == "bf16"):
            return self.model.loss(SequenceBatch(items, targets), self.features, *weights)


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

    Every process that a launcher started calls this alike; each takes a share of every batch, and all return the same.
    `checkpoint` is gone on from where its file exists, and written as training goes. `report` gets each epoch's log
    line; `progress` names a bar on the terminal; `hidden` is what some systems read beside the features. On one thread
    the seed decides every bit. Raises FloatingPointError naming the step at which the loss stopped being a number.
    """
    accelerator = processes(features.text.device)
    features = features.to(accelerator.device)
    torch.manual_seed(config.seed)
    model = build(model_config, hidden).to(accelerator.device)
    model.prepare(split.train, features, hidden)
    if accelerator.process_index:  # equal weights, but noise and dropout of its own
        torch.manual_seed(config.seed + 1_000_003 * accelerator.process_index)
    rows = split.validation.sample(config.validation_rows, seed=0)
    if len(rows) < accelerator.num_processes:
        raise TrainingError(
            f"expected a validation row for each of {accelerator.num_processes} processes, got {len(rows)}"
        )
    batches = TrainingBatches(split.train, model_config.max_length, accelerator.device, model.causal)
    loop = _Loop(model, features, config, accelerator, checkpoint)
    state, shown = loop.state, progress and accelerator.is_main_process
    bar_of = {"desc": progress, "unit": " steps", "dynamic_ncols": True, "disable": None if shown else True}
    steps = batches.steps(config.batch_size)
    with tqdm(total=config.max_epochs * steps, initial=state.record.train_step, **bar_of) as bar:
        while not _finished(state.record, config):
            terms = loop.epoch(batches, bar)
            _close_epoch(state, config, _validate(state.kept, rows, features, accelerator) | terms, loop.seconds())
            loop.save()
            report(state.record.log[-1])
    state.kept.load_state_dict(state.best)
    record = state.record
    guided = isinstance(model_config, PaperConfig) and model_config.guided
    guidance = choose_guidance(state.kept, rows, features, config.stop_on) if guided else {}
    return Trained(state.kept.eval(), record.best_epoch, record.best, tuple(record.log), record.seconds, guidance)


def choose_guidance(
    model: PaperMealRec, rows: EvaluationRows, features: ItemFeatures, stop_on: str
) -> dict[float, float]:
    """Set the model's strength of guidance to the best of GUIDANCE on validation; return what each gave."""
    given = {}
    for strength in GUIDANCE:
        model.guidance.fill_(strength)
        found = _measure(model, rows, features)
        given[strength] = float(np.mean([found[name] for name in STOP_ON[stop_on]])) / len(rows)
    model.guidance.fill_(max(given, key=given.get))
    return given


class _Loop:
    """The steps of a training: everything it changes is in `state`."""

    def __init__(self, model: System, features: ItemFeatures, config: TrainConfig, accelerator, checkpoint):
        self.config, self.accelerator, self.checkpoint = config, accelerator, checkpoint
        self.objective = accelerator.prepare(Objective(model, features, config))
        groups, self.rates = _groups(model, config)
        optimizer = torch.optim.AdamW(groups, config.learning_rate, weight_decay=config.weight_decay)
        self.state = State(model, optimizer)
        if checkpoint is not None:
            checkpoint.restore(self.state, accelerator)
        self.began = time.perf_counter() - self.state.record.seconds
        self.save_every = checkpoint.every if checkpoint is not None else 0
        self.read_every = READ_EVERY[accelerator.device.type]
        self.bad_step = torch.zeros((), dtype=torch.long, device=accelerator.device)

    def seconds(self) -> float:
        """Return how long training has taken, what came before a resume included."""
        return time.perf_counter() - self.began

    def save(self) -> None:
        """Write the checkpoint, where there is one."""
        if self.checkpoint is not None:
            self.state.record.seconds = self.seconds()
            self.checkpoint.save(self.state, self.accelerator)

    def epoch(self, batches: TrainingBatches, bar: tqdm) -> dict[str, float]:
        """Train what is left of the epoch under way; return the mean of every term."""
        record, config = self.state.record, self.config
        self.state.model.train()
        order = torch.Generator().manual_seed(config.seed + 1_000_003 * (record.epoch + 1))
        steps = batches.steps(config.batch_size)
        self.total_steps = steps * config.max_epochs
        for batch in islice(batches.epoch(config.batch_size, order), record.step_in_epoch, None):
            loss = self._step(*share(batch, self.accelerator.process_index, self.accelerator.num_processes))
            save = self.save_every and record.train_step % self.save_every == 0
            if save or record.train_step % self.read_every == 0 or record.step_in_epoch == steps:
                self._check(loss)
                bar.set_postfix_str(f"epoch {record.epoch + 1}, loss {loss.item():.4g}", refresh=False)
            bar.update()
            if save and record.step_in_epoch < steps:
                self.save()
        return self._means(steps)

    def _step(self, batch: SequenceBatch, weight: float) -> Tensor:
        state, record = self.state, self.state.record
        record.train_step, record.step_in_epoch = record.train_step + 1, record.step_in_epoch + 1
        for group, rate in zip(state.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = rate * self._share_of_rate()
        terms = self.objective(batch.items, batch.targets)
        loss = terms["total"]
        self.bad_step = torch.where((self.bad_step == 0) & ~loss.isfinite(), record.train_step, self.bad_step)
        state.optimizer.zero_grad()
        self.accelerator.backward(loss * weight)
        nn.utils.clip_grad_norm_(state.model.parameters(), self.config.clip_norm)
        state.optimizer.step()
        decay = min(self.config.average, 1 - 1 / record.train_step)
        with torch.no_grad():
            torch._foreach_lerp_(list(state.kept.parameters()), list(state.model.parameters()), 1 - decay)
        for name, term in terms.items():
            value = term.detach().double() * weight
            state.sums[name] = state.sums[name] + value if name in state.sums else value
        return loss.detach()

    def _share_of_rate(self) -> float:
        if self.config.rate_schedule == "constant":
            return 1.0
        done = self.state.record.train_step / self.total_steps
        return done / WARMUP if done < WARMUP else 0.5 + 0.5 * math.cos(math.pi * (done - WARMUP) / (1 - WARMUP))

    def _check(self, loss: Tensor) -> None:
        if step := int(self.bad_step):
            sums = {name: value.item() for name, value in self.state.sums.items()}
            broken = ", ".join(name for name, value in sums.items() if not np.isfinite(value))
            raise FloatingPointError(
                f"the loss is no number at step {step} (terms {broken}; now {loss.item()}): lower learning_rate, "
                "or look at the features"
            )

    def _means(self, steps: int) -> dict[str, float]:
        names = sorted(self.state.sums)
        sums = torch.stack([self.state.sums[name] for name in names])
        means = self.accelerator.reduce(sums, "mean") / steps
        return dict(zip(names, means.tolist(), strict=True))


def _groups(model: System, config: TrainConfig) -> tuple[list[dict], list[float]]:
    """Return the optimiser's groups and each one's rate: those with a rate of their own, then the rest."""
    given = model.rates(config.id_rate)
    own = {id(weight) for weights, _ in given for weight in weights}
    given = [*given, ([weight for weight in model.parameters() if id(weight) not in own], 1.0)]
    return [{"params": weights} for weights, _ in given], [config.learning_rate * times for _, times in given]


def _finished(record: Record, config: TrainConfig) -> bool:
    waited = record.epoch - record.best_epoch >= max(config.patience, 1)
    return record.epoch >= config.max_epochs or (record.epoch > 0 and waited)


def _close_epoch(state: State, config: TrainConfig, found: dict[str, float], seconds: float) -> None:
    record = state.record
    record.epoch, record.step_in_epoch, state.sums = record.epoch + 1, 0, {}
    spent = seconds - sum(line["seconds"] for line in record.log)
    record.seconds = seconds
    record.log.append({"epoch": record.epoch, **found, "seconds": spent})
    validation = float(np.mean([found[name] for name in STOP_ON[config.stop_on]]))
    if validation > record.best:
        record.best, record.best_epoch = validation, record.epoch
        state.best = {name: tensor.clone() for name, tensor in state.kept.state_dict().items()}


def _validate(model: System, rows: EvaluationRows, features: ItemFeatures, accelerator) -> dict[str, float]:
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
