"""Histories walked as they are, with frames of their last clip hidden, and without each clip:
one noise for all."""

from __future__ import annotations

from functools import cached_property

import torch
from torch import Tensor
from torch.nn import functional as F

from mealrec.explain.forms import Model
from mealrec.models.diffusions import Walk
from mealrec.models.history import Rows
from mealrec.models.table import Items


class Walks:
    """B histories [B, L], right-padded with 0, and what a walk makes of them, computed when asked
    for.

    With the seed all rows share one noise: they differ in what they show alone. `candidates` [B,
    N+1] says what may be ranked: by default all but padding and the history's own items. `hidden`
    [B, M, K] says which frames of each last clip are hidden in each of its M rows: by default none
    (M = 1). `num_steps` is T of both walks, by default the trained one. `ranked` are the N items to
    rank, by default all `items`; others among these come behind them. With `leaves_out` what
    `after`, `leaving` and `without` ask for is walked in the same batch.

    A hidden frame is hidden from everything at once: in its place stands the mean of the frames
    that the clip still shows. A clip without any frame left shows what anybody watches; its title
    and ID stay.
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
        self.model, self.items, self.histories, self.seed = model, items, histories, seed
        self.num_steps, self.leaves_out = num_steps, leaves_out
        self.lengths = (histories > 0).sum(1)
        self.last = histories.gather(1, self.lengths[:, None] - 1).squeeze(1)
        self.ranked = items if ranked is None else ranked
        self.candidates = self._unseen() if candidates is None else candidates
        self.hidden = self._nothing() if hidden is None else hidden

    @cached_property
    def walk(self) -> Walk:
        """Return the walks of all B·M rows, a history's together; with `leaves_out` those of its
        parts behind them."""
        near, stand_ins = self._near, self._stand_ins
        count = self.hidden.shape[1]
        places = len(near) + torch.arange(len(stand_ins), device=self.last.device)
        ends = self.lengths.repeat_interleave(count)[:, None] - 1
        rows = (
            self._among_named(self.histories)
            .repeat_interleave(count, 0)
            .scatter(1, ends, places[:, None])
        )
        asked = torch.arange(len(rows), device=ends.device), ends.squeeze(1)
        if self.leaves_out:
            own, first = asked[0][::count], len(rows)
            rows = torch.cat([rows, self._others])
            asked = tuple(
                torch.cat(pair) for pair in zip(asked, self._parts(own, first), strict=True)
            )
        return self._walked(near.followed_by(stand_ins), rows, asked)

    @cached_property
    def preferences(self) -> Tensor:
        """Return what ranks where the walks end [B, M, J]; entry 0 is the history as it is
        asked."""
        return self.walk.preference[: self.hidden.shape[0] * self.hidden.shape[1]].unflatten(
            0, self.hidden.shape[:2]
        )

    @cached_property
    def after(self) -> Tensor:
        """Return the preference after each clip [B, L, J], given no later one; 0 on padding."""
        places = self.told & ~self._is_last
        after = self.preferences[:, :1] * self._is_last.unsqueeze(-1)
        return after.masked_scatter(places.unsqueeze(-1), self._of_parts)

    @cached_property
    def leaving(self) -> Tensor:
        """Return the preference after each clip without a clip l of those before it, or itself [B,
        L, L, J].

        Entry [b, l, p] is of the clips 0 to p but l. It is 0 where none is left, and on padding.
        """
        steps = torch.arange(self.histories.shape[1], device=self.last.device)
        found = self.after.unsqueeze(1).repeat(1, len(steps), 1, 1)
        found[:, steps, steps] = F.pad(self.after, (0, 0, 1, 0))[:, :-1]
        users, places = self._left
        rows, later = self._later
        found[users[rows], places[rows], later] = self._of_parts[len(users) :]
        return found

    @cached_property
    def without(self) -> Tensor:
        """Return the preference at the end of each history without each of its clips [B, L, J].

        A clip on its own is not left out: its entry is its own. On padding the entries are 0.
        """
        ends = (self.lengths - 1)[:, None, None, None].expand(
            -1, self.histories.shape[1], 1, self.leaving.shape[-1]
        )
        found = self.leaving.gather(2, ends).squeeze(2)
        return torch.where(self.told.unsqueeze(-1), found, self.after)

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

    @cached_property
    def told(self) -> Tensor:
        """Return which clips have others beside them [B, L], which can tell something of them."""
        return (self.histories > 0) & (self.lengths > 1).unsqueeze(1)

    def scores(self, preferences: Tensor) -> Tensor:
        """Return the candidates' scores [B, M, N+1] for preferences [B, M, J]; -inf for the
        others."""
        scores = self.model.table.scores(preferences.flatten(0, 1), self.ranked).unflatten(
            0, preferences.shape[:2]
        )
        return scores.masked_fill_(~self.candidates.unsqueeze(1), float("-inf"))

    def _walked(self, items: Items, histories: Tensor, asked: Rows) -> Walk:
        if not self.model.causal:  # what comes later must not be there to be seen
            users, places = asked
            steps = torch.arange(histories.shape[1], device=histories.device)
            histories = histories[users] * (steps <= places[:, None])
            asked = torch.arange(len(users), device=histories.device), places
        generator = torch.Generator().manual_seed(self.seed)
        return self.model.walk(
            self.model.context(items, histories, asked), items, generator, self.num_steps
        )

    @cached_property
    def _of_parts(self) -> Tensor:
        """Return the preferences of all parts of the histories, as `_parts` lists them."""
        if self.leaves_out:
            return self.walk.preference[self.hidden.shape[0] * self.hidden.shape[1] :]
        histories = self._among_named(self.histories)
        asked = self._parts(torch.arange(len(histories), device=histories.device), len(histories))
        if not len(asked[0]):
            return self.preferences.new_zeros(0, self.preferences.shape[-1])
        return self._walked(self._near, torch.cat([histories, self._others]), asked).preference

    def _parts(self, own: Tensor, first: int) -> Rows:
        """Return where parts of the histories end: before the last clip of each, and after a clip
        that is left out.

        `own` [B] are the rows of the histories, those with a clip left out begin at row `first`. A
        history without its last clip, or without one that comes later, is one of the first kind.
        """
        users, places = self._left
        rows, later = self._later
        return torch.cat([own[users], first + rows]), torch.cat([places, later - 1])

    @cached_property
    def _left(self) -> Rows:
        """Return the histories and the places of all clips that have one behind them."""
        return (self.told & ~self._is_last).nonzero(as_tuple=True)

    @cached_property
    def _later(self) -> Rows:
        """Return which of `_left`, and the places of all clips behind each of those."""
        steps = torch.arange(self.histories.shape[1], device=self.last.device)
        users, places = self._left
        return ((steps > places[:, None]) & (steps < self.lengths[users][:, None])).nonzero(
            as_tuple=True
        )

    @property
    def _is_last(self) -> Tensor:
        """Say of each place [B, L] whether the history's last clip is there."""
        return (
            torch.arange(self.histories.shape[1], device=self.last.device)
            == self.lengths[:, None] - 1
        )

    @cached_property
    def _named(self) -> Tensor:
        """Return padding and the items that the histories name, in rising order: a walk reads no
        others."""
        return torch.cat([self.histories.new_zeros(1), self.histories.flatten()]).unique()

    @cached_property
    def _near(self) -> Items:
        return self.items.rows(self._named)

    def _among_named(self, rows: Tensor) -> Tensor:
        return torch.searchsorted(self._named, rows.contiguous())

    @property
    def _stand_ins(self) -> Items:
        """Return what stands in for the last clips: the same with frames hidden [B·M]."""
        last = self._near.rows(self._among_named(self.last).repeat_interleave(self.hidden.shape[1]))
        return last.showing(shown(last.moments, self.hidden.flatten(0, 1), last.anybody))

    @property
    def _others(self) -> Tensor:
        """Return the histories without each clip of `_left`, padded to the same length."""
        return F.pad(others(self._among_named(self.histories))[self._left], (0, 1))

    def _nothing(self) -> Tensor:
        shape = len(self.histories), 1, self.items.moments.shape[1]
        return torch.zeros(shape, dtype=torch.bool, device=self.histories.device)

    def _unseen(self) -> Tensor:
        allowed = torch.ones(
            len(self.histories), len(self.ranked), dtype=torch.bool, device=self.histories.device
        )
        return allowed.scatter(1, self.histories, False).index_fill(
            1, self.histories.new_zeros(1), False
        )


def shown(moments: Tensor, hidden: Tensor, anybody: Tensor) -> Tensor:
    """Return moments [R, K, J] with those `hidden` [R, K] replaced by the mean of the others.

    Where all are hidden they are what `anybody` [J] watches.
    """
    kept = (~hidden).to(moments)
    count = kept.sum(1)[:, None]
    mean = (kept.unsqueeze(1) @ moments).squeeze(1) / count.clamp(min=1)
    instead = torch.where(count > 0, mean, anybody / anybody.sum())
    return torch.where(hidden.unsqueeze(-1), instead.unsqueeze(1), moments)


def others(histories: Tensor) -> Tensor:
    """Return histories [B, L] without each of their clips in turn [B, L, L - 1]."""
    places = torch.arange(histories.shape[1], device=histories.device)
    return histories[:, places[:-1] + (places[:-1] >= places.unsqueeze(1))]
