"""One visitor's session: what is in the history and how it is asked. Pure values, no Gradio."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from app.uploads.store import UPLOAD_PREFIX

MAX_HISTORY = 50
MAX_K = 20
_IDENTIFIER = re.compile(r"[A-Za-z0-9_.-]{1,64}\Z")
_VARIANT = re.compile(r"[a-z0-9_-]{1,64}\Z")


@dataclass(frozen=True)
class Session:
    """What one visitor asks: history oldest first, k, the variant and the seed of the walk.

    `viewer_id` names the example viewer that the history was opened from ("" once it is edited) and
    `revealed` says whether that viewer's true next clip is shown. What if: `left_out` clips of the
    history are not counted, and the `hidden` frames (from 0) of the last clip that counts are not
    shown to the model. `noise` and `num_steps` are those of `Recommender.recommend`; no link and no
    browser keeps them.
    """

    history: tuple[str, ...] = ()
    k: int = 10
    variant: str = "full"
    seed: int = 0
    viewer_id: str = ""
    revealed: bool = False
    left_out: tuple[str, ...] = ()
    hidden: tuple[int, ...] = ()
    noise: float = 0.0
    num_steps: int | None = None

    @property
    def asked(self) -> tuple[str, ...]:
        """Return the history that counts."""
        return tuple(item_id for item_id in self.history if item_id not in self.left_out)

    @property
    def is_what_if(self) -> bool:
        """Whether something of the history is left out or hidden."""
        return bool(self.left_out or self.hidden)

    @property
    def whole(self) -> Session:
        """Return the session with the full history, nothing left out or hidden."""
        return replace(self, left_out=(), hidden=())


def with_history(session: Session, history: Iterable[str]) -> Session:
    """Return the session with another history; it no longer belongs to an example viewer, and
    all of it counts."""
    return replace(
        session.whole, history=tuple(history)[-MAX_HISTORY:], viewer_id="", revealed=False
    )


def leaving_out(session: Session, item_id: str) -> Session:
    """Leave a clip of the history out, or take it back; the last one that counts stays.

    Where another clip becomes the last one that counts, its frames are all shown.
    """
    if item_id in session.left_out:
        left_out = tuple(other for other in session.left_out if other != item_id)
    elif item_id in session.history and len(session.asked) > 1:
        left_out = (*session.left_out, item_id)
    else:
        return session
    edited = replace(session, left_out=left_out)
    return edited if edited.asked[-1] == session.asked[-1] else replace(edited, hidden=())


def hiding(session: Session, frames: Iterable[int]) -> Session:
    """Hide a moment of the last clip that counts, which is some of its frames, or show it again."""
    moment, hidden = set(frames), set(session.hidden)
    left = hidden - moment if moment <= hidden else hidden | moment
    return replace(session, hidden=tuple(sorted(left)))


def toggled(session: Session, item_id: str) -> Session:
    """Add the item as the latest one, or take it out where it is in the history already."""
    if item_id in session.history:
        return removed(session, item_id)
    return with_history(session, (*session.history, item_id))


def removed(session: Session, item_id: str) -> Session:
    """Take one item out of the history."""
    return with_history(session, (other for other in session.history if other != item_id))


def moved(session: Session, item_id: str, position: int) -> Session:
    """Move one item to a position counted from the oldest; positions beyond the ends mean the
    ends."""
    if item_id not in session.history:
        return session
    order = [other for other in session.history if other != item_id]
    order.insert(min(max(position, 0), len(order)), item_id)
    return with_history(session, order)


def to_query(session: Session) -> str:
    """Write what a share link needs, as "?history=1.2.3&…"; uploads stay private and are left
    out."""
    shared = [item_id for item_id in session.history if not item_id.startswith(UPLOAD_PREFIX)]
    values = {
        "history": ",".join(shared),
        "k": session.k,
        "variant": session.variant,
        "seed": session.seed,
    }
    return "?" + urlencode(values, safe=",")


def from_mapping(values: Mapping[str, object]) -> Session:
    """Read a session from a share link's parameters or the browser's storage; what is malformed
    is dropped."""
    history = values.get("history", ())
    if isinstance(history, str):
        history = history.split(",")
    if not isinstance(history, (list, tuple)):
        history = ()
    named = [
        item_id for item_id in history if isinstance(item_id, str) and _IDENTIFIER.match(item_id)
    ]
    variant = values.get("variant")
    return Session(
        history=tuple(dict.fromkeys(named))[-MAX_HISTORY:],
        k=_whole(values.get("k"), 10, 1, MAX_K),
        variant=variant if isinstance(variant, str) and _VARIANT.match(variant) else "full",
        seed=_whole(values.get("seed"), 0, 0, 2**31 - 1),
    )


def to_storage(session: Session) -> dict:
    """Return what the browser keeps so that a reload finds the session again."""
    return {
        "history": list(session.history),
        "k": session.k,
        "variant": session.variant,
        "seed": session.seed,
    }


def _whole(value: object, default: int, low: int, high: int) -> int:
    try:
        return min(max(int(value) if isinstance(value, float) else int(str(value)), low), high)
    except (ValueError, OverflowError):  # infinite, no number at all
        return default
