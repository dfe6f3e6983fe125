"""The contract of a sequential encoder (Eq. 12's SeqEnc); the name of a file is its key."""

from __future__ import annotations

import pkgutil
from importlib import import_module

import torch
from torch import Tensor, nn

import mealrec.backbones as folder


class Backbone(nn.Module):
    """Encodes embedded histories.

    A subclass sets `Config`, with `width`, `dropout`, `max_length` and `norm_input`, and `encode`.

    `causal`: the state at a position depends on the items up to it alone, so one row trains every
    position. A backbone that mixes positions is not causal: only the state at a row's last item
    means anything, and it is trained on one row for each prefix. `reads_text`: `encode` must be
    given the titles.
    """

    Config: type
    causal: bool = True
    reads_text: bool = False

    def encode(self, embedded: Tensor, items: Tensor, text: Tensor | None = None) -> Tensor:
        """Return the preference after each position [B, L, D].

        `embedded` [B, L, D] is what stands for each item, `items` [B, L] their indices, 0 where
        padded on the right, L at most `max_length`; `text` [B, L, D] their titles at the same
        width, for those that read them.
        """
        raise TypeError(f"{type(self).__name__} must define encode(embedded, items, text)")

    def extra_loss(
        self, embedded: Tensor, items: Tensor, text: Tensor | None = None
    ) -> Tensor | float:
        """Return a loss of the backbone's own, weighted already; 0 by default.

        Takes what `encode` takes. It may draw from torch's own randomness, as dropout does.
        """
        return 0.0


def last_states(states: Tensor, items: Tensor) -> Tensor:
    """Return the state [B, D] at each row's last item, for states [B, L, D] and items [B, L].

    Every row has one item at least.
    """
    # Padding is on the right.
    last = (items > 0).sum(1) - 1
    return states[torch.arange(len(states), device=states.device), last]


def names() -> tuple[str, ...]:
    """Return the backbones found in this folder."""
    # Every file is a backbone, but for this one.
    found = {module.name for module in pkgutil.iter_modules(folder.__path__)}
    return tuple(sorted(found - {"base"}))


def build(name: str, width: int, **changes) -> Backbone:
    """Return the named backbone at a width, its defaults changed as asked, such as dropout=0.5.

    Raises ValueError for an unknown name and TypeError for a setting that it does not have.
    """
    if name not in names():
        raise ValueError(f"backbone must be one of {', '.join(names())}, got {name!r}")
    module = import_module(f"mealrec.backbones.{name}")
    return module.Encoder(module.Encoder.Config(width=width, **changes))
