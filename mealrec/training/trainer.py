"""Training: AdamW, an average of the weights, validation after every epoch, early stopping.

`train` goes on until validation finds nothing better; `Loop` makes the steps of an epoch, for who
wants them without validation too.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from mealrec.baselines.base import EncoderInput
from mealrec.data.batches import TrainingBatches, share
from mealrec.data.interactions import EvaluationRows, Split
from mealrec.errors import TrainingError
from mealrec.ranking.metrics import hits, ndcg
from mealrec.ranking.ranks import model_scorer, rank_rows
from mealrec.training.checkpoint import Checkpoint, Record, State
from mealrec.training.config import STOP_ON, TrainConfig
from mealrec.training.forms import System, SystemConfig, build
from mealrec.training.processes import processes
from mealrec.types import Clicks, ItemFeatures, SequenceBatch

WARMUP = 0.1  # of all steps, before a cosine falls
SEED_STRIDE = 1_000_003  # between the random numbers of processes, and of epochs
# Reading a value waits for the GPU, so there the loss is looked at every so many steps; what is
# said is the first step at which it was no number.
READ_EVERY = {"cpu": 1, "cuda": 50}


@dataclass(frozen=True)
class Trained:
    """The kept model, its epoch (from 1), the validation it was kept for, the log, the seconds."""

    model: System
    epoch: int
    validation: float
    log: tuple[dict, ...]
    seconds: float


def train(
    model_config: SystemConfig,
    config: TrainConfig,
    split: Split,
    features: ItemFeatures,
    report: Callable[[dict], None] = lambda line: None,
    checkpoint: Checkpoint | None = None,
    progress: str = "",
    encoder_input: EncoderInput | None = None,
) -> Trained:
    """Train one model and return the best epoch's weights.

    Every process that a launcher started calls this alike; each takes a share of every batch, and
    all return the same. `checkpoint` is gone on from where its file exists, and written as training
    goes. `report` gets each epoch's log line; `progress` names a bar on the terminal;
    `encoder_input` is what some baselines need, see `Baseline.needs`. On one thread the seed
    decides every bit. Raises FloatingPointError naming the step at which the loss stopped being a
    number.
    """
    loop = Loop(model_config, config, split.train, features, checkpoint, encoder_input)
    state = loop.state
    record = state.record
    rows = split.validation.sample(config.validation_rows or len(split.validation), seed=0)
    if len(rows) < loop.accelerator.num_processes:
        raise TrainingError(
            f"expected a validation row for each of {loop.accelerator.num_processes} processes, "
            f"got {len(rows)}"
        )

    # Epoch by epoch, as long as validation gets better.
    with loop.bar(progress, config.max_epochs) as bar:
        while not _finished(record, config):
            terms = loop.epoch(bar)
            found = _validate(state.kept, rows, loop.features, loop.accelerator)
            _note_epoch(state, config, found | terms, loop.seconds())
            loop.save()
            report(record.log[-1])

    # Keep the best epoch's weights.
    state.kept.load_state_dict(state.best)
    model = state.kept.eval()
    return Trained(model, record.best_epoch, record.best, tuple(record.log), record.seconds)


class Loop:
    """The steps of a new model's training on `sequences`; everything it changes is in `state`.

    It goes on where the checkpoint's file left off, if there is one.
    """

    def __init__(
        self,
        model_config: SystemConfig,
        config: TrainConfig,
        sequences: Clicks,
        features: ItemFeatures,
        checkpoint: Checkpoint | None = None,
        encoder_input: EncoderInput | None = None,
    ):
        self.config = config
        self.checkpoint = checkpoint
        self.accelerator = processes(features.text.device)
        device = self.accelerator.device
        self.features = features.to(device)

        # All processes begin with equal weights; then each has noise and dropout of its own.
        torch.manual_seed(config.seed)
        model = build(model_config, encoder_input).to(device)
        model.prepare(sequences, self.features, encoder_input)
        if self.accelerator.process_index:
            torch.manual_seed(config.seed + SEED_STRIDE * self.accelerator.process_index)

        # The data, the objective and the optimiser.
        self.batches = TrainingBatches(sequences, model_config.max_length, device, model.causal)
        self.steps = self.batches.steps(config.batch_size)
        self.objective = self.accelerator.prepare(Objective(model, self.features, config))
        groups, self.rates = _groups(model, config)
        optimizer = torch.optim.AdamW(
            groups, config.learning_rate, weight_decay=config.weight_decay
        )

        # Where an interrupted training had come to.
        self.state = State(model, optimizer)
        if checkpoint is not None:
            checkpoint.restore(self.state, self.accelerator)
        self.began = time.perf_counter() - self.state.record.seconds
        self.bad_step = torch.zeros((), dtype=torch.long, device=device)

    def seconds(self) -> float:
        """Return how long training has taken, what came before a resume included."""
        return time.perf_counter() - self.began

    def save(self) -> None:
        """Write the checkpoint, where there is one."""
        if self.checkpoint is not None:
            self.state.record.seconds = self.seconds()
            self.checkpoint.save(self.state, self.accelerator)

    def bar(self, label: str, epochs: int) -> tqdm:
        """Return a bar for so many epochs; it is drawn where it has a label, on a terminal."""
        shown = label and self.accelerator.is_main_process
        return tqdm(
            total=epochs * self.steps,
            initial=self.state.record.train_step,
            desc=label,
            unit=" steps",
            dynamic_ncols=True,
            disable=None if shown else True,
        )

    def epoch(self, bar: tqdm) -> dict[str, float]:
        """Train what is left of the epoch under way; return the mean of every term."""
        record = self.state.record
        read_every = READ_EVERY[self.accelerator.device.type]
        save_every = self.checkpoint.every if self.checkpoint is not None else 0
        self.state.model.train()

        # The order hangs on seed and epoch alone, so a resumed epoch only skips what is done.
        order = torch.Generator().manual_seed(self.config.seed + SEED_STRIDE * (record.epoch + 1))
        batches = self.batches.epoch(self.config.batch_size, order)
        for batch in islice(batches, record.step_in_epoch, None):
            mine, weight = share(
                batch, self.accelerator.process_index, self.accelerator.num_processes
            )
            loss = self._step(mine, weight)

            # Look at the loss now and then, and save within the epoch where that is asked for.
            ends_epoch = record.step_in_epoch == self.steps
            saves = save_every > 0 and record.train_step % save_every == 0
            if saves or ends_epoch or record.train_step % read_every == 0:
                self._check(loss)
                bar.set_postfix_str(
                    f"epoch {record.epoch + 1}, loss {loss.item():.4g}", refresh=False
                )
            bar.update()
            if saves and not ends_epoch:
                self.save()

        # Close the epoch.
        means = self._means()
        record.epoch += 1
        record.step_in_epoch = 0
        self.state.sums = {}
        return means

    def _step(self, batch: SequenceBatch, weight: float) -> Tensor:
        """Make one step on a share of a batch; `weight` makes the processes' mean the batch's."""
        state = self.state
        record = state.record
        record.train_step += 1
        record.step_in_epoch += 1
        for group, rate in zip(state.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = rate * self._share_of_rate()

        # The loss, and the first step at which it was no number.
        terms = self.objective(batch.items, batch.targets)
        loss = terms["total"]
        broke = (self.bad_step == 0) & ~loss.isfinite()
        self.bad_step = torch.where(broke, record.train_step, self.bad_step)

        # The step itself.
        state.optimizer.zero_grad()
        self.accelerator.backward(loss * weight)
        nn.utils.clip_grad_norm_(state.model.parameters(), self.config.clip_norm)
        state.optimizer.step()

        # The average of the weights; over the first steps it is their plain mean.
        decay = min(self.config.average, 1 - 1 / record.train_step)
        kept = list(state.kept.parameters())
        with torch.no_grad():
            torch._foreach_lerp_(kept, list(state.model.parameters()), 1 - decay)

        # Add the terms up on the device, for the epoch's means.
        for name, term in terms.items():
            value = term.detach().double() * weight
            state.sums[name] = state.sums[name] + value if name in state.sums else value
        return loss.detach()

    def _share_of_rate(self) -> float:
        """Return the share of the learning rate that the schedule leaves at this step."""
        if self.config.rate_schedule == "constant":
            return 1.0
        done = self.state.record.train_step / (self.steps * self.config.max_epochs)
        if done < WARMUP:
            return done / WARMUP
        return 0.5 + 0.5 * math.cos(math.pi * (done - WARMUP) / (1 - WARMUP))

    def _check(self, loss: Tensor) -> None:
        """Raise FloatingPointError where a loss so far was no number."""
        step = int(self.bad_step)
        if not step:
            return
        sums = {name: value.item() for name, value in self.state.sums.items()}
        broken = ", ".join(name for name, value in sums.items() if not math.isfinite(value))
        raise FloatingPointError(
            f"the loss is no number at step {step} (terms {broken}; now {loss.item()}): "
            "lower learning_rate, or look at the features"
        )

    def _means(self) -> dict[str, float]:
        """Return every term's mean over the epoch's steps and over the processes."""
        names = sorted(self.state.sums)
        sums = torch.stack([self.state.sums[name] for name in names])
        means = self.accelerator.reduce(sums, "mean") / self.steps
        return dict(zip(names, means.tolist(), strict=True))


class Objective(nn.Module):
    """The loss as a module's forward, so that what averages gradients sees every parameter."""

    def __init__(self, model: System, features: ItemFeatures, config: TrainConfig):
        super().__init__()
        self.model = model
        self.features = features
        self.config = config

    def forward(self, items: Tensor, targets: Tensor) -> dict[str, Tensor]:
        """Return the model's loss of a batch given as its two tensors [B, L]."""
        batch = SequenceBatch(items, targets)
        half = self.config.precision == "bf16"
        with torch.autocast(items.device.type, torch.bfloat16, enabled=half):
            if self.config.loss is None:
                return self.model.loss(batch, self.features)
            return self.model.loss(batch, self.features, self.config.loss)


