"""What speaks for a moment and for a clip: ratios of chances, this viewer's over anybody's.

Letters: B histories of L clips, M sets of hidden frames a history, K frames, J kinds, N items.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional as F

from mealrec.explain.walks import Walks
from mealrec.types import ItemFeatures, Items

if TYPE_CHECKING:
    from mealrec.explain.served import Model

# How many viewers stand for anybody; a walk of so many takes a moment while a model is loaded.
VIEWERS = 512
# What no viewer wants has a logarithm too.
_NEVER = 1e-12


@dataclass(frozen=True)
class Anybody:
    """What a model makes of viewers of whom one clip is known: the reference of all evidence.

    `wanted` [J] is what part of their next click is for each kind, by how often their clips are
    watched; `usual` [J] is how much of each kind is there to be watched.
    """

    wanted: Tensor
    usual: Tensor

    @classmethod
    @torch.no_grad()
    def of(cls, model: Model, features: ItemFeatures, items: Items) -> Anybody:
        """Walk histories of one clip each: up to VIEWERS, spread over what training saw."""
        # Every so many items of training, one viewer each.
        known = features.has_id.nonzero().squeeze(1)
        rows = known[:: math.ceil(len(known) / VIEWERS)]
        # What they want next, by how often their clips are watched.
        preferences = Walks(model, items, rows.unsqueeze(1)).preferences.squeeze(1)
        wanted = model.popularity(items, rows) @ model.table.wanted(preferences, items.anybody)
        return cls(wanted, items.anybody)

    def lift(self, model: Model, preferences: Tensor) -> Tensor:
        """Return how many times more than anybody preferences [..., J] want each kind [..., J]."""
        return model.table.wanted(preferences, self.usual) / self.wanted


def interest(walks: Walks, anybody: Anybody) -> Tensor:
    """Return the evidence that the viewer is out for moments like the last clip's frames [B, K].

    It is the log of how many times more than anybody the viewer wants the frame's kinds, where the
    walk of the earlier clips ends; 0 is none. The last clip vouches for no frame of its own; one on
    its own has no other to ask.
    """
    earlier = walks.without[walks.numbers, walks.lengths - 1]
    return log_lift_of_frames(walks, anybody, earlier)


def log_lift_of_frames(walks: Walks, anybody: Anybody, preferences: Tensor) -> Tensor:
    """Return the log of how many times more than anybody the last clips' frames are wanted [B, K].

    `preferences` [B, J'] want them.
    """
    # What is wanted of each kind, and how much of that a frame shows.
    lift = anybody.lift(walks.model, preferences)
    of_frames = (walks.items.moments[walks.last] @ lift.unsqueeze(-1)).squeeze(-1)
    return torch.log(of_frames + _NEVER)


def agreement(walks: Walks, anybody: Anybody) -> Tensor:
    """Return how much better a history's clips are foreseen with a clip among them [B, L].

    A clip is foreseen by those before it: the log of how many times more than anybody they want its
    kinds. So a clip counts by how well those before it call for it, and by what it does for those
    behind it; an accidental click tends to be low. 0 where there are no others, and on padding.
    """
    # How well each clip is foreseen by all before it, and by all but one; padding is not there.
    kinds = walks.items.kinds[walks.histories]
    is_there = walks.histories > 0
    with_all = _foreseen(walks, anybody, walks.after, kinds) * is_there
    with_one_left_out = _foreseen(walks, anybody, walks.leaving, kinds.unsqueeze(1))
    with_one_left_out = with_one_left_out * is_there.unsqueeze(1)

    # The clip that is left out is not there either, and without the first clip nothing foresees
    # the second.
    uncounted = torch.eye(kinds.shape[1], dtype=torch.bool, device=kinds.device)
    uncounted[0, 1:2] = True
    rest = with_one_left_out.masked_fill(uncounted, 0.0)
    return (with_all.sum(-1, keepdim=True) - rest.sum(-1)) * walks.told


def _foreseen(walks: Walks, anybody: Anybody, preferences: Tensor, kinds: Tensor) -> Tensor:
    """Return how well clips are foreseen [..., L] by the `preferences` [..., L, J'] before them.

    `kinds` [..., L, J] are the clips'. 0 for the first clip. The model takes a share of all clicks
    for accidents: one surprise does not count without bound.
    """
    # Each clip by the preference one place earlier.
    accident = walks.model.table.log_accident.exp()
    lift = anybody.lift(walks.model, preferences[..., :-1, :])
    of_clips = (kinds[..., 1:, :] * lift).sum(-1)
    return F.pad(torch.log((accident + of_clips) / (accident + 1)), (1, 0))


def influence(walks: Walks) -> Tensor:
    """Return how far the first recommendation's log-probability falls in each row [B, M].

    0 in the first row, whose first recommendation it is.
    """
    return walks.of_top[:, :1] - walks.of_top


def runs(shares: Tensor) -> tuple[tuple[int, ...], ...]:
    """Return a clip's moments: the runs of neighbouring frames whose main kind is one.

    `shares` [K, J] are the kinds in its frames.
    """
    # A frame of the same kind as the one before it goes on with that moment.
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
    """Return which frames to hide so that every moment and frame can be judged; no set twice.

    They are none, each moment, all but each moment, all, and each frame; always with `hidden`.
    """
    # Each moment taken away, each moment alone, nothing left, each frame taken away.
    every_frame = sum(moments, ())
    wanted = [(), *moments]
    wanted += [all_but(moments, moment) for moment in moments]
    wanted += [every_frame]
    wanted += [(frame,) for frame in every_frame]

    # Each with what is hidden anyway; what then is the same is walked once.
    sets = [tuple(sorted({*hidden, *frames})) for frames in wanted]
    return tuple(dict.fromkeys(sets))


def all_but(moments: Sequence[tuple[int, ...]], kept: tuple[int, ...]) -> tuple[int, ...]:
    """Return the frames of all moments but one."""
    others = [moment for moment in moments if moment != kept]
    return sum(others, ())


def masks_of(sets: Sequence[Sequence[int]], num_frames: int) -> Tensor:
    """Return sets of frames as masks [M, K] bool."""
    masks = torch.zeros(len(sets), num_frames, dtype=torch.bool)
    for mask, frames in zip(masks, sets, strict=True):
        mask[list(frames)] = True
    return masks
