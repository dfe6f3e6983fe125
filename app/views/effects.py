"""What would change the answer most: clips left out and moments hidden; a click does it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import gradio as gr

from app.look.markup import EDIT_ACTIONS, picture_url, render
from app.plots.style import quoted
from app.session.service import Service
from app.session.state import Session
from app.views.parts import card, kept_words, moment_name, percent

if TYPE_CHECKING:
    from mealrec.explain.trace import Effect

TAB = "What if?"
_NOTE = "Pick a clip or start from a viewer: what its recommendations hang on is then listed here."
_HEIGHT = 112
_TITLE_LIMIT = 44


@dataclass(frozen=True)
class EffectsView:
    """The list; `is_open` holds whether the visitor looks at it."""

    listing: gr.HTML
    is_open: gr.State


def build() -> EffectsView:
    """Draw the list in the tab that is open in the current Blocks."""
    listing = gr.HTML(_empty(), js_on_load=EDIT_ACTIONS, elem_id="effects")
    return EffectsView(listing, gr.State(False))


def markup(service: Service, session: Session) -> str:
    """Return the list for the session's whole history, with what is done already marked."""
    if not session.history:
        return _empty()
    # All is measured from the whole history, whatever is left out at the moment.
    effects = service.effects(session.whole.question)
    whole = service.recommend(session.whole.question)

    # A title's parts have no pictures.
    pictures = [] if whole.last.segments else service.thumbnails(whole.last.item_id)
    largest = max((effect.moved for effect in effects), default=0.0) or 1.0
    is_last_asked = session.asked[-1:] == session.history[-1:]

    entries = []
    for effect in effects:
        clip = card(service, effect.item_id)
        frames = effect.frames

        # A moment of the last clip can be hidden while that clip counts; the last clip that
        # counts cannot be left out.
        if frames:
            deed = f"Hide {moment_name(whole, frames)} of the last clip"
            is_done = is_last_asked and set(frames) <= set(session.hidden)
            is_possible = is_last_asked
        else:
            deed = f"Leave out {quoted(clip.title, _TITLE_LIMIT)}"
            is_done = effect.item_id in session.left_out
            is_possible = is_done or len(session.asked) > 1

        # A moment is pictured by its middle frame, a clip by its poster.
        middle = frames[len(frames) // 2] if frames else len(pictures)
        picture = picture_url(pictures[middle], _HEIGHT) if middle < len(pictures) else ""
        entry = {
            "card": clip,
            "frames": ",".join(map(str, frames)),
            "picture": picture,
            "deed": deed,
            "outcome": _outcome(effect, len(whole.items)),
            "moved": percent(effect.moved) if effect.moved >= 0.01 else "<1%",
            "share": effect.moved / largest,  # the bar's length
            "is_done": is_done,
            "is_possible": is_possible,
        }
        entries.append(entry)
    return render("effects.html", note="", entries=entries)


def _empty() -> str:
    return render("effects.html", note=_NOTE, entries=[])


def _outcome(effect: Effect, count: int) -> str:
    fate = "stays first" if effect.top_rank == 1 else f"falls to {effect.top_rank}"
    return f"{kept_words(effect.kept, count)}, #1 {fate}"
