"""What speaks for a moment and for a clip: ratios of chances, this viewer's over anybody's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from mealrec.explain.forms import Model
from mealrec.explain.walks import Walks
from mealrec.models.table import Items
from mealrec.types import ItemFeatures

VIEWERS = 512
_NEVER = 1e-12


@dataclass(frozen=True)
class Anybody:
    """What a model makes of viewers of whom one clip is known: up to VIEWERS spread over what
    training saw.

    `wanted` [J] is what part of their next click is for each kind, by how often their clips are
    watched; `usual` [J] is how much of each kind is there to be watched.
    """

    wanted: Tensor
    usual: Tensor

    @classmethod
    @torch.no_grad()
    def of(cls, model: Model, features: ItemFeatures, items: Items, seed: int = 0) -> Anybody:
        """Walk the viewers' histories of one clip each."""
        known = features.has_id.nonzero().squeeze(1)
        rows = known[:: -(-len(known) // VIEWERS)]
        preferences = Walks(model, items, rows.unsqueeze(1), seed).preferences.squeeze(1)
        wanted = model.popularity(items, rows) @ model.table.wanted(preferences, items.anybody)
        return cls(wanted, items.anybody)

    def lift(self, model: Model, preferences: Tensor) -> Tensor:
        """Return how many times more than anybody preferences [..., J] want each kind [..., J]."""
        return model.table.wanted(preferences, self.usual) / self.wanted


def interest(walks: Walks, anybody: Anybody) -> Tensor:
    """Return the evidence [B, K] that the viewer is out for moments such as each frame of the last
    clip; 0 is none.

    It is the log of how many times more than anybody the viewer wants the frame's kinds, where the
    walk of the earlier clips ends. The last clip vouches for no frame of its own; one on its own
    has no other to ask.
    """
    earlier = walks.without[
        torch.arange(len(walks.last), device=walks.last.device), walks.lengths - 1
    ]
    lift = anybody.lift(walks.model, earlier)
    return torch.log((walks.items.moments[walks.last] @ lift.unsqueeze(-1)).squeeze(-1) + _NEVER)


def agreement(walks: Walks, anybody: Anybody) -> Tensor:
    """Return how much better the clips of a history are foreseen when a clip is among them [B, L],
    in log units.

    A clip is foreseen by those before it: the log of how many times more than anybody they want its
    kinds. So a clip counts by how well those before it call for it, and by what it does for those
    behind it; an accidental click tends to be low. 0 where there are no others, and on padding.
    """
    kinds = walks.items.kinds[walks.histories]
    alone = _foreseen(walks, anybody, walks.after, kinds)
    left = _foreseen(walks, anybody, walks.leaving, kinds.unsqueeze(1))
    itself = torch.eye(kinds.shape[1], dtype=torch.bool, device=kinds.device)
    itself[0, 1:2] = True  # without the first clip nothing foresees the second
    return (alone.sum(-1, keepdim=True) - left.masked_fill(itself, 0.0).sum(-1)) * walks.told


def _foreseen(walks: Walks, anybody: Anybody, preferences: Tensor, kinds: Tensor) -> Tensor:
    """Return how well clips of `kinds` [..., L, J] are foreseen [..., L] by the `preferences` [...,
    L, J] before them.

    0 for the first. The model takes a share of all clicks for accidents: one surprise does not
    count without bound.
    """
    accident = walks.model.table.log_accident.exp()
    lift = (kinds[..., 1:, :] * anybody.lift(walks.model, preferences[..., :-1, :])).sum(-1)
    known = (walks.histories > 0)[:, 1:].view(len(kinds), *[1] * (lift.ndim - 2), -1)
    return F.pad(torch.log((accident + lift) / (accident + 1)) * known, (1, 0))


def influence(walks: Walks) -> Tensor:
    """Return how far the first recommendation's log-probability falls in each of the rows [B,
    M]; 0 in the first."""
    of_top = walks.outcomes.take_along_dim(walks.top[:, None, None], 2).squeeze(2)
    return of_top[:, :1] - of_top


def runs(shares: Tensor) -> tuple[tuple[int, ...], ...]:
    """Return the moments of a clip whose frames are of `shares` [K, J]: neighbouring frames
    whose main kind is one."""
    kinds = shares.argmax(-1).tolist()
    found: list[tuple[int, ...]] = []
    for frame, kind in enumerate(kinds):
        if frame and kind == kinds[frame - 1]:
            found[-1] += (frame,)
        else:
            found.append((frame,))
    return tuple(found)


def sets_of(
    moments: Sequence[tuple[int, ...]], hidden: Sequence[int] = ()
) -> tuple[tuple[int, ...], ...]:
    """Return which frames to hide: `hidden` alone, with each moment, all but each, all, and each
    frame; none twice."""
    alone = [(frame,) for moment in moments for frame in moment]
    more = [
        (),
        *moments,
        *(all_but(moments, moment) for moment in moments),
        sum(moments, ()),
        *alone,
    ]
    return tuple(dict.fromkeys(tuple(sorted({*hidden, *frames})) for frames in more))


def all_but(moments: Sequence[tuple[int, ...]], kept: tuple[int, ...]) -> tuple[int, ...]:
    """Return the frames of all moments but one."""
    return tuple(frame for moment in moments if moment != kept for frame in moment)


def masks_of(sets: Sequence[Sequence[int]], num_frames: int) -> Tensor:
    """Return sets of frames as masks [M, K] bool."""
    masks = torch.zeros(len(sets), num_frames, dtype=torch.bool)
    for mask, frames in zip(masks, sets, strict=True):
        mask[list(frames)] = True
    return masks
