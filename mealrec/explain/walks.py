"""Histories walked as they are, with frames of their last clip hidden, and without each clip.

Letters: B histories of L clips, M sets of hidden frames a history, K frames, J kinds, N items.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional as F

from mealrec.models.history import Rows, before
from mealrec.types import Items, prefixes_of

if TYPE_CHECKING:
    from mealrec.explain.served import Model


class Walks:
    """What a walk makes of B histories [B, L] of item indices, right-padded with 0.

    All rows share one noise, drawn from `seed`: they differ in what they show alone. `hidden`
    [B, M, K] says which frames of a history's last clip are hidden in each of its M rows; by
    default M is 1 and nothing is hidden. A hidden frame is hidden from everything at once: in its
    place stands the mean of the frames that the clip still shows. A clip without any frame left
    shows what anybody watches; its title and ID stay.

    `ranked` are the N items to rank, by default `items`, in which the histories count. `candidates`
    [B, N+1] says which of them may be ranked, by default all but padding and the history's own.
    `num_steps` is T of both walks, by default the trained one. With `leaves_out` the histories'
    beginnings and the histories without each clip are walked as well: `after`, `leaving` and
    `without` tell of them.

    Attributes: `walk` of all B·M rows, a history's rows together, with `leaves_out` more behind
    them; `preferences` [B, M, J'] where they end (J' is J and what else ranks); the histories'
    `numbers` [B], 0 to B - 1, and `lengths` [B]; `last` [B], the last clip's item index; `told`
    [B, L], which clips have another that tells of them.
    """

    def __init__(
        self,
        model: Model,
        items: Items,
        histories: Tensor,
        seed: int = 0,
        candidates: Tensor | None = None,
        hidden: Tensor | None = None,
        num_steps: int | None = None,
        ranked: Items | None = None,
        leaves_out: bool = False,
    ):
        self.model = model
        self.items = items
        self.histories = histories
        self.ranked = items if ranked is None else ranked
        self.candidates = self._unwatched() if candidates is None else candidates
        self.hidden = self._nothing_hidden() if hidden is None else hidden

        # Where each history ends, and which parts of it there are.
        is_clip = histories > 0
        self.lengths = is_clip.sum(1)
        self.last = histories.gather(1, self.lengths[:, None] - 1).squeeze(1)
        self.told = is_clip & (self.lengths > 1).unsqueeze(1)
        self.numbers = torch.arange(len(histories), device=histories.device)
        self._parts = _Parts(self.lengths, histories.shape[1])

        # A walk reads the items that the histories name, and no others of the catalogue.
        named = torch.cat([histories.new_zeros(1), histories.flatten()]).unique()
        whole = torch.searchsorted(named, histories.contiguous())
        near, rows, asked = self._shown(items.rows(named), whole)

        # Walk every history M times, and where it is wanted their parts in the same batch.
        num_shown = len(rows)
        if leaves_out:
            rows, asked = self._with_parts(rows, asked, whole)
        if not model.causal:
            # Such a backbone looks ahead: what comes later must not be there to be seen.
            rows = prefixes_of(rows, asked)
            asked = torch.arange(len(rows), device=rows.device), asked[1]
        context = model.context(near, rows, asked)
        self.walk = model.walk(context, near, torch.Generator().manual_seed(seed), num_steps)
        parts = [num_shown, num_shown + len(self._parts.users)]
        ends, self._after_beginnings, self._after_rests = self.walk.preference.tensor_split(parts)
        self.preferences = ends.unflatten(0, self.hidden.shape[:2])

    @cached_property
    def after(self) -> Tensor:
        """Return the preference after each clip [B, L, J'], given no later one; 0 on padding."""
        after = self.preferences.new_zeros(*self.histories.shape, self.preferences.shape[-1])
        after[self._parts.users, self._parts.left] = self._after_beginnings
        after[self.numbers, self.lengths - 1] = self.preferences[:, 0]
        return after

    @cached_property
    def leaving(self) -> Tensor:
        """Return the preference after each clip without a clip of those so far [B, L, L, J'].

        Entry [b, l, p] is of the clips 0 to p but l. It is 0 where none is left, and on padding.
        """
        places = torch.arange(self.histories.shape[1], device=self.last.device)
        # Leaving out a later clip changes nothing; leaving out the latest is ending one earlier.
        leaving = self.after.unsqueeze(1).repeat(1, len(places), 1, 1)
        leaving[:, places, places] = before(self.after)
        # Leaving out an earlier one is a walk of its own.
        users = self._parts.users[self._parts.row]
        left = self._parts.left[self._parts.row]
        leaving[users, left, self._parts.later] = self._after_rests
        return leaving

    @cached_property
    def without(self) -> Tensor:
        """Return the preference at the end of each history without each of its clips [B, L, J'].

        A clip on its own is not left out: its entry is its own. On padding the entries are 0.
        """
        at_end = self.leaving[self.numbers, :, self.lengths - 1]
        return torch.where(self.told.unsqueeze(-1), at_end, self.after)

    @cached_property
    def ends(self) -> Tensor:
        """Return the candidates' scores where the walks end [B, M, N+1]; -inf for the others."""
        return self.scores(self.preferences)

    @cached_property
    def top(self) -> Tensor:
        """Return the first recommendation of each history [B]."""
        return self.ends[:, 0].argmax(1)

    @cached_property
    def of_top(self) -> Tensor:
        """Return the log-probability of each history's first recommendation [B, M]."""
        return self.ends.log_softmax(-1).take_along_dim(self.top[:, None, None], 2).squeeze(2)

    def scores(self, preferences: Tensor) -> Tensor:
        """Return the candidates' scores [B, M, N+1] of preferences [B, M, J']; -inf elsewhere."""
        # The head knows rows alone, so the two axes are one for a moment.
        scores = self.model.table.scores(preferences.flatten(0, 1), self.ranked)
        scores = scores.unflatten(0, preferences.shape[:2])
        return scores.masked_fill_(~self.candidates.unsqueeze(1), float("-inf"))

    def _shown(self, near: Items, whole: Tensor) -> tuple[Items, Tensor, Rows]:
        """Return each history M times, its last clip replaced by itself with frames hidden.

        `whole` [B, L] are indices of the items `near`. What comes back are the items, the rows
        [B·M, L] of their indices, and where each row ends.
        """
        count = self.hidden.shape[1]
        # The replacements lie behind the items that the histories name, one a row.
        last = whole.gather(1, self.lengths[:, None] - 1).squeeze(1).repeat_interleave(count)
        clips = near.rows(last)
        clips = clips.showing(shown(clips.moments, self.hidden.flatten(0, 1), clips.anybody))
        indices = len(near) + torch.arange(len(clips), device=last.device)

        # Each row of indices ends with its own replacement.
        ends = (self.lengths - 1).repeat_interleave(count)
        rows = whole.repeat_interleave(count, 0).scatter(1, ends[:, None], indices[:, None])
        asked = torch.arange(len(rows), device=last.device), ends
        return near.followed_by(clips), rows, asked

    def _with_parts(self, rows: Tensor, asked: Rows, whole: Tensor) -> tuple[Tensor, Rows]:
        """Return the rows with the histories `whole` [B, L] without a clip behind them [R + P, L].

        And behind what is `asked` where the parts end: P beginnings, then Q ends of histories
        without a clip.
        """
        # Without a clip those behind it move up by one.
        parts = self._parts
        places = torch.arange(whole.shape[1] - 1, device=whole.device)
        kept = places + (places >= parts.left[:, None])
        rest = F.pad(whole[parts.users[:, None], kept], (0, 1))

        # A beginning is a position of its history's first row: no later clip is seen from there.
        beginnings = parts.users * self.hidden.shape[1], parts.left
        rests = len(rows) + parts.row, parts.later - 1
        asked = tuple(torch.cat(each) for each in zip(asked, beginnings, rests, strict=True))
        return torch.cat([rows, rest]), asked

    def _nothing_hidden(self) -> Tensor:
        shape = len(self.histories), 1, self.items.moments.shape[1]
        return torch.zeros(shape, dtype=torch.bool, device=self.histories.device)

    def _unwatched(self) -> Tensor:
        shape = len(self.histories), len(self.ranked)
        allowed = torch.ones(shape, dtype=torch.bool, device=self.histories.device)
        allowed.scatter_(1, self.histories, False)
        allowed[:, 0] = False
        return allowed


class _Parts:
    """The parts of histories that tell what each clip does: beginnings, and all without one clip.

    Of a history without its last clip, or cut before a clip that is left out, no row is needed:
    it is a beginning. So only clips with another behind them are left out, [P] of them, by history
    `users` and place `left`. After each of the clips behind those a preference is asked for, [Q] in
    all: `row` says in which of the P, `later` at which place of the whole history.
    """

    def __init__(self, lengths: Tensor, longest: int):
        """Find them in histories of some lengths [B]."""
        places = torch.arange(longest, device=lengths.device)
        self.users, self.left = (places < lengths[:, None] - 1).nonzero(as_tuple=True)
        is_behind = places > self.left[:, None]
        is_there = places < lengths[self.users][:, None]
        self.row, self.later = (is_behind & is_there).nonzero(as_tuple=True)


def shown(moments: Tensor, hidden: Tensor, anybody: Tensor) -> Tensor:
    """Return moments [R, K, J] with those `hidden` [R, K] replaced by the mean of the others.

    Where all are hidden they are what `anybody` [J] watches.
    """
    # The mean of the frames that are still shown; of none there is no mean.
    kept = (~hidden).to(moments)
    count = kept.sum(1)[:, None]
    mean = (kept.unsqueeze(1) @ moments).squeeze(1) / count.clamp(min=1)
    instead = torch.where(count > 0, mean, anybody / anybody.sum())
    return torch.where(hidden.unsqueeze(-1), instead.unsqueeze(1), moments)


def as_sure(noisy: Tensor, clean: Tensor) -> Tensor:
    """Return x_t [..., J], which lives at unit variance, at the length of x̂_0 [..., J].

    Both then want as firmly.
    """
    return noisy * clean.std(-1, keepdim=True, correction=0)
