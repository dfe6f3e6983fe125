"""What a change of the question did to the ranking: an arrow for each card, and a sentence."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.session.service import Service
from app.session.state import Session
from app.views.cards import card, moment_name, quoted

if TYPE_CHECKING:
    from mealrec.explain.trace import Recommendation


@dataclass(frozen=True)
class Move:
    """A card's way from its rank with the full history; `kind` is up, down, same, new or out (of
    the history)."""

    kind: str
    mark: str
    told: str


_LEFT_OUT = Move("out", "left out", "left out of the history, so that it may be recommended")


@dataclass(frozen=True)
class WhatIf:
    """The change and its outcome in words, and the cards' moves by clip id."""

    change: str
    outcome: str
    moves: dict[str, Move]


def compared(service: Service, session: Session, after: Recommendation) -> WhatIf | None:
    """Return how a run differs from the one with the full history; None where nothing is left
    out or hidden."""
    if not session.is_what_if:
        return None
    before = service.recommend(session.whole)
    old = {item.item_id: item.rank for item in before.items}
    new = {item.item_id: item.rank for item in after.items}
    first, count = before.items[0].item_id, len(before.items)
    return WhatIf(
        change=_change(service, session, after),
        outcome=f"{quoted(card(service, first).title, 22)} {_fate(new.get(first), count)}; "
        f"{kept_words(len(old.keys() & new.keys()), count)}.",
        moves={
            item_id: _LEFT_OUT
            if item_id in session.left_out
            else _move(old.get(item_id), rank, count)
            for item_id, rank in new.items()
        },
    )


def kept_words(kept: int, count: int) -> str:
    """Return how many of the first clips are still among them."""
    return f"all {count} stay" if kept == count else f"{kept} of {count} stay"


def _move(old: int | None, new: int, count: int) -> Move:
    if old is None:
        return Move("new", "▲ new", f"was not among the first {count}")
    if old == new:
        return Move("same", "=", "as before")
    return (
        Move("up", f"▲{old - new}", f"was {old}")
        if old > new
        else Move("down", f"▼{new - old}", f"was {old}")
    )


def _fate(rank: int | None, count: int) -> str:
    if rank is None:
        return f"drops out of the first {count}"
    return "stays first" if rank == 1 else f"falls from 1 to {rank}"


def _change(service: Service, session: Session, after: Recommendation) -> str:
    """Return what is left out and hidden, such as "the lighthouse moment hidden and “title” left
    out"."""
    said = []
    if len(session.hidden) == len(after.last.influence):
        said.append("every moment hidden")
    elif session.hidden:
        shown = service.recommend(replace(session, hidden=()))
        names = [moment_name(shown, frames) for frames in _moments(shown, session.hidden)]
        said.append(f"{_joined(names)} hidden")
    if session.left_out:
        clips = [quoted(card(service, item_id).title, 22) for item_id in session.left_out]
        said.append(f"{clips[0] if len(clips) == 1 else f'{len(clips)} clips'} left out")
    return _joined(said)


def _moments(shown: Recommendation, hidden: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Return the hidden frames as the moments that they belong to."""
    parts = [
        tuple(frame for frame in moment.frames if frame in hidden) for moment in shown.last.moments
    ]
    return [part for part in parts if part]


def _joined(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if words[1:] else words)
