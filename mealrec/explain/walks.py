"""Histories walked as they are, with frames of their last clip hidden, and without each clip.

Letters: B histories of L clips, M sets of hidden frames a history, K frames, J kinds, N items.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional as F

from mealrec.models.diffusions import Walk
from mealrec.models.history import Rows
from mealrec.types import Items

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
    `num_steps` is T of both walks, by default the trained one. With `leaves_out` the parts that
    `after`, `leaving` and `without` tell of are walked in the same batch, else when asked for.

    Attributes: `walk` of all B·M rows, a history's rows together, its parts behind them;
    `preferences` [B, M, J'] where they end (J' is J and what else ranks); `lengths` [B]; `last`
    [B], the last clip's item index; `told` [B, L], which clips have another that tells of them.
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
        self._seed = seed
        self._num_steps = num_steps

        # Where each history ends, and which clips have one behind them.
        places = torch.arange(histories.shape[1], device=histories.device)
        present = histories > 0
        self.lengths = present.sum(1)
        self.last = histories.gather(1, self.lengths[:, None] - 1).squeeze(1)
        self.told = present & (self.lengths > 1).unsqueeze(1)
        self._is_last = places == self.lengths[:, None] - 1
        self._parts = _Parts(self.lengths, self.told & ~self._is_last)

        # A walk reads the items that the histories name, and no others of the catalogue.
        named = torch.cat([histories.new_zeros(1), histories.flatten()]).unique()
        self._near = items.rows(named)
        self._rows = torch.searchsorted(named, histories.contiguous())

        # Walk every history M times, and where it is wanted their parts in the same batch.
        with_hidden, rows, asked = self._shown()
        num_shown = len(rows)
        if leaves_out:
            # The beginnings of a history are positions of its first row.
            own = torch.arange(0, num_shown, self.hidden.shape[1], device=rows.device)
            rows, of_parts = self._parts.added(rows, own, self._rows)
            asked = tuple(torch.cat(pair) for pair in zip(asked, of_parts, strict=True))
        self.walk = self._walk(with_hidden, rows, asked)
        self.preferences = self.walk.preference[:num_shown].unflatten(0, self.hidden.shape[:2])
        self._walked_parts = self.walk.preference[num_shown:] if leaves_out else None

    @cached_property
    def after(self) -> Tensor:
        """Return the preference after each clip [B, L, J'], given no later one; 0 on padding."""
        prefixes = self._of_parts[: self._parts.num_prefixes]
        after = self.preferences[:, :1] * self._is_last.unsqueeze(-1)
        return after.masked_scatter((self.told & ~self._is_last).unsqueeze(-1), prefixes)

    @cached_property
    def leaving(self) -> Tensor:
        """Return the preference after each clip without a clip of those so far [B, L, L, J'].

        Entry [b, l, p] is of the clips 0 to p but l. It is 0 where none is left, and on padding.
        """
        places = torch.arange(self.histories.shape[1], device=self.last.device)
        parts = self._parts
        # Leaving out a later clip changes nothing; leaving out the latest is ending one earlier.
        found = self.after.unsqueeze(1).repeat(1, len(places), 1, 1)
        found[:, places, places] = F.pad(self.after, (0, 0, 1, 0))[:, :-1]
        # Leaving out an earlier one is a walk of its own.
        of_rest = self._of_parts[parts.num_prefixes :]
        found[parts.users[parts.row], parts.left[parts.row], parts.later] = of_rest
        return found

    @cached_property
    def without(self) -> Tensor:
        """Return the preference at the end of each history without each of its clips [B, L, J'].

        A clip on its own is not left out: its entry is its own. On padding the entries are 0.
        """
        ends = (self.lengths - 1)[:, None, None, None]
        width = self.leaving.shape[-1]
        at_end = self.leaving.gather(2, ends.expand(-1, self.histories.shape[1], 1, width))
        return torch.where(self.told.unsqueeze(-1), at_end.squeeze(2), self.after)

    @cached_property
    def ends(self) -> Tensor:
        """Return the candidates' scores where the walks end [B, M, N+1]; -inf for the others."""
        return self.scores(self.preferences)

    @cached_property
    def outcomes(self) -> Tensor:
        """Return the candidates' log-probabilities where the walks end [B, M, N+1]."""
        return self.ends.log_softmax(-1)

    @cached_property
    def top(self) -> Tensor:
        """Return the first recommendation of each history [B]."""
        return self.ends[:, 0].argmax(1)

    def scores(self, preferences: Tensor) -> Tensor:
        """Return the candidates' scores [B, M, N+1] of preferences [B, M, J']; -inf elsewhere."""
        # The head knows rows alone, so the two axes are one for a moment.
        scores = self.model.table.scores(preferences.flatten(0, 1), self.ranked)
        scores = scores.unflatten(0, preferences.shape[:2])
        return scores.masked_fill_(~self.candidates.unsqueeze(1), float("-inf"))

    @cached_property
    def _of_parts(self) -> Tensor:
        """Return where the parts end: the prefixes first, then the histories without a clip."""
        if self._walked_parts is not None:
            return self._walked_parts
        if not self._parts.num_prefixes:
            return self.preferences.new_zeros(0, self.preferences.shape[-1])
        own = torch.arange(len(self._rows), device=self._rows.device)
        rows, asked = self._parts.added(self._rows, own, self._rows)
        return self._walk(self._near, rows, asked).preference

    def _shown(self) -> tuple[Items, Tensor, Rows]:
        """Return each history M times, its last clip replaced by itself with frames hidden.

        They are the items, the rows [B·M, L] of their indices, and where each row ends.
        """
        count = self.hidden.shape[1]
        # The replacements lie behind the items that the histories name, one a row.
        last = self._rows.gather(1, self.lengths[:, None] - 1).squeeze(1).repeat_interleave(count)
        clips = self._near.rows(last)
        clips = clips.showing(shown(clips.moments, self.hidden.flatten(0, 1), clips.anybody))
        indices = len(self._near) + torch.arange(len(clips), device=last.device)

        # Each row of indices ends with its own replacement.
        ends = (self.lengths - 1).repeat_interleave(count)
        rows = self._rows.repeat_interleave(count, 0).scatter(1, ends[:, None], indices[:, None])
        asked = torch.arange(len(rows), device=last.device), ends
        return self._near.followed_by(clips), rows, asked

    def _walk(self, items: Items, rows: Tensor, asked: Rows) -> Walk:
        """Walk from the positions `asked` of rows [R, L]."""
        if not self.model.causal:
            # Such a backbone looks ahead: what comes later must not be there to be seen.
            histories, places = asked
            steps = torch.arange(rows.shape[1], device=rows.device)
            rows = rows[histories] * (steps <= places[:, None])
            asked = torch.arange(len(histories), device=rows.device), places
        generator = torch.Generator().manual_seed(self._seed)
        context = self.model.context(items, rows, asked)
        return self.model.walk(context, items, generator, self._num_steps)

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

    def __init__(self, lengths: Tensor, has_later: Tensor):
        """Find them; `lengths` [B], `has_later` [B, L]: which clips have another behind them."""
        places = torch.arange(has_later.shape[1], device=lengths.device)
        self.users, self.left = has_later.nonzero(as_tuple=True)
        is_behind = places > self.left[:, None]
        is_there = places < lengths[self.users][:, None]
        self.row, self.later = (is_behind & is_there).nonzero(as_tuple=True)
        self.num_prefixes = len(self.users)

    def added(self, rows: Tensor, own: Tensor, histories: Tensor) -> tuple[Tensor, Rows]:
        """Return the rows [R, L] with the histories without a clip behind them [R + P, L].

        And where the parts end: P beginnings, then Q ends of histories without a clip. `own` [B]
        are the rows in which the histories [B, L] stand as they are.
        """
        # The rows themselves, as long as the others.
        rest = F.pad(others(histories)[self.users, self.left], (0, 1))
        # After each clip that has one behind it, then after each clip behind one left out, which
        # stands one place earlier there.
        part_rows = torch.cat([own[self.users], len(rows) + self.row])
        part_ends = torch.cat([self.left, self.later - 1])
        return torch.cat([rows, rest]), (part_rows, part_ends)


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


def others(histories: Tensor) -> Tensor:
    """Return histories [B, L] without each of their clips in turn [B, L, L - 1]."""
    places = torch.arange(histories.shape[1], device=histories.device)
    return histories[:, places[:-1] + (places[:-1] >= places.unsqueeze(1))]


def as_sure(noisy: Tensor, clean: Tensor) -> Tensor:
    """Return x_t [..., J], which lives at unit variance, at the length of x̂_0 [..., J].

    Both then want as firmly.
    """
    return noisy * clean.std(-1, keepdim=True, correction=0)
