"""The steps of a training, with or without validation: what each batch changes, and how fast."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from tqdm import tqdm

from mealrec.data.batches import TrainingBatches, share
from mealrec.training.checkpoint import Checkpoint, State
from mealrec.training.forms import System, SystemConfig, build
from mealrec.training.processes import processes
from mealrec.types import ItemFeatures, SequenceBatch

if TYPE_CHECKING:
    from mealrec.baselines.base import Beside
    from mealrec.training.trainer import TrainConfig

WARMUP = 0.1  # of all steps, before a cosine falls
# Reading a value waits for the GPU, so there the loss is looked at every so many steps; what is
# said is the first step at which it was no number.
READ_EVERY = {"cpu": 1, "cuda": 50}


class Objective(nn.Module):
    """The loss as a module's forward: what averages gradients over processes sees every
    parameter it uses."""

    def __init__(self, model: System, features: ItemFeatures, config: TrainConfig):
        super().__init__()
        self.model, self.features, self.config = model, features, config

    def forward(self, items: Tensor, targets: Tensor) -> dict[str, Tensor]:
        """Return the model's loss of a batch given as its two tensors [B, L]."""
        weights = () if self.config.loss is None else (self.config.loss,)
        with torch.autocast(
            items.device.type, torch.bfloat16, enabled=self.config.precision == "bf16"
        ):
            return self.model.loss(SequenceBatch(items, targets), self.features, *weights)


def begin(
    model_config: SystemConfig,
    config: TrainConfig,
    sequences: Sequence[Sequence[int]],
    features: ItemFeatures,
    checkpoint: Checkpoint | None = None,
    hidden: Beside | None = None,
) -> Loop:
    """Return a new model's training on `sequences` of item indices; where the checkpoint's file
    exists it goes on."""
    accelerator = processes(features.text.device)
    features = features.to(accelerator.device)
    torch.manual_seed(config.seed)
    model = build(model_config, hidden).to(accelerator.device)
    model.prepare(sequences, features, hidden)
    if accelerator.process_index:  # equal weights, but noise and dropout of its own
        torch.manual_seed(config.seed + 1_000_003 * accelerator.process_index)
    batches = TrainingBatches(sequences, model_config.max_length, accelerator.device, model.causal)
    return Loop(model, features, batches, config, accelerator, checkpoint)


class Loop:
    """The steps of a training: everything it changes is in `state`."""

    def __init__(
        self,
        model: System,
        features: ItemFeatures,
        batches: TrainingBatches,
        config: TrainConfig,
        accelerator,
        checkpoint: Checkpoint | None,
    ):
        self.features, self.batches, self.config = features, batches, config
        self.accelerator, self.checkpoint = accelerator, checkpoint
        self.steps = batches.steps(config.batch_size)
        self.objective = accelerator.prepare(Objective(model, features, config))
        groups, self.rates = _groups(model, config)
        optimizer = torch.optim.AdamW(
            groups, config.learning_rate, weight_decay=config.weight_decay
        )
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

    def bar(self, label: str, epochs: int) -> tqdm:
        """Return a bar for so many epochs; it is drawn where it has a label, on a terminal."""
        shown = label and self.accelerator.is_main_process
        words = {
            "desc": label,
            "unit": " steps",
            "dynamic_ncols": True,
            "disable": None if shown else True,
        }
        return tqdm(total=epochs * self.steps, initial=self.state.record.train_step, **words)

    def epoch(self, bar: tqdm) -> dict[str, float]:
        """Train what is left of the epoch under way, and close it; return the mean of every
        term."""
        record, config = self.state.record, self.config
        self.state.model.train()
        order = torch.Generator().manual_seed(config.seed + 1_000_003 * (record.epoch + 1))
        for batch in islice(
            self.batches.epoch(config.batch_size, order), record.step_in_epoch, None
        ):
            loss = self._step(
                *share(batch, self.accelerator.process_index, self.accelerator.num_processes)
            )
            save = self.save_every and record.train_step % self.save_every == 0
            if (
                save
                or record.train_step % self.read_every == 0
                or record.step_in_epoch == self.steps
            ):
                self._check(loss)
                bar.set_postfix_str(
                    f"epoch {record.epoch + 1}, loss {loss.item():.4g}", refresh=False
                )
            bar.update()
            if save and record.step_in_epoch < self.steps:
                self.save()
        means = self._means()
        record.epoch, record.step_in_epoch, self.state.sums = record.epoch + 1, 0, {}
        return means

    def _step(self, batch: SequenceBatch, weight: float) -> Tensor:
        state, record = self.state, self.state.record
        record.train_step, record.step_in_epoch = record.train_step + 1, record.step_in_epoch + 1
        for group, rate in zip(state.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = rate * self._share_of_rate()
        terms = self.objective(batch.items, batch.targets)
        loss = terms["total"]
        self.bad_step = torch.where(
            (self.bad_step == 0) & ~loss.isfinite(), record.train_step, self.bad_step
        )
        state.optimizer.zero_grad()
        self.accelerator.backward(loss * weight)
        nn.utils.clip_grad_norm_(state.model.parameters(), self.config.clip_norm)
        state.optimizer.step()
        decay = min(self.config.average, 1 - 1 / record.train_step)
        with torch.no_grad():
            torch._foreach_lerp_(
                list(state.kept.parameters()), list(state.model.parameters()), 1 - decay
            )
        for name, term in terms.items():
            value = term.detach().double() * weight
            state.sums[name] = state.sums[name] + value if name in state.sums else value
        return loss.detach()

    def _share_of_rate(self) -> float:
        if self.config.rate_schedule == "constant":
            return 1.0
        done = self.state.record.train_step / (self.steps * self.config.max_epochs)
        return (
            done / WARMUP
            if done < WARMUP
            else 0.5 + 0.5 * math.cos(math.pi * (done - WARMUP) / (1 - WARMUP))
        )

    def _check(self, loss: Tensor) -> None:
        if step := int(self.bad_step):
            sums = {name: value.item() for name, value in self.state.sums.items()}
            broken = ", ".join(name for name, value in sums.items() if not math.isfinite(value))
            raise FloatingPointError(
                f"the loss is no number at step {step} (terms {broken}; now {loss.item()}): lower learning_rate, "
                "or look at the features"
            )

    def _means(self) -> dict[str, float]:
        names = sorted(self.state.sums)
        sums = torch.stack([self.state.sums[name] for name in names])
        means = self.accelerator.reduce(sums, "mean") / self.steps
        return dict(zip(names, means.tolist(), strict=True))


def _groups(model: System, config: TrainConfig) -> tuple[list[dict], list[float]]:
    """Return the optimiser's groups and each one's rate: those with a rate of their own, then
    the rest."""
    given = model.rates(config.id_rate)
    own = {id(weight) for weights, _ in given for weight in weights}
    given = [*given, ([weight for weight in model.parameters() if id(weight) not in own], 1.0)]
    return [{"params": weights} for weights, _ in given], [
        config.learning_rate * times for _, times in given
    ]
