"""What one recommendation run leaves behind: frozen numpy values, one JSON shape.

Letters: L history items, K frames, d preference width, C content width, T diffusion steps, N items.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class RankedItem:
    """One recommended item; `rank` counts from 1."""

    item_id: str
    title: str
    topic: str
    score: float
    rank: int


@dataclass(frozen=True)
class HistoryItem:
    """One item of the viewing history, oldest first, with its recency weight α_k of Eq. 7.

    `agreement` says how well it fits the rest of the history: log of how many times likelier the model holds it given
    the other items than for anybody. 0 is as likely, below 0 less likely, as accidental clicks tend to be; 0 too where
    there is nothing to compare: a lone item, or one older than the model sees.
    """

    item_id: str
    title: str
    topic: str
    weight: float
    agreement: float = 0.0


@dataclass(frozen=True)
class FrameRelevance:
    """The last item's K frames and two different answers about each.

    `interest` [K]: the evidence that the viewer is out for such moments, in log units: above 0 the earlier items and
    what the model expected after them speak for it more than anybody's would, below 0 less.
    `influence` [K]: how far the top recommendation's log-probability falls when the frame is hidden.
    `rank_without` [K]: the rank that the top recommendation would have then; 1: it would stay.
    `segments` K texts where segments of the title stand in for frames (`times_s` then means nothing), else none.
    """

    item_id: str
    times_s: np.ndarray
    interest: np.ndarray
    influence: np.ndarray
    rank_without: np.ndarray
    segments: tuple[str, ...] = ()

    def to_dict(self) -> dict:
        """Return {item_id, frames}: a frame has a time, or where segments stand in for frames a text."""
        places = [{"text": text} for text in self.segments] or [{"time_s": float(time)} for time in self.times_s]
        values = zip(places, self.interest, self.influence, self.rank_without, strict=True)
        return {
            "item_id": self.item_id,
            "frames": [
                {
                    "index": index,
                    **place,
                    "interest": float(interest),
                    "influence": float(influence),
                    "rank_without": int(rank),
                }
                for index, (place, interest, influence, rank) in enumerate(values)
            ],
        }


@dataclass(frozen=True)
class TCDStep:
    """One reverse step of TCD (Eq. 8-10): z_t and the predicted clean frames ẑ_0^(t).

    `latents`, `clean` [K, C]; `plane_latents`, `plane_clean` [K, 2] are their shadows in the plane of
    the catalogue's frames; `distance` [K] is the distance of each frame's z_t to the walk's end.
    """

    diffusion_step: int
    latents: np.ndarray
    clean: np.ndarray
    plane_latents: np.ndarray
    plane_clean: np.ndarray
    distance: np.ndarray


@dataclass(frozen=True)
class NPDStep:
    """One reverse step of NPD (Eq. 13): x_t and the predicted preference x̂_0.

    `preference`, `clean` [d]; `plane`, `plane_clean` [2] are their shadows in the plane of the catalogue;
    `cosine` is cos(x_t, the walk's end); `distance` is |x_t - the walk's end|; `top_item_ids` is the
    top-k that `clean` gives at this step; `final_ranks` [k] ranks (from 1) the final top-k at this step.
    """

    diffusion_step: int
    preference: np.ndarray
    clean: np.ndarray
    plane: np.ndarray
    plane_clean: np.ndarray
    cosine: float
    distance: float
    top_item_ids: tuple[str, ...]
    final_ranks: np.ndarray


@dataclass(frozen=True)
class Plane:
    """A fixed map of the catalogue in two principal directions: `points` [M, 2], `explained` share in [0, 1].

    `item_ids` and `topics` name each point's item: one point an item, or one for each of its K frames.
    """

    item_ids: tuple[str, ...]
    topics: tuple[str, ...]
    points: np.ndarray
    explained: float

    @cached_property
    def place(self) -> dict[str, int]:
        """Return where in `points` an item stands (the last of its frames, in a map of frames)."""
        return {item_id: index for index, item_id in enumerate(self.item_ids)}


@dataclass(frozen=True)
class Effect:
    """What one change of the question does to its answer.

    The clip `item_id` left out of the history, or, where `frame` is given, this frame (from 0) of it hidden.
    `moved` in [0, 1]: the share of the recommendations' probability that goes to other clips. `kept`: how many of
    the first k stay among them. `top_rank`: where the first recommendation stands then; 1: it stays.
    """

    item_id: str
    frame: int | None
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

    Steps run from the noisiest (t = T) down to t = 1; the last step's `clean` gives exactly `items`. `hidden` are
    the last clip's frames (from 0) that the model was not shown.
    `tcd` or `npd` is empty for a variant without that module; `num_steps` is T. `noise` is the σ that lay on the
    history's visual features. `timing_ms` maps a stage's name to
    milliseconds, `total` among them.
    """

    items: tuple[RankedItem, ...]
    history: tuple[HistoryItem, ...]
    frame_relevance: FrameRelevance
    tcd: tuple[TCDStep, ...]
    npd: tuple[NPDStep, ...]
    frame_plane: Plane
    item_plane: Plane
    uploads: tuple[UploadStanding, ...]
    timing_ms: dict[str, float]
    bundle: str
    variant: str
    seed: int
    hidden: tuple[int, ...] = ()
    noise: float = 0.0
    num_steps: int | None = None

    def to_dict(self) -> dict:
        """Return the documented JSON shape (see docs/api.md); arrays become nested lists."""
        return {
            "items": [vars(item) for item in self.items],
            "history": [vars(item) for item in self.history],
            "frame_relevance": self.frame_relevance.to_dict(),
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


def _plain(step: TCDStep | NPDStep) -> dict:
    return {
        name: value.tolist() if isinstance(value, np.ndarray) else list(value) if isinstance(value, tuple) else value
        for name, value in vars(step).items()
    }


@dataclass(frozen=True)
class ViewerMap:
    """Where a test viewer's preference ends, among the catalogue and against its true next item (the paper's Fig. 7).

    In `plane`, the fixed map of N items: `start` and `end` [2] of the preference, `path` [T, 2] its noisy steps (none
    without NPD), `last_frames` and `target_frames` [K, 2] (none without a video). Cosine distances of the end at the
    model width: `distances` [N] to every item in the plane's order, `liked` [K] to the true next item's frames, `other`
    [M] to the frames of all items neither watched nor true. `rank` of `candidates`; `first` leads the ranking; with
    `has_segments` frames are segments of titles.
    """

    viewer_id: str
    history: tuple[str, ...]
    target: str
    rank: int
    candidates: int
    first: tuple[str, ...]
    plane: Plane
    start: np.ndarray
    path: np.ndarray
    end: np.ndarray
    last_frames: np.ndarray
    target_frames: np.ndarray
    distances: np.ndarray
    liked: np.ndarray
    other: np.ndarray
    has_segments: bool = False

    @cached_property
    def target_distance(self) -> float:
        """Return the distance to the true next item."""
        return float(self.distances[self.plane.place[self.target]])

    @cached_property
    def other_distances(self) -> np.ndarray:
        """Return the distances to the items neither watched nor true."""
        return np.delete(self.distances, [self.plane.place[item] for item in (*self.history, self.target)])
