"""The student learns to say of a graded frame what the teacher says of the clean one."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Generator, Tensor
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from mealrec.features.pretraining.augment import STRONG, blur_some, crop, grade, random_crops
from mealrec.features.pretraining.teacher import smooth
from mealrec.features.video import TUBELET, Preprocessing, tube_tokens

if TYPE_CHECKING:
    from transformers import VideoMAEModel

PATCH_SCALE = 2.0  # a patch's components outweigh its position (VideoMAE's positions have deviation 0.7)


@dataclass(frozen=True)
class StudentConfig:
    """The bundled encoder's size: 2 million weights, 80 tokens a clip of 5 frames."""

    image_size: int = 64
    patch_size: int = 16
    width: int = 192
    layers: int = 4
    heads: int = 3
    num_frames: int = 5


@dataclass(frozen=True)
class DistilConfig:
    """How the student is trained; `steps` None lets the clock (`minutes`) end the run.

    `warmup`, `full_strength`: shares of the run until the learning rate and the augmentation are at their full.
    """

    minutes: float = 20.0
    steps: int | None = None
    clips_per_batch: int = 8
    learning_rate: float = 1.5e-3
    warmup: float = 0.02
    full_strength: float = 0.4
    weight_decay: float = 0.05
    temperature: float = 0.1
    ema: float = 0.995
    seed: int = 0


@dataclass(frozen=True)
class TrainState:
    """Where training stands: `train_step` done, the last `losses` by name, `seconds` since the start, share done."""

    train_step: int
    losses: dict[str, float]
    seconds: float
    progress: float


