"""CL4SRec (Xie et al., 2022): SASRec that also learns to match two views of one history."""

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
    """SASRec's settings, how much of a history each disturbance takes, the loss's weight and τ."""

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
        self, embedded: Tensor, items: Tensor, text: Tensor | None = None
    ) -> Tensor | float:
        """See Backbone.extra_loss. One row alone has nothing to contrast, so its loss is 0."""
        # Leave out rows without an item.
        known = (items > 0).any(1)
        embedded = embedded[known]
        items = items[known]
        if len(items) < 2:
            return 0.0

        # Disturb every history twice.
        kinds = two_kinds(len(items), items.device)
        embedded = embedded.repeat(2, 1, 1)
        items = items.repeat(2, 1)
        views = disturb(items, kinds, self.config)

        # Encode the views, and let the two of a history find each other.
        tokens = embedded.gather(1, views.source.unsqueeze(-1).expand_as(embedded))
        tokens = torch.where(views.masked.unsqueeze(-1), self.mask_token, tokens)
        shown = items.gather(1, views.source) * views.present
        states = last_states(self.encode(tokens, shown), shown)
        states = F.layer_norm(states, (self.config.width,))
        return self.config.weight * nt_xent(states, self.config.temperature)


def nt_xent(states: Tensor, temperature: float) -> Tensor:
    """Return the contrastive loss of states [2B, D]: rows b and b + B must find each other."""
    logits, labels = contrast(states, temperature)
    return F.cross_entropy(logits, labels)


def contrast(states: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """Return the logits [2B, 2B], -inf for a state with itself, and each partner's column [2B]."""
    count = len(states)
    itself = torch.eye(count, dtype=torch.bool, device=states.device)
    logits = (states @ states.T / temperature).masked_fill(itself, float("-inf"))
    return logits, torch.arange(count, device=states.device).roll(count // 2)


def two_kinds(rows: int, device: torch.device) -> Tensor:
    """Draw two different disturbances for each of B rows: kinds [2B], first views, then second."""
    # The second is one or two on from the first, in a ring of three.
    drawn = torch.rand(2, rows, device=device)
    first = (3 * drawn[0]).long()
    apart = 1 + (2 * drawn[1]).long()
    return torch.cat([first, (first + apart) % 3])


def disturb(items: Tensor, kinds: Tensor, config: CL4SRecConfig) -> Views:
    """Disturb histories [B, L], each with one item at least, in the way of `kinds` [B].

    Of n items a crop keeps ⌊crop·n⌋ successive ones, but one at least; a mask hides ⌊mask·n⌋; a
    reordering shuffles ⌊reorder·n⌋ successive ones. A history too short for its disturbance stays
    as it is.
    """
    draw = torch.rand(len(items), 1, device=items.device)
    scores = torch.rand(items.shape, device=items.device)

    # Disturb every row in all three ways.
    present = items > 0
    cropped, kept = crop(present, config.crop, draw)
    shuffled = reorder(present, config.reorder, draw, scores)
    masked = mask(present, config.mask, scores)

    # Take of each row the way that it drew.
    kinds = kinds[:, None]
    steps = torch.arange(items.shape[1], device=items.device).expand_as(items)
    source = torch.where(kinds == REORDER, shuffled, steps)
    source = torch.where(kinds == CROP, cropped, source)
    present = torch.where(kinds == CROP, kept, present)
    return Views(source, present, masked & (kinds == MASK))


def crop(present: Tensor, share: float, draw: Tensor) -> tuple[Tensor, Tensor]:
    """Return where a crop's items stood [B, L], and which of these positions it fills [B, L].

    `present` [B, L] marks the items of each history; `draw` [B, 1] in [0, 1) says where it begins.
    """
    # How many stay, and where they begin; a view has them at its front.
    lengths = present.sum(1, keepdim=True)
    count = (share * lengths).long().clamp(min=1)
    start = (draw * (lengths - count + 1)).long()
    steps = torch.arange(present.shape[1], device=present.device).expand_as(present)
    kept = steps < count
    return torch.where(kept, steps + start, 0), kept


def mask(present: Tensor, share: float, scores: Tensor) -> Tensor:
    """Return which items to hide [B, L]: those of the lowest `scores` [B, L] in [0, 1)."""
    # Padding scores highest, and the rank of a score is the order of its order.
    count = (share * present.sum(1, keepdim=True)).long()
    return scores.masked_fill(~present, 1.0).argsort(1).argsort(1) < count


def reorder(present: Tensor, share: float, draw: Tensor, scores: Tensor) -> Tensor:
    """Return where each position's item stood [B, L] before a window was sorted by `scores`.

    `draw` [B, 1] says where the window begins, `scores` are [B, L].
    """
    # Where the window is that is shuffled.
    lengths = present.sum(1, keepdim=True)
    count = (share * lengths).long()
    start = (draw * (lengths - count + 1)).long()
    steps = torch.arange(present.shape[1], device=present.device).expand_as(present)
    inside = (steps >= start) & (steps < start + count)
    # A shuffled item's key stays between the keys of the items on both sides of the window.
    keys = torch.where(inside, start - 0.5 + scores * count, steps.to(scores.dtype))
    return keys.argsort(1)
