"""What the viewer seems to be out for: three kinds of moments, each with its share of clicks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gradio as gr

from app.look.markup import EDIT_ACTIONS, render
from app.plots.kinds import colours_of
from app.session.service import Service
from app.session.state import Session
from app.views.parts import in_words, percent

if TYPE_CHECKING:
    from mealrec.explain.trace import Recommendation

SHOWN = 3
_SAME = 0.005  # shares that differ by less look the same


def build() -> gr.HTML:
    """Draw the panel's place; it stays away until there is a ranking."""
    return gr.HTML("", js_on_load=EDIT_ACTIONS, elem_id="wants")


def markup(service: Service, session: Session, answer: Recommendation) -> str:
    """Return the panel of a run.

    In a what-if it keeps the kinds of the full history and shows how they moved.
    """
    before = service.recommend(session.whole.question) if session.is_what_if else answer
    kinds = before.out_for(SHOWN)

    # The longest bar is the largest share on show, before or after the change.
    shares = [float(run.wanted[kind]) for run in (before, answer) for kind in kinds]
    wants = [_want(service, answer, before, kind, max(shares)) for kind in kinds]

    # What a change brought up that is not among the kinds on show.
    risen = ""
    new = [kind for kind in answer.out_for(SHOWN) if kind not in kinds]
    if new:
        risen = f"and {answer.kinds[new[0]].name}, {in_words(float(answer.wanted[new[0]]))}"
    return render(
        "wants.html",
        asked=",".join(session.asked),
        hidden=answer.hidden,
        wants=wants,
        risen=risen,
        is_what_if=session.is_what_if,
    )


def _want(
    service: Service, answer: Recommendation, before: Recommendation, kind: int, longest: float
) -> dict:
    """Return what is drawn of one kind: its share in words, and as bars relative to the longest."""
    # The share now, before the change, and for anybody.
    now = float(answer.wanted[kind])
    old = float(before.wanted[kind])
    anybody = float(answer.anybody[kind])
    direction = "up" if now > old else "down"
    if abs(now - old) < _SAME:
        direction = "same"
    return {
        "kind": kind,
        "name": answer.kinds[kind].name,
        "picture": service.face(kind),
        "colour": colours_of(answer)[kind],
        "share": in_words(now),
        "anybody": in_words(anybody),
        "length": now / longest,
        "length_before": old / longest,
        "length_anybody": min(1.0, anybody / longest),
        "shift": "" if direction == "same" else f"{percent(old)} → {percent(now)}",
        "direction": direction,
    }
