"""Which event leads where: edits, options, uploads, answers and the opening of the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial

import gradio as gr

from app.charts.chart import json_file
from app.events.page import LATEST, QUIET, Page
from app.look.markup import NEXT_CLICK, event_data, render
from app.session import state
from app.session.names import PARTS
from app.session.service import ENCODER, MODEL, PICTURES, Service, user_errors
from app.session.state import Session
from app.views import (
    about,
    catalogue,
    history,
    inside,
    moments,
    recommendations,
    story,
    upload,
    wants,
)
from mealrec.errors import MealRecError


def wire_edits(page: Page) -> None:
    """Lead every click on a clip through one function.

    A visitor's next click waits for the answer to the last: two at once would both begin from the
    same history, and one of them would be lost.
    """
    clips = page.catalogue
    strip = page.edited

    @user_errors()
    def edit(session: Session, place: catalogue.Browse, event: gr.EventData) -> dict:
        data = event_data(event)
        action = str(data.get("action", ""))

        # A click that only turns the catalogue's pages.
        if action in catalogue.ACTIONS:
            turned = catalogue.turned(place, action, data)
            posters = catalogue.markup(page.service, turned)
            return {clips.place: turned, clips.posters: posters, clips.search: turned.words}

        # A click that edits the history.
        edited = history.edited(page.service, session, action, data)
        return dict(zip(strip, history.values(page.service, edited), strict=True))

    def search(words: str, place: catalogue.Browse) -> tuple:
        found = replace(place, words=words, number=1)
        return found, catalogue.markup(page.service, found)

    # Whatever is clicked, and however it ends, the next click of the line follows.
    edited = gr.on(
        [
            page.history.click,
            clips.posters.click,
            page.ranked.ranking.click,
            page.moments.click,
            page.effects.listing.click,
            page.show.click,
        ],
        edit,
        [page.session, clips.place],
        [*strip, clips.place, clips.posters, clips.search],
        trigger_mode="multiple",
        **QUIET,
    )
    for ended in (edited.success, edited.failure):
        ended(None, js=NEXT_CLICK)
    # The textbox's input event stays silent for pasted or deleted text; change does not.
    place = [clips.place, clips.posters]
    clips.search.change(search, [clips.search, clips.place], place, **LATEST)


def wire_options(page: Page) -> None:
    """Let the controls next to the ranking change how the walk is asked."""
    controls = page.ranked.controls

    def set_options(session: Session, top_k: float, variant: str, seed: float | None) -> tuple:
        asked = state.from_mapping({"k": top_k, "variant": variant, "seed": seed})
        edited = replace(session, k=asked.k, variant=asked.variant, seed=asked.seed)
        return edited, state.to_storage(edited)

    changed = [control.input for control in controls]
    outputs = [page.session, page.stored]
    gr.on(changed, set_options, [page.session, *controls], outputs, **LATEST)


def wire_answers(page: Page) -> None:
    """Answer the session when it changes; the ranking first, then what explains it.

    While one answer is on its way only the latest question waits.
    """
    service = page.service

    @user_errors()
    def answer(session: Session) -> str:
        if not session.history:
            return recommendations.empty(recommendations.INVITATION)
        return recommendations.markup(service, session, service.recommend(session.question))

    @user_errors()
    def show_wants(session: Session) -> str:
        if not session.history:
            return ""
        return wants.markup(service, session, service.recommend(session.question))

    @user_errors()
    def show_moments(session: Session) -> str:
        if not session.history:
            return ""
        return moments.markup(service, session, service.recommend(session.question))

    @user_errors()
    def look_inside(session: Session) -> list:
        if not session.history:
            return [None] * len(page.inside)

        # Pictures of the last clip's frames, unless they are parts of its title, and of kinds.
        answer = service.recommend(session.question)
        thumbnails = () if answer.last.segments else service.thumbnails(answer.last.item_id)
        return inside.values(answer, thumbnails, service.faces(inside.faces_wanted(answer)))

    # The ranking waits for the model; the others find the same answer kept.
    session = page.session
    answered = session.change(answer, session, page.ranked.ranking, **MODEL, **LATEST)
    answered.success(show_wants, session, page.wants, **PICTURES, **LATEST)
    explained = answered.success(show_moments, session, page.moments, **PICTURES, **LATEST)
    explained.success(look_inside, session, page.inside, **PICTURES, **LATEST)


def wire_upload(page: Page) -> None:
    """Encode a dropped video or an example; it joins the history unless the visitor cancels."""
    view = page.upload
    report = [view.report, view.stop, view.encode, view.video]

    def encode(
        video: str | None, title: str, session: Session, request: gr.Request
    ) -> Iterator[dict]:
        if not video:
            words = "Choose a video first, or click one of the examples."
            raise gr.Error(words, print_exception=False)
        visit = request.session_hash or ""
        with user_errors():
            for words, upload_id in upload.encoded(page.service, video, title or "", visit):
                # On its way: the visitor may cancel, and not begin another.
                if not upload_id:
                    yield {
                        view.report: words,
                        view.stop: gr.update(visible=True),
                        view.encode: gr.update(interactive=False),
                    }
                    continue

                # At last: the clip is the latest of the history.
                edited = state.with_history(session, (*session.history, upload_id))
                values = (*upload.rest(words), *history.values(page.service, edited))
                yield dict(zip(outputs, values, strict=True))

    def choose(event: gr.EventData) -> str | None:
        return upload.example_path(str(event_data(event).get("id", "")))

    inputs = [view.video, view.title, page.session]
    outputs = [*report, *page.edited]
    begun = view.encode.click(encode, inputs, outputs, **ENCODER, **QUIET)
    chosen = view.examples.click(choose, None, view.video, **QUIET)
    begun_example = chosen.success(encode, inputs, outputs, **ENCODER, **QUIET)

    # What the browser cannot play is shown as the model would see it.
    look = partial(upload.preview, page.service)
    options = {"js": upload.UNPLAYABLE, **upload.PREVIEW, **QUIET}
    view.video.change(look, view.video, view.preview, **options)

    # Back to the beginning, where the visitor cancels or the video is refused.
    cancelled = partial(upload.rest, upload.idle(cancelled=True))
    view.stop.click(cancelled, None, report, cancels=[begun, begun_example], **QUIET)
    refused = partial(upload.rest, upload.idle())
    for event in (begun, begun_example):
        event.failure(refused, None, report, **QUIET)


def wire_show(page: Page) -> None:
    """Begin the story that plays itself: with an empty history, and asked as it was computed."""

    @user_errors()
    def begin() -> tuple | dict:
        if not story.has_viewers(page.service):
            gr.Info(story.NO_VIEWERS)
            return gr.skip()

        # The controls are set to what the story asks.
        told = story.value(story.steps(page.service))
        asked = story.ASKED
        return told, asked, history.markup(page.service, asked), asked.k, asked.variant, asked.seed

    outputs = [page.show, page.session, page.history, *page.ranked.controls]
    page.show.select(begin, None, outputs, **MODEL, **QUIET)


def wire_trace(page: Page) -> None:
    """Give the browser the whole trace of the ranking on show to save, as the API answers it."""

    @user_errors()
    def trace(session: Session) -> dict:
        if not session.history:
            gr.Info("There is no ranking yet, so nothing to save: pick a clip first.")
            return gr.skip()
        answer = page.service.recommend(session.question)
        name = f"mealrec-trace-{answer.variant}-seed-{answer.seed}.json"
        return json_file(name, answer.to_dict())

    page.trace.click(trace, page.session, page.trace, **MODEL, **QUIET)


def wire_opening(page: Page, demo: gr.Blocks) -> None:
    """Begin a visit with the link's history or this browser's last one; then the model arrives."""
    service = page.service

    def restore(stored: dict | None, request: gr.Request) -> tuple:
        session = _restored(service, stored or {}, dict(request.query_params))
        service.uploads.adopt(session.history, request.session_hash or "")
        strip = history.markup(service, session)
        return session, strip, session.k, session.variant, session.seed

    def arrive(session: Session, place: catalogue.Browse) -> dict:
        return _arrived(page, session, place)

    def leave(request: gr.Request) -> None:
        service.uploads.leave(request.session_hash or "")

    # The history first, with what the catalogue's files tell; nobody waits for the model.
    begun = [page.session, page.history, *page.ranked.controls]
    restored = demo.load(restore, page.stored, begun, **QUIET)

    # Then all that the model has a word in.
    outputs = [
        page.header,
        page.history,
        page.ranked.ranking,
        page.ranked.variant,
        page.catalogue.posters,
        page.upload.columns,
        page.upload.refusal,
        *page.about.outputs,
    ]
    asked = [page.session, page.catalogue.place]
    restored.then(arrive, asked, outputs, concurrency_limit=None, **QUIET)
    demo.unload(leave)
    # A reload shall find the visitor's own history, not the link's.
    forget = "() => { window.history.replaceState(null, '', window.location.pathname); }"
    restored.then(None, js=forget)


def _restored(service: Service, stored: Mapping, query: Mapping) -> Session:
    """Return the session of a link or of the browser, without what this bundle does not hold."""
    session = state.from_mapping(query if "history" in query else stored)
    known = service.catalogue.variants or PARTS
    variant = session.variant if session.variant in known else "full"
    return replace(session, history=service.known(session), variant=variant)


def _arrived(page: Page, session: Session, place: catalogue.Browse) -> dict:
    """Return what is drawn again once the model is there, or why it is not."""
    service = page.service
    try:
        recommender = service.recommender()
    except MealRecError as error:
        reason = str(error)
        values = {
            page.header: render("header.html", state="failed", detail=reason),
            page.ranked.ranking: recommendations.empty(reason),
            page.about.account: "",
        }
    else:
        columns, refusal = upload.offered(recommender.upload_refusal)
        variants = recommendations.choices(recommender.variants)
        values = {
            page.header: render("header.html", state="ready", detail=recommender.name),
            page.ranked.variant: gr.update(choices=variants),
            page.catalogue.posters: catalogue.markup(service, place),
            page.upload.columns: columns,
            page.upload.refusal: refusal,
            **dict(zip(page.about.outputs, about.shown(service), strict=True)),
        }
        if not session.history:
            values[page.ranked.ranking] = recommendations.empty(recommendations.INVITATION)

    # The welcome, now with the example viewers; a strip in use stays as it is.
    if not session.history:
        values[page.history] = history.markup(service, session)
    return values
