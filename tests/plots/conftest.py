"""Invented runs: deterministic random walks of the same form as the recommender's."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from mealrec.recommender.comparing import Comparison, Overlap, Ranks
from mealrec.recommender.trace import (
    FrameRelevance,
    HistoryItem,
    NPDStep,
    Plane,
    RankedItem,
    Recommendation,
    TCDStep,
    ViewerMap,
)

TOPICS = ("nature", "sea", "space", "city", "food", "sport", "music", "pets")
NASTY_TITLE = (
    '<img src=x onerror="alert(1)"> ${alert(2)} %{x} a & b <b>bold</b> and far longer than any label can hold #fyp'
)


def invented_run(
    *,
    steps: int = 25,
    top_k: int = 10,
    frames: int = 5,
    items: int = 320,
    tcd: bool = True,
    npd: bool = True,
    segments: tuple[str, ...] = (),
    topics: tuple[str, ...] = TOPICS,
    seed: int = 7,
) -> Recommendation:
    """Return a run whose walks really end where they say, over an invented catalogue of eight topics."""
    rng = np.random.default_rng(seed)
    item_plane = _plane(rng, items, spread=0.35, topics=topics)
    order = rng.permutation(items)[:top_k]
    ranked = tuple(
        RankedItem(
            item_id=item_plane.item_ids[index],
            title=NASTY_TITLE if rank == 2 else f"what a night by the water number {index} #relax",
            topic=item_plane.topics[index],
            score=float(9.0 - 0.31 * rank),
            rank=rank,
        )
        for rank, index in enumerate(order, start=1)
    )
    return Recommendation(
        items=ranked,
        history=tuple(HistoryItem(str(index), f"clip {index}", "sea", 1 / 3) for index in range(1, 4)),
        frame_relevance=FrameRelevance(
            "3",
            np.arange(frames) + 0.5,
            rng.uniform(-0.3, 0.9, frames),
            rng.normal(0.2, 0.3, frames),
            rng.integers(1, 5, frames),
            segments,
        ),
        tcd=_tcd_steps(rng, steps, frames) if tcd else (),
        npd=_npd_steps(rng, steps, ranked, item_plane, order) if npd else (),
        frame_plane=_plane(rng, items * frames, spread=0.5, clips=items, topics=topics),
        item_plane=item_plane,
        uploads=(),
        timing_ms={"total": 88.0},
        bundle="invented",
        variant="full",
        seed=seed,
    )


def invented_comparison(
    *,
    systems: int = 6,
    top_k: int = 10,
    items: int = 320,
    target: int | None = None,
    apart: float = 0.3,
    topics: tuple[str, ...] = TOPICS,
    seed: int = 7,
) -> Comparison:
    """Return rankings of one history that lie `apart`; `target` is the rank of the true next clip in the first."""
    rng = np.random.default_rng(seed)
    row_of = {str(row): row for row in range(1, items + 1)}
    candidates, common = np.arange(1, items + 1), rng.normal(size=items)

    def ranked(row: int, rank: int) -> RankedItem:
        title = NASTY_TITLE if rank == 2 else f"what a night by the water number {row} #relax"
        return RankedItem(str(row), title, topics[row % len(topics)], 0.0, rank)

    def ranking(number: int) -> Ranks:
        scores = common + apart * rng.normal(size=items)
        order = candidates[np.argsort(-scores)]
        first = tuple(ranked(int(row), rank) for rank, row in enumerate(order[:top_k], start=1))
        return Ranks(f"system {number}", 0, 0.0, 25, first, candidates, scores, row_of)

    rankings = tuple(ranking(number) for number in range(systems))
    watched = None
    if target is not None:
        row = next(row for row in candidates if rankings[0].rank_of(str(row)) == target)
        watched = ranked(int(row), target)
    return Comparison(rankings, watched, (Overlap("seed", 0, 1, 9, 4, 10),))


def invented_viewer(**form) -> ViewerMap:
    """Return a viewer on the map of an invented run of the same form; its true next clip is the run's second."""
    trace, rng, frames = invented_run(**form), np.random.default_rng(3), form.get("frames", 5)
    plane, path = trace.item_plane, np.array([step.plane for step in trace.npd]).reshape(-1, 2)
    history = tuple(item.item_id for item in trace.history)
    free = (item for item in plane.item_ids if item not in history)
    places = rng.normal(size=(2, frames, 2))
    return ViewerMap(
        viewer_id="7",
        history=history,
        target=next(free),
        rank=3,
        candidates=len(plane.item_ids) - len(history),
        first=tuple(item.item_id for item in trace.items[:5]),
        plane=plane,
        start=rng.normal(size=2),
        path=path,
        end=rng.normal(size=2),
        last_frames=places[0],
        target_frames=places[1],
        distances=rng.uniform(0.1, 1.6, len(plane.item_ids)),
        liked=rng.uniform(0.1, 0.6, frames),
        other=rng.uniform(0.4, 1.6, frames * (len(plane.item_ids) - 4)),
        has_segments=bool(trace.frame_relevance.segments),
    )


