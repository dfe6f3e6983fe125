"""One question to a recommender, as the page, the API and the command line ask it."""

from __future__ import annotations

import reprlib
from collections.abc import Collection, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Protocol

from mealrec.errors import RequestError

# What a question may ask for at most; `noise` is in standard deviations of the features.
MAX_HISTORY = 50
MAX_K = 50
MAX_SEED = 2**31 - 1
MAX_NOISE = 10.0
MAX_STEPS = 50


class Uploaded(Protocol):
    """What a question needs to know of an upload; see mealrec.recommender.uploads.Upload."""

    @property
    def upload_id(self) -> str:
        """Under what id it stands in a history."""


@dataclass(frozen=True)
class Question:
    """What to recommend after: checked when it is made, and a key under which answers are kept.

    `history`: 1 to 50 different item ids, oldest first; an upload stands in it under its id.
    `uploads`: the encoded uploads themselves; those that the history does not name are dropped.
    `k`: how many items, 1 to 50. `seed`: of the noise that the walks start from. `variant`: which
    of the bundle's models. `hidden`: frames of the last clip, from 0, that the model is not shown.
    `noise`: Fig. 5's σ on what the history's clips look like, 0 to 10 standard deviations.
    `num_steps`: T of both walks, 1 to 50; None: as trained.

    Lists are accepted and kept as tuples. Raises RequestError: what was expected, what came, what
    to do.
    """

    history: Sequence[str]
    _: KW_ONLY
    uploads: Sequence[Uploaded] = ()
    k: int = 10
    seed: int = 0
    variant: str = "full"
    hidden: Sequence[int] = ()
    noise: float = 0.0
    num_steps: int | None = None

    def __post_init__(self) -> None:
        # A page, an API or a command line may hand over anything.
        _check_history(self.history)
        _check_uploads(self.uploads)
        _check_whole("k", self.k, 1, MAX_K)
        _check_whole("seed", self.seed, 0, MAX_SEED)
        if not isinstance(self.variant, str):
            raise RequestError(f"variant: a name is expected, {shown(self.variant)} came.")
        _check_hidden(self.hidden)
        _check_noise(self.noise)
        if self.num_steps is not None:
            _check_whole("num_steps", self.num_steps, 1, MAX_STEPS)

        # Questions that ask the same are equal, however they were written down.
        by_id = {upload.upload_id: upload for upload in self.uploads}
        own_uploads = tuple(by_id[item_id] for item_id in self.history if item_id in by_id)
        object.__setattr__(self, "history", tuple(self.history))
        object.__setattr__(self, "uploads", own_uploads)
        object.__setattr__(self, "hidden", tuple(sorted(self.hidden)))
        object.__setattr__(self, "noise", float(self.noise))

    def check_against(
        self, item_ids: Collection[str], variants: Sequence[str], num_frames: int
    ) -> None:
        """Hold the question against a bundle: its items, its models, the K frames of a clip.

        Raises RequestError: what was expected, what came, what to do.
        """
        # Every item is one of the bundle's, or an upload that came with the question.
        uploads = {upload.upload_id for upload in self.uploads}
        unknown = [each for each in self.history if each not in item_ids and each not in uploads]
        if unknown:
            others = f", and {len(unknown) - 1} more are not" if len(unknown) > 1 else ""
            raise RequestError(
                f"history: {shown(unknown[0])} is neither an item of the catalogue nor a kept "
                f"upload{others}: take it out."
            )

        # The model is there, and a clip has the frames that are to be hidden.
        check_variant(self.variant, variants)
        beyond = [frame for frame in self.hidden if frame >= num_frames]
        if beyond:
            raise RequestError(
                f"hidden: the last clip's frames are counted from 0 to {num_frames - 1}, "
                f"{beyond[0]} came: name frames of that clip only."
            )


def check_variant(variant: str, variants: Sequence[str]) -> None:
    """Raise RequestError where a bundle with these models has no `variant`."""
    if variant not in variants:
        raise RequestError(
            f"variant: one of {', '.join(variants)} is expected, {shown(variant)} came: choose one."
        )


def _check_history(history: object) -> None:
    # A text is a sequence of texts too, but no list of ids.
    is_list = isinstance(history, Sequence) and not isinstance(history, str)
    if not is_list or not all(isinstance(item_id, str) for item_id in history):
        raise RequestError(
            f"history: a list of item ids as text is expected, {shown(history)} came."
        )

    # Neither none nor too many, and each once.
    if not 1 <= len(history) <= MAX_HISTORY:
        advice = "keep the latest ones" if history else "add an item first"
        raise RequestError(
            f"history: 1 to {MAX_HISTORY} items are expected, {len(history)} came: {advice}."
        )
    for item_id in history:
        if history.count(item_id) > 1:
            raise RequestError(
                f"history: {shown(item_id)} stands in it twice, and no history the model learnt "
                "from repeats an item: keep its latest place only."
            )


def _check_uploads(uploads: object) -> None:
    is_list = isinstance(uploads, list | tuple)
    if not is_list or not all(hasattr(upload, "upload_id") for upload in uploads):
        raise RequestError(
            f"uploads: a list of encoded uploads is expected, {shown(uploads)} came."
        )


def _check_hidden(hidden: object) -> None:
    # All frames may be hidden: what is left of the clip then is its title and its ID.
    if not isinstance(hidden, list | tuple):
        raise RequestError(
            f"hidden: a list of frames of the last clip is expected, {shown(hidden)} came."
        )
    for frame in hidden:
        if isinstance(frame, bool) or not isinstance(frame, int) or frame < 0:
            raise RequestError(
                f"hidden: the last clip's frames are counted from 0, {shown(frame)} came: "
                "name frames of that clip only."
            )
    if len(set(hidden)) < len(hidden):
        raise RequestError(
            f"hidden: each frame once is expected, {shown(list(hidden))} came: name it once."
        )


def _check_whole(name: str, value: object, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise RequestError(
            f"{name}: a whole number from {low} to {high} is expected, {shown(value)} came."
        )


def _check_noise(value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MAX_NOISE:
        raise RequestError(
            f"noise: a number from 0 to {MAX_NOISE:g} is expected (the features' standard "
            f"deviations), {shown(value)} came: choose 0 for none."
        )


def shown(value: object) -> str:
    """Return a value as a message shows it: cut short, for a visitor may send an endless one."""
    text = reprlib.repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
