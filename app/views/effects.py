"""What would change the answer most: every clip left out and every moment hidden, by effect; a
click does it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import gradio as gr

from app.look.markup import EDIT_ACTIONS, picture_url, render
from app.session.service import Service
from app.session.state import Session
from app.views.cards import Card, card, moment_name, quoted
from app.views.moves import kept_words
from app.views.shares import percent

if TYPE_CHECKING:
    from mealrec.explain.trace import Effect

TAB = "What if?"
EMPTY = "Pick a clip or start from a viewer: what its recommendations hang on is then listed here."
_HEIGHT = 112


@dataclass(frozen=True)
class EffectsView:
    """The list, and the tabs that it is one of; `is_open` holds whether the visitor looks at it."""

    tabs: gr.Tabs
    listing: gr.HTML
    is_open: gr.State


@dataclass(frozen=True)
class Entry:
    """One change as the list draws it; `frames` are "" where the clip is left out, else as a
    click names them."""

    card: Card
    frames: str
    picture: str
    deed: str
    outcome: str
    moved: str
    share: float
    is_done: bool
    is_possible: bool


def build(tabs: gr.Tabs) -> EffectsView:
    """Draw the list's own tab."""
    with gr.Tab(TAB, elem_id="what-if"):
        listing = gr.HTML(empty(EMPTY), js_on_load=EDIT_ACTIONS, elem_id="effects")
    return EffectsView(tabs, listing, gr.State(False))


def empty(note: str) -> str:
    """Return the list's place with a note instead."""
    return render("effects.html", note=note, entries=[])


def markup(service: Service, session: Session) -> str:
    """Return the list for the session's whole history, with what is done already marked."""
    if not session.history:
        return empty(EMPTY)
    found, count = service.effects(session), len(service.recommend(session.whole).items)
    return render("effects.html", note="", entries=_entries(service, session, found, count))


def _entries(
    service: Service, session: Session, found: tuple[Effect, ...], count: int
) -> list[Entry]:
    whole = service.recommend(session.whole)
    pictures = [] if whole.last.segments else service.thumbnails(whole.last.item_id)
    is_last_asked = session.asked[-1:] == session.history[-1:]
    largest = max((effect.moved for effect in found), default=0.0) or 1.0
    entries = []
    for effect in found:
        clip, frames = card(service, effect.item_id), effect.frames
        left_out = effect.item_id in session.left_out
        if frames:
            deed = f"Hide {moment_name(whole, frames)} of the last clip"
            is_done = is_last_asked and set(frames) <= set(session.hidden)
            is_possible = is_last_asked
        else:
            deed = f"Leave out {quoted(clip.title, 44)}"
            is_done = left_out
            is_possible = left_out or len(session.asked) > 1
        middle = frames[len(frames) // 2] if frames else None
        has_picture = middle is not None and middle < len(pictures)
        entries.append(
            Entry(
                card=clip,
                frames=",".join(map(str, frames)),
                picture=picture_url(pictures[middle], _HEIGHT) if has_picture else "",
                deed=deed,
                outcome=_outcome(effect, count),
                moved=percent(effect.moved) if effect.moved >= 0.01 else f"<{percent(0.01)}",
                share=effect.moved / largest,
                is_done=is_done,
                is_possible=is_possible,
            )
        )
    return entries


def _outcome(effect: Effect, count: int) -> str:
    fate = "stays first" if effect.top_rank == 1 else f"falls to {effect.top_rank}"
    return f"{kept_words(effect.kept, count)}, #1 {fate}"
