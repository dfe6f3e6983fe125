"""A request's values, checked one by one before any of them reaches the model."""

from __future__ import annotations

import reprlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from mealrec.errors import RequestError
from mealrec.recommender.uploads import Upload

MAX_HISTORY, MAX_K, MAX_SEED = 50, 50, 2**31 - 1
MAX_NOISE, MAX_STEPS = 10.0, 50


@dataclass(frozen=True)
class Request:
    """A valid request; `history` is oldest first, `uploads` are those of the history."""

    history: tuple[str, ...]
    uploads: dict[str, Upload]
    k: int
    seed: int
    variant: str
    hidden: tuple[int, ...] = ()
    noise: float = 0.0
    num_steps: int | None = None


def checked(
    history: Sequence[str],
    uploads: Mapping[str, Upload],
    k: int,
    seed: int,
    variant: str,
    known: Collection[str],
    variants: Sequence[str],
    num_frames: int = 0,
    hidden: Sequence[int] = (),
    noise: float = 0.0,
    num_steps: int | None = None,
) -> Request:
    """Return the request; a clip has `num_frames` K. Raises RequestError: what was expected,
    what came, what to do."""
    _check_history(history, known, uploads)
    if variant not in variants:
        raise RequestError(
            f"variant: one of {', '.join(variants)} is expected, {_shown(variant)} came: choose one."
        )
    return Request(
        history=tuple(history),
        uploads={item_id: uploads[item_id] for item_id in history if item_id in uploads},
        k=_whole("k", k, 1, MAX_K),
        seed=_whole("seed", seed, 0, MAX_SEED),
        variant=variant,
        hidden=_frames(hidden, num_frames),
        noise=_noise(noise),
        num_steps=None if num_steps is None else _whole("num_steps", num_steps, 1, MAX_STEPS),
    )


def _check_history(
    history: Sequence[str], known: Collection[str], uploads: Collection[str]
) -> None:
    if (
        isinstance(history, str)
        or not isinstance(history, Sequence)
        or not all(isinstance(item_id, str) for item_id in history)
    ):
        raise RequestError(
            f"history: a list of item ids as text is expected, {_shown(history)} came."
        )
    if not 1 <= len(history) <= MAX_HISTORY:
        raise RequestError(
            f"history: 1 to {MAX_HISTORY} items are expected, {len(history)} came: "
            f"{'keep the latest ones' if history else 'add an item first'}."
        )
    if unknown := [
        item_id for item_id in history if item_id not in known and item_id not in uploads
    ]:
        raise RequestError(
            f"history: {_shown(unknown[0])} is neither an item of the catalogue nor a kept upload"
            f"{f', and {len(unknown) - 1} more are not' if unknown[1:] else ''}: take it out."
        )
    repeated = [item_id for item_id in dict.fromkeys(history) if history.count(item_id) > 1]
    if repeated:
        raise RequestError(
            f"history: {_shown(repeated[0])} stands in it twice, and no history the model learnt from repeats an item: "
            "keep its latest place only."
        )


def _frames(hidden: Sequence[int], num_frames: int) -> tuple[int, ...]:
    """Return the frames in order. All may be hidden: what is left of the clip then is its title
    and ID."""
    if not isinstance(hidden, (list, tuple)):
        raise RequestError(
            f"hidden: a list of frames of the last clip is expected, {_shown(hidden)} came."
        )
    wrong = [
        n
        for n in hidden
        if isinstance(n, bool) or not isinstance(n, int) or not 0 <= n < num_frames
    ]
    if wrong:
        raise RequestError(
            f"hidden: the last clip's frames are counted from 0 to {num_frames - 1}, {_shown(wrong[0])} came: "
            "name frames of that clip only."
        )
    if len(set(hidden)) < len(hidden):
        raise RequestError(
            f"hidden: each frame once is expected, {_shown(list(hidden))} came: name it once."
        )
    return tuple(sorted(hidden))


def _whole(name: str, value: int, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise RequestError(
            f"{name}: a whole number from {low} to {high} is expected, {_shown(value)} came."
        )
    return value


def _noise(value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MAX_NOISE:
        raise RequestError(
            f"noise: a number from 0 to {MAX_NOISE:g} is expected (the features' standard deviations), "
            f"{_shown(value)} came: choose 0 for none."
        )
    return float(value)


def _shown(value: object) -> str:
    # never walks through all of a value: a visitor may send a deep or endless one
    text = reprlib.repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
