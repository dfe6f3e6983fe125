"""How a system is trained: the settings of one training."""

from __future__ import annotations

from dataclasses import dataclass

SCHEDULES = ("constant", "cosine")
STOP_ON = {"masked": ("N@10",), "mean": ("N@10", "unmasked_N@10")}
PRECISIONS = ("fp32", "bf16")


@dataclass(frozen=True)
class TrainConfig:
    """How a system is trained; one stopping rule for all: the best validation N@10.

    `patience`: how many epochs may bring nothing better. `stop_on`: N@10 with the history "masked",
    or the "mean" of masked and unmasked. `batch_size` counts users, over all processes. `average`
    is the decay of the weight average that is evaluated and kept; 0 keeps the weights themselves.
    `validation_rows`: how many viewers validation looks at, the same ones for every system and
    seed; 0 means all. `id_rate` multiplies the learning rate of the ID embeddings: Adam moves a
    rare item's only when it comes up. `rate_schedule` "cosine" warms up and then falls to zero at
    `max_epochs`. `precision` "bf16" computes the loss in bfloat16 where that is safe; weights and
    validation stay fp32. `loss` weighs the terms of the model's own objective, such as PaperLoss;
    None leaves it the model's own.
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
            value = getattr(self, name)
            if value not in known:
                raise ValueError(f"{name} must be one of {', '.join(known)}, got {value!r}")
