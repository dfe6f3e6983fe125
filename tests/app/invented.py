"""An invented world for the stand-in: 48 kinds of moments, clips made of them, and walks that end where they say."""

from __future__ import annotations

from functools import cache

import numpy as np

from mealrec.explain.trace import Kind, KindMap, NPDStep, TCDStep
from tests.plots.invented import KINDS, invented_kinds, softmax

STEPS, FRAMES = 25, 5
WIDTH = KINDS


@cache
def kinds_of(count: int) -> tuple[Kind, ...]:
    """Return the kinds of a catalogue of so many clips, whose first frames are their faces."""
    return invented_kinds(items=count)


@cache
def anybody() -> np.ndarray:
    """Return what anybody's next click is for [J]."""
    shares = np.array([kind.share for kind in invented_kinds()])
    return shares / shares.sum()


def frame_shares(number: int) -> np.ndarray:
    """Return the kinds [K, J] in the frames of the clip of this number: two or three runs of one kind each."""
    rng = np.random.default_rng(number)
    others = rng.choice(WIDTH, 2, replace=False)
    runs = (number % WIDTH, *others)
    turns = np.sort(rng.choice(np.arange(1, FRAMES), 2, replace=False))
    shares = np.full((FRAMES, WIDTH), 0.12 / WIDTH)
    for frame in range(FRAMES):
        shares[frame, runs[int(np.searchsorted(turns, frame, side="right"))]] += 0.88
    return shares / shares.sum(1, keepdims=True)


def invented_map(item_ids: tuple[str, ...], titles: tuple[str, ...], topics: tuple[str, ...]) -> KindMap:
    """Return the clips around the places of their kinds."""
    kinds = kinds_of(len(item_ids))
    shares = np.array([frame_shares(number).mean(0) for number in range(len(item_ids))])
    places = np.array([kinds[int(row.argmax())].place for row in shares])
    spread = np.random.default_rng(1).normal(0, 0.02, places.shape)
    return KindMap(item_ids, titles, topics, np.clip(places + spread, 0, 1), shares, kinds)


def tcd_walk(shares: np.ndarray, rng: np.random.Generator, steps: int = STEPS) -> tuple[TCDStep, ...]:
    """Return a walk from noise to these shares [K, J]."""
    end, noise = np.log(shares), rng.normal(0, 2, shares.shape)
    walk = []
    for t in range(steps, 0, -1):
        left = (t - 1) / steps
        latents = end + left * (noise - end)
        clean = softmax(end + 0.5 * left * noise)
        attention = softmax(clean.max(1) * 3)
        walk.append(TCDStep(t, latents, clean, attention, np.linalg.norm(latents - end, axis=1)))
    return tuple(walk)


def npd_walk(
    wanted: np.ndarray, rng: np.random.Generator, top: tuple[str, ...], steps: int = STEPS
) -> tuple[NPDStep, ...]:
    """Return a walk from noise to these shares [J]; the last step gives exactly the ranking `top`."""
    end, noise = np.log(wanted), rng.normal(0, 2, wanted.shape)
    walk = []
    for t in range(steps, 0, -1):
        left = (t - 1) / steps
        noisy = end + left * (noise - end)
        clean = end + 0.4 * left * noise
        cosine = float(noisy @ end / np.linalg.norm(noisy) / np.linalg.norm(end))
        ranks = np.arange(1, len(top) + 1) + (t - 1) * rng.integers(0, 4, len(top))
        walk.append(
            NPDStep(
                diffusion_step=t,
                preference=noisy,
                clean=clean,
                wanted=softmax(clean),
                noisy_wanted=softmax(noisy),
                cosine=cosine,
                distance=float(np.linalg.norm(noisy - end)),
                top_item_ids=top,
                final_ranks=ranks,
            )
        )
    return tuple(walk)