def _groups(model: System, config: TrainConfig) -> tuple[list[dict], list[float]]:
    """Return the optimiser's groups and each one's rate: those with their own, then the rest."""
    groups = []
    rates = []
    taken = set()
    for weights, times in model.rates(config.id_rate):
        groups.append({"params": weights})
        rates.append(config.learning_rate * times)
        taken |= {id(weight) for weight in weights}
    rest = [weight for weight in model.parameters() if id(weight) not in taken]
    return [*groups, {"params": rest}], [*rates, config.learning_rate]


def _finished(record: Record, config: TrainConfig) -> bool:
    """Say whether all epochs are over, or the last ones brought nothing better."""
    waited = record.epoch - record.best_epoch >= max(config.patience, 1)
    return record.epoch >= config.max_epochs or (record.epoch > 0 and waited)


def _note_epoch(state: State, config: TrainConfig, found: dict[str, float], seconds: float) -> None:
    """Add an epoch's line to the log, and take its weights where it is the best so far."""
    record = state.record
    spent = seconds - sum(line["seconds"] for line in record.log)
    record.seconds = seconds
    record.log.append({"epoch": record.epoch, **found, "seconds": spent})
    validation = float(np.mean([found[name] for name in STOP_ON[config.stop_on]]))
    if validation > record.best:
        record.best = validation
        record.best_epoch = record.epoch
        state.best = {name: tensor.clone() for name, tensor in state.kept.state_dict().items()}


def _validate(
    model: System, rows: EvaluationRows, features: ItemFeatures, accelerator
) -> dict[str, float]:
    """Return H@10 and N@10, masked and unmasked; every process ranks its share of the rows."""
    # Rank this process's rows.
    share_of_rows = np.arange(len(rows)) % accelerator.num_processes == accelerator.process_index
    candidates = features.has_id.cpu().numpy()
    found = rank_rows(model_scorer(model, features), rows.pick(share_of_rows), candidates)
    sums = {
        "H@10": hits(found.masked, 10).sum(),
        "N@10": ndcg(found.masked, 10).sum(),
        "unmasked_H@10": hits(found.unmasked, 10).sum(),
        "unmasked_N@10": ndcg(found.unmasked, 10).sum(),
    }
    # Bring the processes' sums together.
    values = torch.tensor(list(sums.values()), dtype=torch.float64, device=accelerator.device)
    means = accelerator.reduce(values, "sum") / len(rows)
    return dict(zip(sums, means.tolist(), strict=True))
