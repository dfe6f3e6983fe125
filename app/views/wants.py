"""What the viewer seems to be out for: three kinds of moments, with what part of the next clicks
is for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import gradio as gr

from app.look.markup import EDIT_ACTIONS, render
from app.session.service import Service
from app.session.state import Session
from app.views.cards import kind_colours
from app.views.shares import in_words, percent

if TYPE_CHECKING:
    from mealrec.explain.trace import Recommendation

SHOWN = 3
_SAME = 0.005
"""Shares that differ by less look the same."""


@dataclass(frozen=True)
class Want:
    """One kind: its share in words and as bars' lengths in [0, 1], next to anybody's and to that
    before a change.

    `shift` says how it moved, "" where it did not; `direction` is up, down or same.
    """

    kind: int
    name: str
    picture: str
    colour: str
    share: str
    anybody: str
    length: float
    length_before: float
    length_anybody: float
    shift: str
    direction: str


def build() -> gr.HTML:
    """Draw the panel's place; it stays away until there is a ranking."""
    return gr.HTML("", js_on_load=EDIT_ACTIONS, elem_id="wants")


def markup(service: Service, session: Session, answer: Recommendation) -> str:
    """Return the panel of a run; under a what-if it keeps the kinds of the full history and
    shows how they moved."""
    if not answer.kinds:
        return ""
    before = service.recommend(session.whole) if session.is_what_if else answer
    kinds = before.out_for(SHOWN)
    scale = max(max(float(run.wanted[kind]) for run in (before, answer)) for kind in kinds)
    risen = _risen(before, answer, kinds)
    return render(
        "wants.html",
        asked=",".join(session.asked),
        hidden=answer.hidden,
        wants=[_want(service, answer, before, kind, scale) for kind in kinds],
        risen=risen,
        is_what_if=session.is_what_if,
    )


def _want(
    service: Service, answer: Recommendation, before: Recommendation, kind: int, scale: float
) -> Want:
    now, old, anybody = (
        float(shares[kind]) for shares in (answer.wanted, before.wanted, answer.anybody)
    )
    moved = now - old
    direction = "same" if abs(moved) < _SAME else "up" if moved > 0 else "down"
    return Want(
        kind=kind,
        name=answer.kinds[kind].name,
        picture=service.face(kind),
        colour=kind_colours(answer)[kind],
        share=in_words(now),
        anybody=in_words(anybody),
        length=now / scale,
        length_before=old / scale,
        length_anybody=min(1.0, anybody / scale),
        shift="" if direction == "same" else f"{percent(old)} → {percent(now)}",
        direction=direction,
    )


def _risen(before: Recommendation, answer: Recommendation, shown: tuple[int, ...]) -> str:
    """Return what a change brought up that is not among the kinds on show; "" for nothing."""
    if answer is before:
        return ""
    new = [kind for kind in answer.out_for(SHOWN) if kind not in shown]
    return (
        f"and {answer.kinds[new[0]].name}, {in_words(float(answer.wanted[new[0]]))}" if new else ""
    )
