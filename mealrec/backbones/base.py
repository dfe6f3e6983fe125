"""The contract of a sequential encoder (Eq. 12's SeqEnc), and the registry: a file's name is its key."""

from __future__ import annotations

import pkgutil
from importlib import import_module

from torch import Tensor, nn

import mealrec.backbones as folder


class Backbone(nn.Module):
    """Encodes embedded histories causally; a subclass sets `Config` and implements `encode`."""

    Config: type

    def encode(self, embedded: Tensor, items: Tensor) -> Tensor:
        """Return the preference after each position [B, L, D] for embedded items [B, L, D], indices [B, L]."""
        raise TypeError(f"{type(self).__name__} must define encode(embedded, items)")

    def extra_loss(self, embedded: Tensor, items: Tensor) -> Tensor | float:
        """Return the backbone's own auxiliary loss (contrastive ones have it); 0 by default."""
        return 0.0


def names() -> tuple[str, ...]:
    """Return the backbones found in this folder."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(folder.__path__) if module.name != "base"))


def build(name: str, width: int) -> Backbone:
    """Return the named backbone with its default configuration at a width."""
    if name not in names():
        raise ValueError(f"backbone must be one of {', '.join(names())}, got {name!r}")
    module = import_module(f"mealrec.backbones.{name}")
    return module.Encoder(module.Encoder.Config(width=width))
