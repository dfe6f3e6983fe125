"""The history strip: its order, edits, and the example viewers to start from."""

from __future__ import annotations

from dataclasses import replace

import gradio as gr

from app.look.markup import EDIT_ACTIONS, render
from app.session import state
from app.session.service import Service
from app.session.state import Session
from app.views.parts import card, cards, viewer_name

# The example viewers of the welcome, and the clips of each.
_VIEWERS_SHOWN = 4
_POSTERS_OF_A_VIEWER = 3


def build() -> gr.HTML:
    """Draw the strip; what a click does is `edited`."""
    return gr.HTML(
        render("history.html", clips=[], viewers=[], places=_VIEWERS_SHOWN),
        js_on_load=EDIT_ACTIONS,
        elem_id="history",
    )


def edited(service: Service, session: Session, action: str, data: dict) -> Session:
    """Return the session after a click in the strip, the catalogue or the recommendations."""
    item_id = str(data.get("id", ""))
    match action:
        # What the history holds, and in which order.
        case "pick" if item_id in service.catalogue:
            return state.toggled(session, item_id)
        case "remove":
            return state.removed(session, item_id)
        case "move":
            return state.moved(session, item_id, state.whole(data.get("position"), 0))
        case "clear":
            return state.with_history(session, ())
        case "restore":
            kept = state.from_mapping({"history": data.get("history")})
            return state.with_history(session, service.known(kept))

        # What if: leave a clip out, hide a moment, and back again.
        case "leave":
            return state.leaving_out(session, item_id)
        case "moment":
            frames = _frames(service, data)
            return state.hiding(session, frames) if session.asked and frames else session
        case "whole":
            return session.whole

        # Viewers of the bundle, whose next clip is known.
        case "viewer":
            return _opened(service, session, item_id)
        case "watch":
            return _opened(service, session, item_id, state.whole(data.get("position"), 1, low=1))
        case "use":
            opened = _opened(service, session, item_id)
            return session if opened is session else replace(opened, revealed=True)
        case "reveal":
            return replace(session, revealed=True)
        case _:
            return session


def values(service: Service, session: Session) -> tuple[Session, str, dict]:
    """Return the values of an edited session: itself, the strip, what the browser keeps."""
    return session, markup(service, session), state.to_storage(session)


def markup(service: Service, session: Session) -> str:
    """Return the strip, or the welcome for an empty history.

    The recency weights come with the ranking and are drawn by app.js where the ranking answers this
    very history; so a late answer cannot undo a click.
    """
    # Empty places stand for viewers until the model is there.
    if not session.history:
        places = _VIEWERS_SHOWN if service.loading else 0
        return render("history.html", clips=[], viewers=_viewers(service), places=places)

    # The clip that a viewer of the bundle watched next, hidden until it is revealed.
    viewer = service.viewer(session.viewer_id) if session.viewer_id and service.ready else None
    return render(
        "history.html",
        clips=cards(service, session.history),
        left_out=session.left_out,
        can_leave=len(session.asked) > 1,
        frames=session.hidden,
        next=card(service, viewer.target) if viewer else None,
        viewer_name=viewer_name(service, session.viewer_id) if viewer else "",
        revealed=session.revealed,
        query=state.to_query(session),
    )


def _viewers(service: Service) -> list[tuple]:
    """Return the example viewers of the welcome: each with its name and its latest clips."""
    if not service.ready:
        return []
    shown = []
    for viewer in service.recommender().viewers[:_VIEWERS_SHOWN]:
        clips = cards(service, viewer.history[-_POSTERS_OF_A_VIEWER:])
        shown.append((viewer, viewer_name(service, viewer.viewer_id), clips))
    return shown


def _opened(
    service: Service, session: Session, viewer_id: str, count: int | None = None
) -> Session:
    """Return the session with a viewer's history, or with the first `count` clips of it.

    It is the viewer's own once all are there.
    """
    # A page from before a restart may name one that is gone.
    viewer = service.viewer(viewer_id)
    if viewer is None:
        return session
    clips = viewer.history[:count]
    opened = state.with_history(session, clips)
    return replace(opened, viewer_id=viewer_id) if clips == viewer.history else opened


def _frames(service: Service, data: dict) -> tuple[int, ...]:
    """Return the frames of a clicked moment; none where one of them is not there."""
    # What the page sends, as it sends it: "3,4".
    named = str(data.get("frames", "")).split(",")
    known = {str(frame) for frame in range(service.num_frames)}
    return tuple(int(frame) for frame in named) if known.issuperset(named) else ()
