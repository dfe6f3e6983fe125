"""The last clip's moments: what each did for the first recommendation in this very run; a click
hides one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import gradio as gr

from app.look.markup import EDIT_ACTIONS, picture_url, render
from app.session.service import Service
from app.session.state import Session
from app.views.cards import card, kind_colours, kind_name, moment_name, quoted, segment_words, span
from app.views.moves import compared
from app.views.shares import likelier, percent
from mealrec.explain.trace import driving

if TYPE_CHECKING:
    from mealrec.explain import trace
    from mealrec.explain.trace import Recommendation

_HEIGHT = 240
_TITLE_LIMIT = 26
_NOTHING, _LEAST = 1e-6, 1e-3  # of a chance's logarithm: rounding, and what is told as a change
"""A smaller influence is rounding: the model does not look at this moment."""


@dataclass(frozen=True)
class Tile:
    """One moment as the strip draws it: its frames side by side, or where there are none a part of
    the title.

    `frames` are as a click names them, `share` in [0, 1] is the influence next to the largest one,
    `outcome` what hiding the moment does to the first recommendation.
    """

    frames: str
    width: int
    name: str
    label: str
    when: str
    words: str
    pictures: list[str]
    share: float
    colour: str
    outcome: str
    is_hidden: bool
    is_driver: bool


@dataclass(frozen=True)
class Reading:
    """What the strip says in a sentence; it begins with the `moment` that drove the ranking, ""
    where none did."""

    moment: str
    words: str


def build() -> gr.HTML:
    """Draw the strip's place; it stays away until there is a ranking."""
    return gr.HTML("", js_on_load=EDIT_ACTIONS, elem_id="moments")


def markup(service: Service, session: Session, answer: Recommendation) -> str:
    """Return the strip of a run."""
    # The moments are those of the clip as it is: hiding one must not cut the others anew under the
    # visitor's hand.
    whole = service.recommend(replace(session, hidden=())) if answer.hidden else answer
    moments = [_as_it_stands(moment, answer) for moment in whole.last.moments]
    shown = [moment for moment in moments if not _is_hidden(moment, answer)]
    driver = driving(shown)
    if driver is not None and driver.influence < _LEAST and driver.rank_without == 1:
        driver = None  # its tile says ±0%
    clip, top = card(service, answer.last.item_id), card(service, answer.items[0].item_id)
    pictures = [] if answer.last.segments else service.thumbnails(answer.last.item_id)
    return render(
        "moments.html",
        asked=",".join(session.asked),
        hidden=answer.hidden,
        moments=_tiles(whole, answer, moments, driver, pictures),
        reading=_reading(
            whole, moments, shown, driver, quoted(clip.title, _TITLE_LIMIT), top.title, not pictures
        ),
        has_segments=bool(answer.last.segments),
        clip=clip,
        what_if=compared(service, session, answer),
    )


def _as_it_stands(moment: trace.Moment, answer: Recommendation) -> trace.Moment:
    """Return the same moment as this run measured it, which may hide others."""
    return next((own for own in answer.last.moments if own.frames == moment.frames), moment)


def _is_hidden(moment: trace.Moment, answer: Recommendation) -> bool:
    return set(moment.frames) <= set(answer.hidden)


def _tiles(
    whole: Recommendation,
    answer: Recommendation,
    moments: Sequence[trace.Moment],
    driver: trace.Moment | None,
    pictures: Sequence,
) -> list[Tile]:
    last, colours = answer.last, kind_colours(answer)
    largest = max((moment.influence for moment in moments), default=0.0)
    tiles = []
    for moment, before in zip(moments, whole.last.moments, strict=True):
        is_hidden = _is_hidden(moment, answer)
        words = segment_words(last, moment.frames) if last.segments else ""
        seen = [pictures[frame] for frame in moment.frames if frame < len(pictures)]
        tiles.append(
            Tile(
                frames=",".join(map(str, moment.frames)),
                width=len(moment.frames),
                name=moment_name(whole, moment.frames),
                label=kind_name(answer.kinds, moment.kind),
                when=words or span(last, moment.frames),
                words=words,
                pictures=[picture_url(frame, _HEIGHT) for frame in seen],
                share=0.0
                if is_hidden or moment.influence <= _NOTHING
                else moment.influence / largest,
                colour=colours[moment.kind] if moment.kind >= 0 else "",
                outcome=_outcome(before if is_hidden else moment),
                is_hidden=is_hidden,
                is_driver=moment is driver,
            )
        )
    return tiles


def _outcome(moment: trace.Moment) -> str:
    """Return what becomes of the first recommendation without the moment: "#1 → 4", "#1 −24%"."""
    if moment.rank_without > 1:
        return f"#1 → {moment.rank_without}"
    return "no change" if abs(moment.influence) <= _NOTHING else f"#1 {likelier(moment.influence)}"


def _hidden(whole: Recommendation, moment: trace.Moment) -> Reading:
    """Say what became of the first recommendation when one moment was hidden."""
    name, first = moment_name(whole, moment.frames), quoted(whole.items[0].title, _TITLE_LIMIT)
    fate = f"fell to {moment.rank_without}" if moment.rank_without > 1 else "stayed first"
    are = "are" if whole.last.segments else "is"
    return Reading(
        name[0].upper() + name[1:], f"{are} hidden: {first} {fate}, {_loss(moment)} less likely."
    )


def _loss(moment: trace.Moment) -> str:
    return percent(-math.expm1(-moment.influence))


def _why_nothing_changes(whole: Recommendation, is_blank: bool, clip: str) -> str:
    """Say why no hidden moment changes anything; `is_blank`: no frame of the last clip can be
    had."""
    if len(whole.items) == 1:
        return "One clip alone is left to recommend: it stays first, whatever is hidden."
    if whole.last.segments and not any(whole.last.segments):
        return f"{clip} has no title, and titles are all that this model reads: it has no part to hide."
    if is_blank and not whole.last.segments:
        return f"No frames of {clip} are known, so the model has no moment of it to look at."
    return "This model looks at no single moment: hiding one changes nothing."


def _reading(
    whole: Recommendation,
    moments: Sequence[trace.Moment],
    shown: Sequence[trace.Moment],
    driver: trace.Moment | None,
    clip: str,
    top: str,
    is_blank: bool,
) -> Reading:
    top = quoted(top, _TITLE_LIMIT)
    hidden = [
        before
        for before in whole.last.moments
        if before.frames not in {moment.frames for moment in shown}
    ]
    if shown and len(hidden) == 1 and hidden[0].influence > _NOTHING:
        return _hidden(whole, hidden[0])
    if not shown:
        return Reading(
            "",
            f"Every moment of {clip} is hidden. Only its title and its place in the history are left.",
        )
    if driver is None:
        if max(abs(moment.influence) for moment in shown) <= _NOTHING:
            return Reading("", _why_nothing_changes(whole, is_blank, clip))
        if max(moment.influence for moment in shown) > 0:
            return Reading(
                "",
                f"No moment of {clip} matters to #1: without any one of them, {top} is about as likely.",
            )
        return Reading(
            "",
            f"No moment of {clip} speaks for #1: without any one of them, {top} would be likelier.",
        )
    name = moment_name(whole, driver.frames)
    without = "without them" if whole.last.segments else "without it"
    moment = name[0].upper() + name[1:]
    if driver.rank_without > 1:
        return Reading(
            moment,
            f"of {clip} drove #1. {without.capitalize()}, {top} falls to {driver.rank_without}.",
        )
    return Reading(
        moment,
        f"of {clip} drove #1 most. {without.capitalize()}, {top} is {_loss(driver)} less likely.",
    )
