"""The last clip's moments: what each did for the first recommendation in this very run; a click hides one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import gradio as gr

from app.markup import EDIT_ACTIONS, picture_url, render
from app.service import Service
from app.state import Session
from app.views.cards import card, moment_name, quoted
from app.views.moves import compared

if TYPE_CHECKING:
    from mealrec.recommender.trace import FrameRelevance, Recommendation

_HEIGHT = 176
_NOTHING = 1e-6
"""A smaller influence is rounding: the model does not look at single frames."""


@dataclass(frozen=True)
class Moment:
    """One frame, or one segment of the title, as the strip draws it.

    `picture` is "" where there is none and `label` then holds the segment; `share` in [0, 1] is the influence
    beside the largest one, `outcome` what hiding it would do to the first recommendation.
    """

    frame: int
    name: str
    label: str
    picture: str
    share: float
    outcome: str
    is_hidden: bool
    is_driver: bool


@dataclass(frozen=True)
class Reading:
    """What the strip says in a sentence; it begins with the `moment` that drove the ranking, "" where none did."""

    moment: str
    words: str


def build() -> gr.HTML:
    """Draw the strip's place; it stays away until there is a ranking."""
    return gr.HTML("", js_on_load=EDIT_ACTIONS, elem_id="moments")


def markup(service: Service, session: Session, recommendation: Recommendation) -> str:
    """Return the strip of a run."""
    relevance = recommendation.frame_relevance
    clip, top = card(service, relevance.item_id), card(service, recommendation.items[0].item_id)
    shown = [frame for frame in range(len(relevance.influence)) if frame not in recommendation.hidden]
    driver = max(shown, key=lambda frame: relevance.influence[frame], default=None)
    if driver is not None and relevance.influence[driver] <= _NOTHING:
        driver = None
    pictures = [] if relevance.segments else service.thumbnails(relevance.item_id)
    return render(
        "moments.html",
        moments=_moments(relevance, recommendation.hidden, driver, pictures),
        reading=_reading(relevance, shown, driver, quoted(clip.title, 22), quoted(top.title, 22)),
        has_segments=bool(relevance.segments),
        clip=clip,
        what_if=compared(service, session, recommendation),
    )


def _moments(
    relevance: FrameRelevance, hidden: tuple[int, ...], driver: int | None, pictures: Sequence
) -> list[Moment]:
    largest = max(max(relevance.influence), _NOTHING)
    return [
        Moment(
            frame=frame,
            name=moment_name(relevance, frame),
            label=relevance.segments[frame] if relevance.segments else f"{relevance.times_s[frame]:.1f} s",
            picture=picture_url(pictures[frame], _HEIGHT) if frame < len(pictures) else "",
            share=max(0.0, float(influence) / largest),
            outcome="hidden" if frame in hidden else _outcome(float(influence), int(relevance.rank_without[frame])),
            is_hidden=frame in hidden,
            is_driver=frame == driver,
        )
        for frame, influence in enumerate(relevance.influence)
    ]


def _outcome(influence: float, rank: int) -> str:
    if rank > 1:
        return f"#1 → {rank}"
    return "no change" if abs(influence) <= _NOTHING else f"#1 {_likelier(influence)}"


def _likelier(influence: float) -> str:
    """Return by how much of itself the first recommendation's probability changes without the moment."""
    change = math.expm1(-influence)
    return f"{'−' if change < 0 else '+'}{_percent(abs(change))}" if abs(change) >= 0.001 else "±0%"


def _percent(share: float) -> str:
    return f"{100 * share:.0f}%" if share >= 0.01 else f"{100 * share:.1f}%"


def _reading(relevance: FrameRelevance, shown: list[int], driver: int | None, clip: str, top: str) -> Reading:
    if not shown:
        return Reading("", f"Every moment of {clip} is hidden: only its title and its place in the history are left.")
    if driver is None:
        if max(abs(relevance.influence[frame]) for frame in shown) <= _NOTHING:
            return Reading("", "This model looks at no single moment: hiding one changes nothing.")
        return Reading("", f"No moment of {clip} speaks for #1: without any one of them, {top} would be likelier.")
    name, rank = moment_name(relevance, driver), int(relevance.rank_without[driver])
    without = "without them" if relevance.segments else "without it"
    moment = name[0].upper() + name[1:]
    if rank > 1:
        return Reading(moment, f"of {clip} drove #1: {without}, {top} would fall to rank {rank}.")
    loss = _percent(-math.expm1(-float(relevance.influence[driver])))
    return Reading(moment, f"of {clip} drove #1 most: {without}, {top} would stay first, {loss} less likely.")
