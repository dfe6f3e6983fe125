"""One visitor's session: what is in the history and how it is asked. Pure values, no Gradio."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from app.uploads.store import UPLOAD_PREFIX
from mealrec.question import MAX_HISTORY, MAX_SEED, Question

MAX_K = 20  # the page shows fewer than a Question may ask for
# What may be the id of a clip and of an upload, and the name of a variant.
_IDENTIFIER = re.compile(r"[A-Za-z0-9_.-]{1,64}\Z")
_VARIANT = re.compile(r"[a-z0-9_-]{1,64}\Z")


@dataclass(frozen=True)
class Session:
    """What one visitor asks: history oldest first, k, the variant and the seed of the walk.

    `viewer_id` names the example viewer that the history was opened from ("" once it is edited) and
    `revealed` says whether that viewer's true next clip is shown. What if: `left_out` clips of the
    history are not counted, and the `hidden` frames (from 0) of the last clip that counts are not
    shown to the model.
    """

    history: tuple[str, ...] = ()
    k: int = 10
    variant: str = "full"
    seed: int = 0
    viewer_id: str = ""
    revealed: bool = False
    left_out: tuple[str, ...] = ()
    hidden: tuple[int, ...] = ()

    @property
    def asked(self) -> tuple[str, ...]:
        """Return the history that counts."""
        return tuple(item_id for item_id in self.history if item_id not in self.left_out)

    @property
    def question(self) -> Question:
        """Return what the session asks a recommender; its uploads are the service's.

        Raises RequestError where nothing of the history counts, or another value does not fit.
        """
        return Question(
            self.asked,
            k=self.k,
            seed=self.seed,
            variant=self.variant,
            hidden=self.hidden,
        )

    @property
    def is_what_if(self) -> bool:
        """Whether something of the history is left out or hidden."""
        return bool(self.left_out or self.hidden)

    @property
    def whole(self) -> Session:
        """Return the session with the full history, nothing left out or hidden."""
        return replace(self, left_out=(), hidden=())


def with_history(session: Session, history: Iterable[str]) -> Session:
    """Return the session with another history, all of which counts, and no example viewer."""
    latest = tuple(history)[-MAX_HISTORY:]
    return replace(session.whole, history=latest, viewer_id="", revealed=False)


def leaving_out(session: Session, item_id: str) -> Session:
    """Leave a clip of the history out, or take it back; the last one that counts stays.

    Where another clip becomes the last one that counts, its frames are all shown.
    """
    # Back in, or out: the last one that counts stays in.
    if item_id in session.left_out:
        left_out = tuple(other for other in session.left_out if other != item_id)
    elif item_id in session.history and len(session.asked) > 1:
        left_out = (*session.left_out, item_id)
    else:
        return session

    # Hidden frames are those of the last clip that counts: of another one they mean nothing.
    edited = replace(session, left_out=left_out)
    is_same_last = edited.asked[-1] == session.asked[-1]
    return edited if is_same_last else replace(edited, hidden=())


def hiding(session: Session, frames: Iterable[int]) -> Session:
    """Hide a moment of the last clip that counts, which is some of its frames, or show it again."""
    # A moment that is half hidden counts as shown.
    moment = set(frames)
    hidden = set(session.hidden)
    if moment <= hidden:
        hidden -= moment
    else:
        hidden |= moment
    return replace(session, hidden=tuple(sorted(hidden)))


def toggled(session: Session, item_id: str) -> Session:
    """Add the item as the latest one, or take it out where it is in the history already."""
    if item_id in session.history:
        return removed(session, item_id)
    return with_history(session, (*session.history, item_id))


def removed(session: Session, item_id: str) -> Session:
    """Take one item out of the history."""
    return with_history(session, (other for other in session.history if other != item_id))


def moved(session: Session, item_id: str, position: int) -> Session:
    """Move one item to a position from the oldest; positions beyond the ends mean the ends."""
    if item_id not in session.history:
        return session
    # Out of its place, and back in at the other.
    order = [other for other in session.history if other != item_id]
    order.insert(min(max(position, 0), len(order)), item_id)
    return with_history(session, order)


def to_query(session: Session) -> str:
    """Write what a share link needs, as "?history=1,2,3&…"; uploads stay private."""
    shared = [item_id for item_id in session.history if not item_id.startswith(UPLOAD_PREFIX)]
    values = to_storage(session) | {"history": ",".join(shared)}
    return "?" + urlencode(values, safe=",")


def from_mapping(values: Mapping[str, object]) -> Session:
    """Read a session from a link's parameters or the browser's storage; drop what is malformed."""
    # A link names the history as one text, the browser keeps a list.
    history = values.get("history", ())
    if isinstance(history, str):
        history = history.split(",")
    if not isinstance(history, (list, tuple)):
        history = ()

    # Both may bring anything: what looks like an id is looked up later.
    named = []
    for item_id in history:
        if isinstance(item_id, str) and _IDENTIFIER.match(item_id):
            named.append(item_id)
    variant = values.get("variant")
    if not isinstance(variant, str) or not _VARIANT.match(variant):
        variant = "full"
    return Session(
        history=tuple(dict.fromkeys(named))[-MAX_HISTORY:],
        k=whole(values.get("k"), 10, 1, MAX_K),
        variant=variant,
        seed=whole(values.get("seed"), 0),
    )


def to_storage(session: Session) -> dict:
    """Return what the browser keeps so that a reload finds the session again."""
    return {
        "history": list(session.history),
        "k": session.k,
        "variant": session.variant,
        "seed": session.seed,
    }


def whole(value: object, default: int, low: int = 0, high: int = MAX_SEED) -> int:
    """Return a number that the page or a link brings, in its range; they may bring anything."""
    # A number field brings 7.0, a link "7".
    try:
        number = int(value) if isinstance(value, float) else int(str(value))
    except (ValueError, OverflowError):  # no number at all, infinite
        return default
    return min(max(number, low), high)
