"""The last clip's moments: what each did for the first recommendation; a click hides one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import gradio as gr

from app.look.markup import EDIT_ACTIONS, picture_url, render
from app.plots.kinds import colours_of
from app.plots.style import quoted
from app.session.service import Service
from app.session.state import Session
from app.views.parts import (
    card,
    compared,
    likelier,
    moment_name,
    percent,
    segment_words,
    span,
)
from mealrec.explain.trace import ROUNDING, driving

if TYPE_CHECKING:
    from mealrec.explain import trace
    from mealrec.explain.trace import Recommendation

_HEIGHT = 240
_TITLE_LIMIT = 26
# What a moment costs at least whose bar is as long as its tile: a tenth of the chance, as a log.
_WHOLE_BAR = 0.1


def build() -> gr.HTML:
    """Draw the strip's place; it stays away until there is a ranking."""
    return gr.HTML("", js_on_load=EDIT_ACTIONS, elem_id="moments")


def markup(service: Service, session: Session, answer: Recommendation) -> str:
    """Return the strip of a run."""
    last = answer.last

    # The moments are those of the clip as it is: hiding one must not cut the others differently
    # under the visitor's hand. Each is taken as this run measured it.
    whole = service.recommend(replace(session, hidden=()).question) if answer.hidden else answer
    measured = {moment.frames: moment for moment in last.moments}
    moments = [measured.get(moment.frames, moment) for moment in whole.last.moments]

    # The moment that drove the ranking.
    shown = [moment for moment in moments if not _is_hidden(moment, answer)]
    driver = driving(shown)

    # A title's parts have no pictures.
    clip = card(service, last.item_id)
    pictures = [] if last.segments else service.thumbnails(last.item_id)
    title = quoted(clip.title, _TITLE_LIMIT)
    lead, words = _sentence(whole, answer, shown, driver, title, is_blank=not pictures)
    return render(
        "moments.html",
        asked=",".join(session.asked),
        hidden=answer.hidden,
        moments=_tiles(whole, answer, moments, driver, pictures),
        lead=lead,
        words=words,
        has_segments=bool(last.segments),
        clip=clip,
        what_if=compared(service, session, answer),
    )


def _is_hidden(moment: trace.Moment, answer: Recommendation) -> bool:
    return set(moment.frames) <= set(answer.hidden)


def _tiles(
    whole: Recommendation,
    answer: Recommendation,
    moments: Sequence[trace.Moment],
    driver: trace.Moment | None,
    pictures: Sequence,
) -> list[dict]:
    """Return what is drawn of each moment: its frames side by side, or a part of the title."""
    # Bars are as long as influences are, next to the largest one; next to nothing has a short one.
    last = answer.last
    colours = colours_of(answer)
    longest = max([_WHOLE_BAR, *(moment.influence for moment in moments)])
    tiles = []
    for moment, before in zip(moments, whole.last.moments, strict=True):
        # A part of a title has words, any other has pictures.
        words = segment_words(last, moment.frames) if last.segments else ""
        seen = [pictures[frame] for frame in moment.frames if frame < len(pictures)]

        # A hidden moment has no bar; it says what its hiding did.
        is_hidden = _is_hidden(moment, answer)
        has_bar = not is_hidden and moment.influence > ROUNDING
        tile = {
            "frames": ",".join(map(str, moment.frames)),
            "width": len(moment.frames),
            "name": moment_name(whole, moment.frames),
            "label": answer.kinds[moment.kind].name,
            "when": words or span(last, moment.frames),
            "pictures": [picture_url(frame, _HEIGHT) for frame in seen],
            "share": moment.influence / longest if has_bar else 0.0,  # the bar's length
            "colour": colours[moment.kind],
            "outcome": _outcome(before if is_hidden else moment),
            "is_hidden": is_hidden,
            "is_driver": moment is driver,
        }
        tiles.append(tile)
    return tiles


def _outcome(moment: trace.Moment) -> str:
    """Return what becomes of the first recommendation without the moment: "#1 → 4", "#1 −24%"."""
    if moment.rank_without > 1:
        return f"#1 → {moment.rank_without}"
    return "no change" if abs(moment.influence) <= ROUNDING else f"#1 {likelier(moment.influence)}"


def _sentence(
    whole: Recommendation,
    answer: Recommendation,
    shown: Sequence[trace.Moment],
    driver: trace.Moment | None,
    clip: str,
    is_blank: bool,
) -> tuple[str, str]:
    """Return what the strip says: the moment that it begins with ("" for none), and the rest.

    `is_blank`: no frame of the last clip can be had.
    """
    shown_frames = {moment.frames for moment in shown}
    hidden = [moment for moment in whole.last.moments if moment.frames not in shown_frames]

    # What became of the first recommendation when one moment was hidden.
    if shown and len(hidden) == 1 and hidden[0].influence > ROUNDING:
        (moment,) = hidden
        top = quoted(whole.items[0].title, _TITLE_LIMIT)
        are = "are" if whole.last.segments else "is"
        fate = f"fell to {moment.rank_without}" if moment.rank_without > 1 else "stayed first"
        return _lead(whole, moment), f"{are} hidden: {top} {fate}, {_loss(moment)} less likely."
    if not shown:
        left = "Only its title and its place in the history are left."
        return "", f"Every moment of {clip} is hidden. {left}"

    # Which moment drove it.
    top = quoted(answer.items[0].title, _TITLE_LIMIT)
    if driver is not None:
        without = "Without them" if whole.last.segments else "Without it"
        if driver.rank_without > 1:
            fate = f"drove #1. {without}, {top} falls to {driver.rank_without}."
        else:
            fate = f"drove #1 most. {without}, {top} is {_loss(driver)} less likely."
        return _lead(whole, driver), f"of {clip} {fate}"

    # No moment did.
    influences = [moment.influence for moment in shown]
    if max(map(abs, influences)) <= ROUNDING:
        return "", _why_nothing_changes(whole, is_blank, clip)
    without = f"without any one of them, {top}"
    if max(influences) > 0:
        return "", f"No moment of {clip} matters to #1: {without} is about as likely."
    return "", f"No moment of {clip} speaks for #1: {without} would be likelier."


def _lead(whole: Recommendation, moment: trace.Moment) -> str:
    """Return a moment's name as a sentence begins with it."""
    name = moment_name(whole, moment.frames)
    return name[0].upper() + name[1:]


def _loss(moment: trace.Moment) -> str:
    return percent(-math.expm1(-moment.influence))


def _why_nothing_changes(whole: Recommendation, is_blank: bool, clip: str) -> str:
    # The reasons in the order in which they rule each other out.
    if len(whole.items) == 1:
        return "One clip alone is left to recommend: it stays first, whatever is hidden."
    if whole.last.segments and not any(whole.last.segments):
        all_read = "titles are all that this model reads"
        return f"{clip} has no title, and {all_read}: it has no part to hide."
    if is_blank and not whole.last.segments:
        return f"No frames of {clip} are known, so the model has no moment of it to look at."
    return "This model looks at no single moment: hiding one changes nothing."