def _plane(
    rng: np.random.Generator, count: int, spread: float, topics: tuple[str, ...], clips: int | None = None
) -> Plane:
    centres = rng.normal(0, 1.4, (len(topics), 2))
    chosen = rng.integers(len(topics), size=count)
    points = centres[chosen] + rng.normal(0, spread, (count, 2))
    ids = tuple(str(1 + index % (clips or count)) for index in range(count))
    return Plane(ids, tuple(topics[topic] for topic in chosen), points, 0.41)


def _shares(steps: int) -> np.ndarray:
    """How much noise is left at each step, from almost 1 to almost 0."""
    return np.cos(np.linspace(0.05, 0.49, steps) * np.pi) ** 1.5


def _tcd_steps(rng: np.random.Generator, steps: int, frames: int) -> tuple[TCDStep, ...]:
    width = 8
    end, noise = rng.normal(0, 1.2, (frames, width)), rng.normal(0, 2.4, (frames, width))
    walk = []
    for position, share in enumerate(_shares(steps)):
        latents = (1 - share) * end + share * noise + 0.25 * share * rng.normal(size=end.shape)
        clean = end + 0.5 * share * rng.normal(size=end.shape)
        distance = np.linalg.norm(latents - end, axis=1)
        walk.append(TCDStep(steps - position, latents, clean, latents[:, :2], clean[:, :2], distance))
    return tuple(walk)


def _npd_steps(
    rng: np.random.Generator, steps: int, ranked: tuple[RankedItem, ...], plane: Plane, order: np.ndarray
) -> tuple[NPDStep, ...]:
    width, top_k = 16, len(ranked)
    end, noise = rng.normal(size=width), rng.normal(0, 2.2, width)
    end[:2] = plane.points[order].mean(axis=0)
    walk = []
    for position, share in enumerate(_shares(steps)):
        noisy = 0.0 if position == steps - 1 else share
        x = (1 - share) * end + share * noise + 0.2 * noisy * rng.normal(size=width)
        scores = np.where(np.isin(np.arange(len(plane.item_ids)), order), 0.0, -3.0)
        scores += 2.2 * noisy * rng.normal(size=len(scores))
        scores[order] += np.linspace(1.0, 0.1, top_k)
        ranking = np.argsort(-scores)
        rank_of = np.empty(len(scores), dtype=int)
        rank_of[ranking] = np.arange(1, len(scores) + 1)
        clean = end + noisy * rng.normal(size=width)
        walk.append(
            NPDStep(
                diffusion_step=steps - position,
                preference=x,
                clean=clean,
                plane=x[:2],
                plane_clean=clean[:2],
                cosine=float(x @ end / np.linalg.norm(x) / np.linalg.norm(end)),
                distance=float(np.linalg.norm(x - end)),
                top_item_ids=tuple(plane.item_ids[index] for index in ranking[:top_k]),
                final_ranks=rank_of[order],
            )
        )
    return tuple(walk)


@pytest.fixture
def run() -> Callable[..., Recommendation]:
    """Make invented runs; keywords as of `invented_run`."""
    return invented_run


@pytest.fixture
def comparison() -> Callable[..., Comparison]:
    """Make invented comparisons; keywords as of `invented_comparison`."""
    return invented_comparison


@pytest.fixture
def viewer() -> Callable[..., ViewerMap]:
    """Make invented viewers on the map; keywords as of `invented_run`."""
    return invented_viewer
