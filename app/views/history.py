"""The history strip: its order, edits, and the example viewers to start from."""

from __future__ import annotations

from dataclasses import dataclass, replace

import gradio as gr

from app.look.markup import EDIT_ACTIONS, render
from app.session import state
from app.session.service import Service
from app.session.state import Session
from app.views.cards import Card, card, cards

_VIEWERS_SHOWN = 4
_POSTERS_OF_A_VIEWER = 3


@dataclass(frozen=True)
class Viewer:
    """An example viewer as the welcome draws it."""

    viewer_id: str
    name: str
    note: str
    cards: list[Card]


@dataclass(frozen=True)
class NextClip:
    """The clip that an example viewer really watched next."""

    name: str
    card: Card
    revealed: bool


def build() -> gr.HTML:
    """Draw the strip; what a click does is `edited`."""
    return gr.HTML(
        render("history.html", steps=[], viewers=[], places=_VIEWERS_SHOWN),
        js_on_load=EDIT_ACTIONS,
        elem_id="history",
    )


def edited(service: Service, session: Session, action: str, data: dict) -> Session:
    """Return the session after a click in the strip, the catalogue or the recommendations."""
    item_id = str(data.get("id", ""))
    match action:
        case "pick" if item_id in service.catalogue:
            return state.toggled(session, item_id)
        case "remove":
            return state.removed(session, item_id)
        case "move":
            return state.moved(session, item_id, _position(data))
        case "leave":
            return state.leaving_out(session, item_id)
        case "moment":
            frames = _frames(service, data)
            return state.hiding(session, frames) if session.asked and frames else session
        case "whole":
            return session.whole
        case "clear":
            return state.with_history(session, ())
        case "viewer":
            return _opened(service, session, item_id)
        case "watch":
            return _watching(service, session, item_id, _position(data))
        case "restore":
            kept = state.from_mapping({"history": data.get("history")})
            return state.with_history(session, service.known(kept))
        case "reveal":
            return replace(session, revealed=True)
        case _:
            return session


def markup(service: Service, session: Session) -> str:
    """Return the strip, or the welcome for an empty history.

    The recency weights come with the ranking and are drawn by app.js where the ranking answers this
    very history; so a late answer cannot undo a click.
    """
    if not session.history:
        return render(
            "history.html",
            steps=[],
            viewers=_viewers(service),
            places=_VIEWERS_SHOWN * service.loading,
        )
    return render(
        "history.html",
        steps=cards(service, session.history),
        left_out=session.left_out,
        can_leave=len(session.asked) > 1,
        frames=session.hidden,
        hidden=_next_clip(service, session),
        query=state.to_query(session),
    )


def _viewers(service: Service) -> list[Viewer]:
    if not service.ready:
        return []
    shown = service.recommender().viewers[:_VIEWERS_SHOWN]
    return [
        Viewer(
            viewer.viewer_id,
            _name(number),
            viewer.note,
            cards(service, viewer.history[-_POSTERS_OF_A_VIEWER:]),
        )
        for number, viewer in enumerate(shown)
    ]


def _opened(service: Service, session: Session, viewer_id: str) -> Session:
    for viewer in service.recommender().viewers:
        if viewer.viewer_id == viewer_id:
            return replace(state.with_history(session, viewer.history), viewer_id=viewer_id)
    return session


def _watching(service: Service, session: Session, viewer_id: str, count: int) -> Session:
    """Return the session after a test viewer's first `count` clips; it is the viewer's own once
    all are there."""
    viewer = service.viewer(viewer_id)
    if viewer is None:
        return session
    watched = state.with_history(session, viewer.history[: max(1, count)])
    return replace(watched, viewer_id=viewer_id if watched.history == viewer.history else "")


def _next_clip(service: Service, session: Session) -> NextClip | None:
    if not session.viewer_id or not service.ready:
        return None
    viewer = service.viewer(session.viewer_id)
    if viewer is None:
        return None
    return NextClip(
        viewer_name(service, viewer.viewer_id), card(service, viewer.target), session.revealed
    )


def viewer_name(service: Service, viewer_id: str) -> str:
    """Return what a test viewer is called: an example viewer by a letter, another by its id."""
    for number, viewer in enumerate(service.recommender().viewers):
        if viewer.viewer_id == viewer_id:
            return _name(number)
    return f"Viewer {viewer_id}"


def _name(number: int) -> str:
    return f"Viewer {chr(ord('A') + number % 26)}"


def _frames(service: Service, data: dict) -> tuple[int, ...]:
    """Return the frames of a clicked moment; none where one of them is not there."""
    named, known = (
        str(data.get("frames", "")).split(","),
        [str(frame) for frame in range(service.num_frames)],
    )
    return tuple(int(frame) for frame in named) if all(frame in known for frame in named) else ()


def _position(data: dict) -> int:
    try:
        return int(str(data.get("position", "")))
    except ValueError:
        return 0