def new_student(config: StudentConfig, seed: int) -> VideoMAEModel:
    """Return an untrained VideoMAE of the given size."""
    from transformers import VideoMAEConfig, VideoMAEModel

    settings = VideoMAEConfig(
        image_size=config.image_size,
        patch_size=config.patch_size,
        num_frames=config.num_frames * TUBELET,
        tubelet_size=TUBELET,
        hidden_size=config.width,
        num_hidden_layers=config.layers,
        num_attention_heads=config.heads,
        intermediate_size=4 * config.width,
        use_mean_pooling=False,  # which in VideoMAE means: normalise the tokens at the end
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return VideoMAEModel(settings)


@torch.no_grad()
def prime(student: VideoMAEModel, pixels: Tensor) -> None:
    """Give an untrained student a start that depends on the data: normalised clips [B, K, 3, S, S].

    Patch kernels become the whitened principal components of grey patches: from random kernels a token is
    little but its patch's mean brightness, and colour must first be unlearned. The last bias takes the
    tokens' mean away: else all frames' features begin as one, and many steps go into parting them.
    """
    _whiten_patches(student.embeddings.patch_embeddings.projection.weight, pixels.flatten(0, 1))
    student.layernorm.bias.sub_(tube_tokens(student, pixels).mean((0, 1, 2)))


def _whiten_patches(kernels: Tensor, frames: Tensor) -> None:
    width, channels, tube, side, _ = kernels.shape
    patches = functional.unfold(frames.mean(1, keepdim=True), side, stride=side).transpose(1, 2).flatten(0, 1)
    variances, axes = torch.linalg.eigh(torch.cov(patches.T))
    variances, axes = variances.flip(0)[:width], axes.T.flip(0)[:width]
    whitened = axes * (PATCH_SCALE / (variances + 0.1 * variances.sum() / len(axes)).sqrt())[:, None]
    kernels[: len(axes)] = whitened.view(-1, 1, 1, side, side) / (channels * tube)


class Distillation:
    """Trains a student, in place, on clips' frames [C, J, S, S, 3] uint8 with target maps [C, J, V, h, w].

    `average` holds the exponential average of the student's weights: the model to keep.
    """

    def __init__(self, student: VideoMAEModel, frames: np.ndarray, targets: Tensor, config: DistilConfig):
        self.student, self.frames, self.targets, self.config = student.train(), frames, targets, config
        student.set_attn_implementation("eager")  # on a CPU its backward pass is the faster one
        self.num_frames = student.config.num_frames // TUBELET
        self.patches_a_side = student.config.image_size // student.config.patch_size
        self.preprocessing = Preprocessing(student.config.image_size)
        self.bank = smooth(targets.mean((3, 4)).flatten(0, 1))
        self.average = AveragedModel(student, multi_avg_fn=get_ema_multi_avg_fn(config.ema), use_buffers=True)
        self.generator = Generator().manual_seed(config.seed)
        self.optimizer = torch.optim.AdamW(
            student.parameters(), config.learning_rate, betas=(0.9, 0.98), weight_decay=config.weight_decay
        )

    def steps(self) -> Iterator[TrainState]:
        """Train to the end of the budget, yielding after every step."""
        start, step, progress = time.monotonic(), 0, 0.0
        while progress < 1:
            rate = self._learning_rate(progress)
            for group in self.optimizer.param_groups:
                group["lr"] = rate
            losses = self._step(min(1.0, progress / self.config.full_strength))
            step, seconds = step + 1, time.monotonic() - start
            steps = self.config.steps
            progress = step / steps if steps else seconds / (60 * self.config.minutes)
            yield TrainState(step, losses, seconds, min(1.0, progress))

    def _learning_rate(self, progress: float) -> float:
        warm = min(1.0, (progress + 1e-3) / self.config.warmup)
        return self.config.learning_rate * warm * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * progress)))

    def _step(self, strength: float) -> dict[str, float]:
        """Take one step on frames augmented at a strength in 0..1: shapes are learned first, invariance after."""
        clips, moments = self._choose()
        crops = random_crops(clips.numel(), self.generator, strength)
        pixels = torch.from_numpy(self.frames[clips.numpy(), moments.numpy()]).flatten(0, 1)
        pixels = crop(pixels.permute(0, 3, 1, 2).float() / 255, crops, self.preprocessing.image_size)
        pixels = grade(blur_some(pixels, self.generator), STRONG.softened(strength), self.generator)
        places = self.targets[clips, moments].flatten(0, 1)
        places = crop(places, crops, self.patches_a_side).flatten(2).mT
        with torch.autocast(pixels.device.type, torch.bfloat16):
            tokens = tube_tokens(self.student, self.preprocessing.normalise(pixels).unflatten(0, clips.shape))
        wanted = self.bank[(clips * self.targets.shape[1] + moments).flatten()]
        losses = distillation_losses(tokens.float().flatten(0, 1), places, wanted, self.bank, self.config.temperature)
        self.optimizer.zero_grad(set_to_none=True)
        sum(losses.values()).backward()
        torch.nn.utils.clip_grad_norm_(self.student.parameters(), 1.0)
        self.optimizer.step()
        self.average.update_parameters(self.student)
        return {name: loss.item() for name, loss in losses.items()}

    def _choose(self) -> tuple[Tensor, Tensor]:
        """Return clip and moment indices [B, K]: half the rows one clip in order, half frames of any clips.

        The strangers keep attention over tubes from blurring a frame's meaning into its neighbours'.
        """
        clips, moments = self.targets.shape[:2]
        batch, frames = self.config.clips_per_batch, self.num_frames
        chosen = torch.randint(clips, (batch, frames), generator=self.generator)
        chosen[: batch // 2] = chosen[: batch // 2, :1]
        order = torch.rand(batch, moments, generator=self.generator).argsort(1)[:, :frames]
        return chosen, order.sort(1).values


def distillation_losses(
    tokens: Tensor, places: Tensor, wanted: Tensor, bank: Tensor, temperature: float
) -> dict[str, Tensor]:
    """Compare M frames' tokens [M, P, V] with the teacher's view of them, and with a bank [F, V] of frames.

    `place`: cosine distance to `places` [M, P, V], what the teacher sees where. `frame`: cosine distance of
    the mean over tokens, the feature in use, to `wanted` [M, V]. `relation`: divergence between the two's
    softmax over the bank, so that a frame lies near the same frames for both.
    """
    seen = functional.normalize(tokens.mean(1), dim=1)
    near = (wanted @ bank.T / temperature).softmax(1)
    found = (seen @ bank.T / temperature).log_softmax(1)
    return {
        "place": 1 - functional.cosine_similarity(tokens, places, dim=2).mean(),
        "frame": 1 - (seen * wanted).sum(1).mean(),
        "relation": functional.kl_div(found, near, reduction="batchmean"),
    }
