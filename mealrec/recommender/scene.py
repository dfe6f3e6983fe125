"""Histories walked as they are and with frames of their last item hidden: one batch, one noise."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from torch.nn import functional as F

from mealrec.models.mealrec import MealRec, Walk
from mealrec.models.table import Items
from mealrec.recommender.reference import Reference, items_at
from mealrec.types import ItemFeatures


@dataclass(frozen=True)
class Ending:
    """What the last items of M histories look like: `moments` [M, K, D], `visual` [M, D] (v_i), `anchor` [M, C]."""

    moments: Tensor
    visual: Tensor
    anchor: Tensor


def scored(model: MealRec, preferences: Tensor, items: Items, free: Tensor) -> Tensor:
    """Return the scores [R, N+1] of preferences [R, D or D + 2C], a block of items at a time; -inf but for `free`."""
    found, start = preferences.new_empty(len(preferences), len(items.bias)), 0
    for block in items.blocks():
        stop = start + len(block.bias)
        found[:, start:stop] = model.table.scores(preferences, block)
        start = stop
    return found.masked_fill_(~free, float("-inf"))


def mean_frame(items: Items, features: ItemFeatures) -> Tensor:
    """Return the mean content-mapped frame [D] of the items that have frames."""
    shown = features.has_visual.to(items.moments.dtype)  # a product copies no frames, an index would
    return (shown @ items.moments.flatten(1)).view(items.moments.shape[1:]).mean(0) / shown.sum().clamp(min=1)


class Scene:
    """B histories [B, L], right-padded with 0, and what a walk makes of them, computed once and when asked for.

    With the seed all rows share one noise: they differ in the hidden frames alone. `candidates` [B, N+1] says
    what may be ranked: by default all but padding and the history's own items. `hidden` [B, M, K] says which
    frames of each last item are absent in each of its M rows: by default none, then each frame alone (M = K+1).
    `reference` spares making one anew for the same model and items. `num_steps` is T of both walks, by default the
    trained one. `ranked` are the N items to rank, by default all `items`; others among these come behind them.
    """

    def __init__(
        self,
        model: MealRec,
        features: ItemFeatures,
        items: Items,
        histories: Tensor,
        seed: int = 0,
        candidates: Tensor | None = None,
        hidden: Tensor | None = None,
        reference: Reference | None = None,
        num_steps: int | None = None,
        ranked: Items | None = None,
    ):
        self.model, self.features, self.items, self.histories, self.seed = model, features, items, histories, seed
        self.num_steps = num_steps
        self.lengths = (histories > 0).sum(1)
        self.last = histories.gather(1, self.lengths[:, None] - 1).squeeze(1)
        self.ranked = items if ranked is None else ranked
        self.candidates = self._unseen() if candidates is None else candidates
        self.hidden = self._each_frame() if hidden is None else hidden
        self._reference = reference

    @cached_property
    def walk(self) -> Walk:
        """Return the walks of all B·M rows; a history's rows lie together."""
        return self._walk(self._endings)

    @cached_property
    def bare_walk(self) -> Walk:
        """Return the walks of the B histories alone, with no frame hidden."""
        shown = Ending(self.items.moments[self.last], self.items.visual[self.last], self.items.anchor[self.last])
        return self._walk(shown)

    @cached_property
    def preferences(self) -> Tensor:
        """Return what ranks where the walks end [B, M, D or D + 2C]; entry 0 is the history as it is asked."""
        return self.walk.preference.unflatten(0, (len(self.histories), -1))

    @property
    def ends(self) -> Tensor:
        """Return the candidates' scores where the walks end [B, M, N+1]; -inf for the others."""
        return self._scored[:, : self.preferences.shape[1]]

    @property
    def beginnings(self) -> Tensor:
        """Return the same of each history's first step of NPD [B, N+1], or of its end where there is no NPD."""
        return self._scored[:, -1] if self.walk.npd else self._scored[:, 0]

    @cached_property
    def _scored(self) -> Tensor:
        # ends and beginnings at once: a large catalogue is read once for all of them
        preferences = self.preferences
        if self.walk.npd:
            content = preferences[:, :1, self.model.config.width :]
            first = self.walk.npd[0].x0_hat.unflatten(0, preferences.shape[:2])[:, :1]
            preferences = torch.cat([preferences, self.model.preference(first, content)], 1)
        free = self.candidates.repeat_interleave(preferences.shape[1], 0)
        return scored(self.model, preferences.flatten(0, 1), self.ranked, free).unflatten(0, preferences.shape[:2])

    @cached_property
    def outcomes(self) -> Tensor:
        """Return the candidates' log-probabilities where the walks end [B, M, N+1]."""
        return self.ends.log_softmax(-1)

    @cached_property
    def named(self) -> Tensor:
        """Return padding and the items that the histories name, in rising order."""
        return torch.cat([self.histories.new_zeros(1), self.histories.flatten()]).unique()

    @cached_property
    def near(self) -> Items:
        """Return the items of `named` alone: encoding a history then adds up no whole catalogue."""
        return items_at(self.items, self.named)

    @cached_property
    def reference(self) -> Reference:
        """Return what the model expects of anybody."""
        return self._reference or Reference.of(self.model, self.features, self.items)

    @cached_property
    def frames(self) -> Tensor:
        """Return the last item's content-mapped frames [B, K, D]."""
        return self.items.moments[self.last]

    @cached_property
    def top(self) -> Tensor:
        """Return the first recommendation of each history [B]."""
        return self.ends[:, 0].argmax(1)

    @cached_property
    def mean_frame(self) -> Tensor:
        """Return the catalogue's mean content-mapped frame [D]."""
        return mean_frame(self.items, self.features)

    @cached_property
    def visual_shifts(self) -> Tensor:
        """Return how v_i of the last item moves when frame k leaves the mean over its frames [B, K, D]."""
        mean, count = self.frames.mean(1, keepdim=True), self.frames.shape[1]
        return (mean - self.frames) / (count - 1) if count > 1 else self.model.content.absent_visual - self.frames

    def start_at(self, items: Items, histories: Tensor, positions: Tensor) -> Tensor:
        """Return x_0 [M, D] of histories [M, L] after their `positions` [M]."""
        return self.model.encode(items, histories)[torch.arange(len(positions), device=positions.device), positions]

    def log_probabilities(self, preferences: Tensor) -> Tensor:
        """Return the candidates' log-probabilities [B, M, N+1] of preferences [B, M, D]; -inf for the others."""
        scores = self.model.table.scores(preferences.flatten(0, 1), self.ranked).unflatten(0, preferences.shape[:2])
        return scores.masked_fill(~self.candidates.unsqueeze(1), float("-inf")).log_softmax(-1)

    def centred_cosine(self, frames: Tensor, preference: Tensor, centre: Tensor | None = None) -> Tensor:
        """Return [B, K]: the cosine of frames [B, K, D], less `centre` (the mean frame), with preferences' states.

        `preference` [B, D or D + 2C] begins with its state [B, D].
        """
        centre = self.mean_frame if centre is None else centre
        return F.cosine_similarity(frames - centre, preference[:, None, : frames.shape[-1]], dim=-1)

    def among_named(self, rows: Tensor) -> Tensor:
        """Return where items of the histories stand in `near`."""
        return torch.searchsorted(self.named, rows)

    def ending_with(self, ending: Ending) -> tuple[Items, Tensor]:
        """Return the items that the histories name with M rows behind them, and histories [M, L] of these rows.

        Row b·M/B+m of the M stands in for history b's last item: the same title, ID and bias, other frames. A walk
        looks at its history's items only, so the rest of the catalogue is left out; row 0 stays padding.
        """
        count, near = len(ending.visual) // len(self.histories), vars(self.near)
        owners = self.among_named(self.last).repeat_interleave(count)
        rows = {name: tensor[owners] for name, tensor in near.items()} | vars(ending)
        items = Items(**{name: torch.cat([tensor, rows[name]]) for name, tensor in near.items()})
        histories = self.among_named(self.histories).repeat_interleave(count, 0)
        stand_ins = len(self.named) + torch.arange(len(owners), device=owners.device)
        ends = self.lengths.repeat_interleave(count)[:, None] - 1
        return items, histories.scatter(1, ends, stand_ins[:, None])

    def _walk(self, ending: Ending) -> Walk:
        items, histories = self.ending_with(ending)
        start = self.start_at(items, histories, (histories > 0).sum(1) - 1)
        context = self.model.context(start, histories, items)
        generator = torch.Generator().manual_seed(self.seed)
        return self.model.walk(context, items, generator, num_steps=self.num_steps)

    @property
    def _endings(self) -> Ending:
        """The last items with their hidden frames absent, out of v_i and c_i too; [B·M, ...].

        With all its frames hidden an item is one without a video: v_i is absent as well.
        """
        absent, touched = self.model.content.absent_visual, self.hidden.any(-1, keepdim=True)
        moments = torch.where(self.hidden.unsqueeze(-1), absent, self.frames.unsqueeze(1))
        whole = self.items.visual[self.last].unsqueeze(1)
        visual = torch.where(touched, whole + self._kept_mean(self.frames), whole)
        visual = torch.where(self.hidden.all(-1, keepdim=True), absent, visual)
        anchor = self.items.anchor[self.last].unsqueeze(1)
        anchor = torch.where(touched, self._anchors_of_kept_frames, anchor)
        return Ending(moments.flatten(0, 1), visual.flatten(0, 1), anchor.flatten(0, 1))

    def _kept_mean(self, frames: Tensor, rows: Tensor | slice = slice(None)) -> Tensor:
        """Return how the mean over frames [B, K, V] moves when the hidden ones leave it [B, M, V]."""
        kept = (~self.hidden[rows]).to(frames.dtype)
        return kept @ frames / kept.sum(-1, keepdim=True).clamp(min=1) - frames.mean(1, keepdim=True)

    @property
    def _anchors_of_kept_frames(self) -> Tensor:
        """Return c_i of the last items with the hidden frames out of v_i [B, M, C]; without any frame its visual half
        is 0. An upload's else stays whole, as its raw v_i is not kept."""
        anchors = self.items.anchor[self.last].unsqueeze(1).repeat(1, self.hidden.shape[1], 1)
        space = self.model.table.anchors
        if space is None:
            return anchors
        held = (self.last < len(self.features.global_visual)) & self.features.has_visual[self.last]
        visual, frames = self.features.global_visual[self.last[held]], self.features.frames[self.last[held]]
        without = visual.unsqueeze(1) + self._kept_mean(frames, held)
        size = anchors.shape[-1] // 2
        anchors[held, :, :size] = F.normalize(without @ space.visual, dim=-1) / 2**0.5
        anchors[..., :size] *= ~self.hidden.all(-1, keepdim=True)
        return anchors

    def _each_frame(self) -> Tensor:
        count = self.items.moments.shape[1]
        alone = torch.eye(count + 1, dtype=torch.bool, device=self.last.device)[:, 1:]
        return alone.expand(len(self.histories), -1, -1)

    def _unseen(self) -> Tensor:
        allowed = torch.ones(len(self.histories), len(self.items.bias), dtype=torch.bool, device=self.histories.device)
        return allowed.scatter(1, self.histories, False).index_fill(1, self.histories.new_zeros(1), False)
