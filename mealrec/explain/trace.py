"""What one recommendation run leaves behind: frozen numpy values, one JSON shape.

Letters: L history items, K frames, J kinds of moments, T diffusion steps, N items.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mealrec.explain.kinds import NO_KIND, Face, Kind, KindMap, ViewerMap

__all__ = [
    "NO_KIND",
    "Effect",
    "Face",
    "HistoryItem",
    "Kind",
    "KindMap",
    "LastClip",
    "Moment",
    "NPDStep",
    "RankedItem",
    "Recommendation",
    "TCDStep",
    "UploadStanding",
    "ViewerMap",
    "driving",
    "named",
]

_WORTH_A_WORD = 0.01


def named(title: str, item_id: str) -> str:
    """Return what an item is called: its title, or "Clip 7" where nothing of that can be seen."""
    seen = any(unicodedata.category(letter)[0] not in "CZ" and letter != "#" for letter in title)
    return title if seen else f"Clip {item_id}"


@dataclass(frozen=True)
class RankedItem:
    """One recommended item; `rank` counts from 1. One without a title is called by its id, see
    `named`.

    `kind` is the kind of moment through which it ranks most, NO_KIND where kinds were not asked;
    `frame` (from 0) shows the most of it.
    """

    item_id: str
    title: str
    topic: str
    score: float
    rank: int
    kind: int = NO_KIND
    frame: int = 0


@dataclass(frozen=True)
class HistoryItem:
    """One item of the viewing history, oldest first, with its recency weight α_k of Eq. 7.

    `agreement` says how well it fits the rest of the history: how much better the history's items
    are foreseen when it is among them, in log units. Below 0 they are foreseen worse, as accidental
    clicks tend to make them; 0 too where there is nothing to compare: a lone item, or one older
    than the model sees. `wanted` [J] are the shares of the kinds that it was watched for, as TCD
    answers; zeros where the model does not see the item.
    """

    item_id: str
    title: str
    topic: str
    weight: float
    agreement: float
    wanted: np.ndarray

    @property
    def kind(self) -> int:
        """Return the kind that it was watched for most; NO_KIND where the model does not see it."""
        return int(self.wanted.argmax()) if self.wanted.any() else NO_KIND


@dataclass(frozen=True)
class Moment:
    """A run of neighbouring frames of one kind in the last clip: the unit to explain and to hide.

    `frames` count from 0, `share` in [0, 1] is how much of these frames is of `kind`. `interest`:
    the evidence that the viewer is out for such moments, in log units: above 0 the earlier items
    speak for it more than anybody's would. `influence`: how far the first recommendation's
    log-probability falls when the moment is hidden. `worth`: the mean of that and of what the
    moment gives back when it alone is shown. `rank_without`: the rank, from 1, that the first
    recommendation would have without the moment. `kept`: how many of the k recommendations would
    stay among them.
    """

    frames: tuple[int, ...]
    kind: int
    share: float
    interest: float
    influence: float
    worth: float
    rank_without: int
    kept: int


@dataclass(frozen=True)
class LastClip:
    """The last item's K frames, what kinds they are of, and its moments in order.

    `shares` [K, J] of the kinds in each frame. `interest`, `influence`, `rank_without` [K] say of
    every single frame what `Moment` says of a run. `segments`: K texts where segments of the title
    stand in for frames (`times_s` then means nothing), else none.
    """

    item_id: str
    times_s: np.ndarray
    shares: np.ndarray
    interest: np.ndarray
    influence: np.ndarray
    rank_without: np.ndarray
    moments: tuple[Moment, ...]
    segments: tuple[str, ...] = ()

    def to_dict(self) -> dict:
        """Return {item_id, frames, moments}: a frame has a time, or where segments stand in for
        frames a text."""
        places = [{"text": text} for text in self.segments] or [
            {"time_s": float(time)} for time in self.times_s
        ]
        values = zip(
            places, self.shares, self.interest, self.influence, self.rank_without, strict=True
        )
        return {
            "item_id": self.item_id,
            "frames": [
                {
                    "index": index,
                    **place,
                    "kind": int(shares.argmax()),
                    "interest": float(interest),
                    "influence": float(influence),
                    "rank_without": int(rank),
                }
                for index, (place, shares, interest, influence, rank) in enumerate(values)
            ],
            "moments": [{**vars(moment), "frames": list(moment.frames)} for moment in self.moments],
        }


@dataclass(frozen=True)
class TCDStep:
    """One reverse step of TCD (Eq. 8-10) over the last clip: z_t and what it predicts of the clean
    frames.

    `latents` [K, J] is z_t. `shares` [K, J] are the kinds of each frame in ẑ_0^(t); a row sums to
    1. `attention` [K] sums to 1: how much each frame counts for what the clip was watched for.
    `distance` [K] is that of each frame's z_t to the walk's end.
    """

    diffusion_step: int
    latents: np.ndarray
    shares: np.ndarray
    attention: np.ndarray
    distance: np.ndarray


@dataclass(frozen=True)
class NPDStep:
    """One reverse step of NPD (Eq. 13): x_t and the predicted preference x̂_0.

    `preference` [J] is x_t, `clean` [J] x̂_0, both one number a kind. `wanted` [J] is x̂_0 as
    shares: what part of the next click is for each kind; it sums to 1. `noisy_wanted` [J] is the
    same of x_t, as if it were as long as x̂_0. `cosine` is cos(x_t, the walk's end), `distance`
    |x_t - the walk's end|. `top_item_ids` is the top-k that `clean` gives at this step;
    `final_ranks` [k] are the ranks, from 1, of the final top-k at this step.
    """

    diffusion_step: int
    preference: np.ndarray
    clean: np.ndarray
    wanted: np.ndarray
    noisy_wanted: np.ndarray
    cosine: float
    distance: float
    top_item_ids: tuple[str, ...]
    final_ranks: np.ndarray


@dataclass(frozen=True)
class Effect:
    """What one change of the question does to its answer.

    The clip `item_id` left out of the history, or, where `frames` are given, these frames (from 0)
    of it hidden: a moment of the last clip, of kind `kind`. `moved` in [0, 1]: the share of the
    recommendations' probability that goes to other clips. `kept`: how many of the first k stay
    among them. `top_rank`: where the first recommendation stands then; 1: it stays.
    """

    item_id: str
    frames: tuple[int, ...]
    kind: int
    moved: float
    kept: int
    top_rank: int


@dataclass(frozen=True)
class UploadStanding:
    """Where an uploaded clip of the history would stand as a candidate: `rank` of `candidates`."""

    item_id: str
    rank: int
    candidates: int


@dataclass(frozen=True)
class Recommendation:
    """A ranking together with the walk that made it.

    Steps run from the noisiest (t = T) down to t = 1; the last step's `clean` gives exactly
    `items`. `hidden` are the last clip's frames (from 0) that the model was not shown. `kinds` are
    the bundle's J kinds, in order. `wanted` [J] is what part of the next click is for each kind at
    the walk's end; `start` [J] the same by the encoder's x_0, before any walk; `anybody` [J] of a
    viewer of whom nothing is known. Each sums to 1. `tcd` or `npd` is empty for a variant without
    that module; `num_steps` is T. `noise` is the σ that lay on the history's visual features.
    `timing_ms` maps a stage's name to milliseconds, `total` among them.
    """

    items: tuple[RankedItem, ...]
    history: tuple[HistoryItem, ...]
    last: LastClip
    tcd: tuple[TCDStep, ...]
    npd: tuple[NPDStep, ...]
    kinds: tuple[Kind, ...]
    wanted: np.ndarray
    start: np.ndarray
    anybody: np.ndarray
    uploads: tuple[UploadStanding, ...]
    timing_ms: dict[str, float]
    bundle: str
    variant: str
    seed: int
    hidden: tuple[int, ...] = ()
    noise: float = 0.0
    num_steps: int | None = None

    def out_for(self, count: int = 3) -> tuple[int, ...]:
        """Return the kinds that the viewer seems to be out for: the largest shares among those
        above anybody's.

        Where fewer than `count` stand above anybody's the largest others follow; behind the first
        comes none of less than 1 in 100.
        """
        above = self.wanted > self.anybody
        first, *others = np.lexsort((-self.wanted, ~above))[:count]
        return (int(first), *(int(kind) for kind in others if self.wanted[kind] >= _WORTH_A_WORD))

    def to_dict(self) -> dict:
        """Return the documented JSON shape (see docs/api.md); arrays become nested lists."""
        return {
            "items": [vars(item) for item in self.items],
            "history": [{**vars(item), "wanted": item.wanted.tolist()} for item in self.history],
            "last": self.last.to_dict(),
            "kinds": [kind.name for kind in self.kinds],
            "wanted": self.wanted.tolist(),
            "start": self.start.tolist(),
            "anybody": self.anybody.tolist(),
            "tcd": {"steps": [_plain(step) for step in self.tcd]},
            "npd": {"steps": [_plain(step) for step in self.npd]},
            "uploads": [vars(upload) for upload in self.uploads],
            "timing_ms": dict(self.timing_ms),
            "bundle": self.bundle,
            "variant": self.variant,
            "seed": self.seed,
            "hidden": list(self.hidden),
            "noise": self.noise,
            "num_steps": self.num_steps,
        }


def driving(moments: Sequence[Moment], least: float = 1e-6) -> Moment | None:
    """Return the moment of the largest worth among those whose hiding costs the first
    recommendation anything.

    A smaller influence than `least` is rounding. None where no moment drove it.
    """
    return max(
        (moment for moment in moments if moment.influence > least),
        key=lambda m: m.worth,
        default=None,
    )


def _plain(step: TCDStep | NPDStep) -> dict:
    return {
        name: value.tolist()
        if isinstance(value, np.ndarray)
        else list(value)
        if isinstance(value, tuple)
        else value
        for name, value in vars(step).items()
    }
