"""What one recommendation leaves behind: frozen numpy values, one JSON shape.

Letters: L history items, K frames, J kinds of moments, T diffusion steps, N items.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

NO_KIND = -1
# A smaller share of the next click is not worth naming a kind for.
_WORTH_A_WORD = 0.01
# A smaller fall of a log-probability is what two orders of adding up differ by, and from the second
# on it is worth telling.
ROUNDING = 1e-6
_TOLD = 1e-3


@dataclass(frozen=True)
class Face:
    """A typical moment of a kind: `share` of an item's frame `frame` (from 0) is of it."""

    item_id: str
    frame: int
    share: float


@dataclass(frozen=True)
class Kind:
    """One of the J kinds of moments that the model tells apart.

    `name` is short and for people; `words` are the titles' words and `sights` the encoder's classes
    that mark the kind, the strongest first (either may be empty). `faces` are its most typical
    moments. `share` in [0, 1] is how much of what anybody watches is of this kind. `place` lies in
    the map of kinds, where each coordinate is in [0, 1].
    """

    index: int
    name: str
    words: tuple[str, ...]
    sights: tuple[str, ...]
    faces: tuple[Face, ...]
    share: float
    place: tuple[float, float]


def named(title: str, item_id: str) -> str:
    """Return what an item is called: its title, or "Clip 7" where nothing of that can be seen."""
    # Signs of the classes C and Z, controls and spaces, leave no mark.
    seen = any(unicodedata.category(letter)[0] not in "CZ" and letter != "#" for letter in title)
    return title if seen else f"Clip {item_id}"


@dataclass(frozen=True)
class RankedItem:
    """One recommended item; `rank` counts from 1, `title` is what it is called, see `named`.

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
        """Return {item_id, frames, moments}; a frame has a time, or else a text."""
        # Every frame alone: when it is, or what part of the title, and what hiding it does.
        frames = []
        for index, shares in enumerate(self.shares):
            place = {"time_s": float(self.times_s[index])}
            if self.segments:
                place = {"text": self.segments[index]}
            frames.append(
                {
                    "index": index,
                    **place,
                    "kind": int(shares.argmax()),
                    "interest": float(self.interest[index]),
                    "influence": float(self.influence[index]),
                    "rank_without": int(self.rank_without[index]),
                }
            )

        # The same of the runs that they make up.
        moments = [_plain(moment) for moment in self.moments]
        return {"item_id": self.item_id, "frames": frames, "moments": moments}


@dataclass(frozen=True)
class TCDStep:
    """One reverse step of TCD (Eq. 8-10) over the last clip: z_t and the predicted clean frames.

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
        """Return the kinds that the viewer seems to be out for, at most `count` of them.

        They are those of the largest shares among the kinds above anybody's. Where fewer than
        `count` are, the largest others follow; behind the first comes none of less than 1 in 100.
        """
        # Above anybody's before the others, and the largest first in both.
        is_above = self.wanted > self.anybody
        first, *others = np.lexsort((-self.wanted, ~is_above))[:count].tolist()
        return (first, *(kind for kind in others if self.wanted[kind] >= _WORTH_A_WORD))

    def to_dict(self) -> dict:
        """Return the documented JSON shape (see docs/api.md); arrays become nested lists."""
        return {
            # What is recommended, after what.
            "items": [vars(item) for item in self.items],
            "history": [_plain(item) for item in self.history],
            "last": self.last.to_dict(),
            # What is wanted of the kinds, before and after the walks, and their steps.
            "kinds": [kind.name for kind in self.kinds],
            "wanted": self.wanted.tolist(),
            "start": self.start.tolist(),
            "anybody": self.anybody.tolist(),
            "tcd": {"steps": [_plain(step) for step in self.tcd]},
            "npd": {"steps": [_plain(step) for step in self.npd]},
            # Where uploads would stand, how long it took, and what was asked.
            "uploads": [vars(upload) for upload in self.uploads],
            "timing_ms": dict(self.timing_ms),
            "bundle": self.bundle,
            "variant": self.variant,
            "seed": self.seed,
            "hidden": list(self.hidden),
            "noise": self.noise,
            "num_steps": self.num_steps,
        }


def driving(moments: Sequence[Moment]) -> Moment | None:
    """Return the moment that drove the first recommendation: the one of the largest worth.

    None where hiding no moment costs the first recommendation its rank or a thousandth of its
    chance.
    """
    costly = []
    for moment in moments:
        least = ROUNDING if moment.rank_without > 1 else _TOLD
        if moment.influence > least:
            costly.append(moment)
    return max(costly, key=lambda moment: moment.worth, default=None)


def _plain(value: HistoryItem | Moment | TCDStep | NPDStep) -> dict:
    """Return a value's fields with lists for arrays and tuples."""
    found = {}
    for name, field in vars(value).items():
        if isinstance(field, np.ndarray):
            field = field.tolist()
        elif isinstance(field, tuple):
            field = list(field)
        found[name] = field
    return found


@dataclass(frozen=True)
class KindMap:
    """The catalogue by kinds: item `item_ids[i]` lies at `points[i]` [N, 2].

    It lies around the place of its largest kind. `shares` [N, J] are the kinds in each item,
    `kinds` the J kinds, whose places lie in the same map.
    """

    item_ids: tuple[str, ...]
    titles: tuple[str, ...]
    topics: tuple[str, ...]
    points: np.ndarray
    shares: np.ndarray
    kinds: tuple[Kind, ...]

    @cached_property
    def place(self) -> dict[str, int]:
        """Return where in `points` an item stands."""
        return {item_id: index for index, item_id in enumerate(self.item_ids)}


@dataclass(frozen=True)
class ViewerMap:
    """Where a test viewer's preference ends among the catalogue (the paper's Fig. 7).

    In `map`: `start` and `end` [2] of the preference, `path` [T, 2] of x_t (none without NPD): each
    is the mean of the kinds' places, weighed by what they want. `wanted` [J] is the end's. Cosine
    distances of the end's lift over anybody to shares of kinds: `distances` [N] to every item in
    the map's order, `liked` [K] to the true next item's frames, `other` [(N - L - 1)·K] to
    those of all items neither watched nor true. `rank` is the true next item's of `candidates`;
    `first` leads the ranking. With `has_segments` frames are segments of titles.
    """

    viewer_id: str
    history: tuple[str, ...]
    target: str
    rank: int
    candidates: int
    first: tuple[str, ...]
    map: KindMap
    start: np.ndarray
    path: np.ndarray
    end: np.ndarray
    wanted: np.ndarray
    distances: np.ndarray
    liked: np.ndarray
    other: np.ndarray
    has_segments: bool = False

    @cached_property
    def target_distance(self) -> float:
        """Return the distance to the true next item."""
        return float(self.distances[self.map.place[self.target]])

    @cached_property
    def other_distances(self) -> np.ndarray:
        """Return the distances to the items neither watched nor true."""
        known = [self.map.place[item_id] for item_id in (*self.history, self.target)]
        return np.delete(self.distances, known)
