"""CL4SRec (Xie et al., 2022): SASRec that also learns to know two disturbed views of one history
as the same."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mealrec.backbones import sasrec
from mealrec.backbones.base import last_states

CROP, MASK, REORDER = range(3)


@dataclass(frozen=True)
class CL4SRecConfig(sasrec.SASRecConfig):
    """SASRec's settings, the share of a history that each disturbance takes, and the loss's
    weight and τ."""

    crop: float = 0.6
    mask: float = 0.3
    reorder: float = 0.6
    weight: float = 0.1
    temperature: float = 16.0


@dataclass(frozen=True)
class Views:
    """Disturbed histories: view position l of a row shows the item that stood at `source` [B, L].

    `present` [B, L] is false where a view has ended, `masked` [B, L] true where the mask token
    stands instead.
    """

    source: Tensor
    present: Tensor
    masked: Tensor


class Encoder(sasrec.Encoder):
    """SASRec's encoder; `extra_loss` is λ times the contrastive loss.

    Departs: there is no official code. Both views of a row are always disturbed differently, and
    each row draws its own. The dot products compare states after a LayerNorm without weights, since
    the blocks end in none: they have length sqrt(D), so τ is 16 where published settings say 1;
    logits of up to D would drown the ranking loss.
    """

    Config = CL4SRecConfig

    def __init__(self, config: CL4SRecConfig):
        super().__init__(config)
        self.mask_token = nn.Parameter(torch.randn(config.width) * 0.02)

    def extra_loss(
        self,
        embedded: Tensor,
        items: Tensor,
        text: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor | float:
        """See Backbone.extra_loss; rows without an item are left out, and one row alone has
        nothing to contrast."""
        known = (items > 0).any(1)
        embedded, items = embedded[known], items[known]
        if len(items) < 2:
            return 0.0
        kinds = two_kinds(len(items), items.device, generator)
        embedded, items = embedded.repeat(2, 1, 1), items.repeat(2, 1)
        views = disturb(items, kinds, self.config, generator)
        tokens = embedded.gather(1, views.source.unsqueeze(-1).expand_as(embedded))
        tokens = torch.where(views.masked.unsqueeze(-1), self.mask_token, tokens)
        shown = items.gather(1, views.source) * views.present
        states = last_states(self.encode(tokens, shown), shown)
        states = F.layer_norm(states, (self.config.width,))
        return self.config.weight * nt_xent(states, self.config.temperature)


def nt_xent(states: Tensor, temperature: float) -> Tensor:
    """Return the contrastive loss of 2B states [2B, D]: rows b and b + B show one history and
    must find each other."""
    logits, labels = contrast(states, temperature)
    return F.cross_entropy(logits, labels)


def contrast(states: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """Return the logits [2B, 2B], -inf for a state with itself, and the column [2B] of each
    state's partner."""
    count = len(states)
    itself = torch.eye(count, dtype=torch.bool, device=states.device)
    logits = (states @ states.T / temperature).masked_fill(itself, float("-inf"))
    return logits, torch.arange(count, device=states.device).roll(count // 2)


def two_kinds(rows: int, device: torch.device, generator: torch.Generator | None = None) -> Tensor:
    """Draw two different disturbances for each of B rows: kinds [2B], the first view's, then the
    second's."""
    first, apart = uniform((2, rows), device, generator)
    first, apart = (3 * first).long(), 1 + (2 * apart).long()
    return torch.cat([first, (first + apart) % 3])


def disturb(
    items: Tensor, kinds: Tensor, config: CL4SRecConfig, generator: torch.Generator | None = None
) -> Views:
    """Disturb histories [B, L], each with one item at least, in the way of `kinds` [B].

    Of n items a crop keeps ⌊crop·n⌋ successive ones, but one at least; a mask hides ⌊mask·n⌋; a
    reordering shuffles ⌊reorder·n⌋ successive ones. A history too short for its disturbance stays
    as it is.
    """
    draw, scores = (
        uniform((len(items), 1), items.device, generator),
        uniform(items.shape, items.device, generator),
    )
    kinds, present = kinds[:, None], items > 0
    steps = torch.arange(items.shape[1], device=items.device).expand_as(items)
    cropped, kept = crop(present, config.crop, draw)
    shuffled = reorder(present, config.reorder, draw, scores)
    source = torch.where(kinds == CROP, cropped, torch.where(kinds == REORDER, shuffled, steps))
    masked = mask(present, config.mask, scores) & (kinds == MASK)
    return Views(source, torch.where(kinds == CROP, kept, present), masked)


def crop(present: Tensor, share: float, draw: Tensor) -> tuple[Tensor, Tensor]:
    """Return where a crop's items stood [B, L] and which of these positions it fills [B, L]; `draw`
    [B, 1] in [0, 1).

    `present` [B, L] marks the items of each history.
    """
    lengths = present.sum(1, keepdim=True)
    count = (share * lengths).long().clamp(min=1)
    start = (draw * (lengths - count + 1)).long()
    steps = torch.arange(present.shape[1], device=present.device).expand_as(present)
    kept = steps < count
    return torch.where(kept, steps + start, 0), kept


def mask(present: Tensor, share: float, scores: Tensor) -> Tensor:
    """Return which items to hide [B, L]: those of the lowest `scores` [B, L] in [0, 1)."""
    count = (share * present.sum(1, keepdim=True)).long()
    return scores.masked_fill(~present, 1.0).argsort(1).argsort(1) < count


def reorder(present: Tensor, share: float, draw: Tensor, scores: Tensor) -> Tensor:
    """Return where each position's item stood [B, L] before a window was sorted by `scores` [B,
    L]; `draw` [B, 1]."""
    lengths = present.sum(1, keepdim=True)
    count = (share * lengths).long()
    start = (draw * (lengths - count + 1)).long()
    steps = torch.arange(present.shape[1], device=present.device).expand_as(present)
    inside = (steps >= start) & (steps < start + count)
    # A shuffled item's key stays between the keys of the items on both sides of the window.
    return torch.where(inside, start - 0.5 + scores * count, steps.to(scores.dtype)).argsort(1)


def uniform(
    shape: tuple[int, ...], device: torch.device, generator: torch.Generator | None
) -> Tensor:
    """Draw numbers in [0, 1) from the generator, or from torch's own randomness, and put them on
    a device."""
    return torch.rand(
        shape, generator=generator, device=generator.device if generator else device
    ).to(device)
