"""Which event leads where: edits, options, uploads, answers and the opening of the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

import gradio as gr

from app.charts import json_file
from app.look.markup import NEXT_CLICK
from app.session import state
from app.session.names import PARTS
from app.session.service import ENCODER, MODEL, PICTURES, Service, user_errors
from app.session.state import Session
from app.views import (
    about,
    catalogue,
    effects,
    header,
    history,
    inside,
    moments,
    recommendations,
    show,
    story,
    upload,
    viewers,
    wants,
)
from mealrec.errors import MealRecError

_QUIET = {"api_visibility": "private", "show_progress": "hidden"}


@dataclass(frozen=True)
class Page:
    """Every component that an event reads or writes."""

    service: Service
    session: gr.State
    stored: gr.BrowserState
    header: gr.HTML
    history: gr.HTML
    moments: gr.HTML
    wants: gr.HTML
    show: gr.HTML
    catalogue: catalogue.CatalogueView
    upload: upload.UploadView
    effects: effects.EffectsView
    ranked: recommendations.RecommendationsView
    inside: inside.InsideView
    about: about.AboutView
    viewers: viewers.ViewersView
    trace: gr.HTML


def wire_edits(page: Page) -> None:
    """Lead every click on a clip through one function; a visitor's next click waits for the answer
    to the last.

    Two at once would both begin from the same history, and one of them would be lost.
    """
    clips = page.catalogue

    @user_errors()
    def edit(session: Session, place: catalogue.Browse, event: gr.EventData) -> tuple:
        data = _data(event)
        action = str(data.get("action", ""))
        if action in catalogue.ACTIONS:
            turned = catalogue.turned(place, action, data)
            markup = catalogue.markup(page.service, turned)
            return gr.skip(), gr.skip(), gr.skip(), turned, markup, turned.words
        edited = history.edited(page.service, session, action, data)
        shown = history.markup(page.service, edited)
        return edited, shown, state.to_storage(edited), gr.skip(), gr.skip(), gr.skip()

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
        [page.session, page.history, page.stored, clips.place, clips.posters, clips.search],
        trigger_mode="multiple",
        **_QUIET,
    )
    for ended in (edited.success, edited.failure):
        ended(None, js=NEXT_CLICK)


def wire_options(page: Page) -> None:
    """Let the controls beside the ranking change how the walk is asked."""

    def set_options(session: Session, top_k: float, variant: str, seed: float | None) -> tuple:
        asked = state.from_mapping({"k": top_k, "variant": variant, "seed": seed or 0})
        edited = replace(session, k=asked.k, variant=asked.variant, seed=asked.seed)
        return edited, state.to_storage(edited)

    gr.on(
        [control.input for control in page.ranked.controls],
        set_options,
        [page.session, *page.ranked.controls],
        [page.session, page.stored],
        trigger_mode="always_last",
        **_QUIET,
    )


def wire_upload(page: Page) -> None:
    """Encode a dropped video or an example; it joins the history unless the visitor cancels."""
    view = page.upload
    report = [view.report, view.stop, view.encode, view.video]

    def encode(
        video: str | None, title: str, session: Session, request: gr.Request
    ) -> Iterator[tuple]:
        if not video:
            raise gr.Error(
                "Choose a video first, or click one of the examples.", print_exception=False
            )
        with user_errors():
            yield from _encoding(page.service, video, title, session, request.session_hash or "")

    def choose(event: gr.EventData) -> str | None:
        return upload.example_path(str(_data(event).get("id", "")))

    inputs = [view.video, view.title, page.session]
    outputs = [*report, page.session, page.history, page.stored]
    begun = view.encode.click(encode, inputs, outputs, **ENCODER, **_QUIET)
    chosen = view.examples.click(choose, None, view.video, **_QUIET)
    begun_example = chosen.success(encode, inputs, outputs, **ENCODER, **_QUIET)
    look = partial(upload.preview, page.service)
    view.video.change(
        look, view.video, view.preview, js=upload.UNPLAYABLE, **upload.PREVIEW, **_QUIET
    )
    view.stop.click(
        lambda: upload.rest(cancelled=True), None, report, cancels=[begun, begun_example], **_QUIET
    )
    for event in (begun, begun_example):
        event.failure(upload.rest, None, report, **_QUIET)


def wire_answers(page: Page) -> None:
    """Ask anew when the session changes; while one answer is on its way only the latest question
    waits."""

    @user_errors()
    def answer(session: Session) -> str:
        if not session.history:
            return recommendations.empty(recommendations.INVITATION)
        return recommendations.markup(page.service, session, page.service.recommend(session))

    @user_errors()
    def show_moments(session: Session) -> str:
        return (
            moments.markup(page.service, session, page.service.recommend(session))
            if session.history
            else ""
        )

    @user_errors()
    def show_wants(session: Session) -> str:
        return (
            wants.markup(page.service, session, page.service.recommend(session))
            if session.history
            else ""
        )

    @user_errors()
    def look_inside(session: Session) -> list:
        if not session.history:
            return page.inside.clear()
        recommendation = page.service.recommend(session)
        last = recommendation.last
        thumbnails = () if last.segments else page.service.thumbnails(last.item_id)
        faces = page.service.faces(inside.faces_wanted(recommendation))
        return page.inside.update(recommendation, thumbnails, faces)

    options = {"trigger_mode": "always_last", **_QUIET}
    answered = page.session.change(answer, page.session, page.ranked.ranking, **MODEL, **options)
    answered.success(show_wants, page.session, page.wants, **PICTURES, **options)
    explained = answered.success(show_moments, page.session, page.moments, **PICTURES, **options)
    explained.success(look_inside, page.session, page.inside.outputs, **PICTURES, **options)


def wire_effects(page: Page) -> None:
    """List what would change the answer only while the visitor looks at the list, and never
    before the ranking."""
    view = page.effects

    def listed(session: Session, is_open: bool) -> str | dict:
        return effects.markup(page.service, session) if is_open else gr.skip()

    @user_errors()
    def turned(session: Session, event: gr.SelectData) -> tuple:
        is_open = event.value == effects.TAB
        return listed(session, is_open), is_open

    options = {"trigger_mode": "always_last", **MODEL, **_QUIET}
    view.tabs.select(turned, page.session, [view.listing, view.is_open], **options)
    page.session.change(
        user_errors()(listed), [page.session, view.is_open], view.listing, **options
    )


def wire_show(page: Page) -> None:
    """Begin the story that plays itself: with an empty history, and asked as the story was
    computed."""

    @user_errors()
    def begin() -> tuple:
        if not story.has_viewers(page.service):
            gr.Info(
                "This bundle holds no viewers, so there is no story to show: pick a clip instead."
            )
            return (gr.skip(),) * 6
        told = show.value(story.steps(page.service))
        asked = story.ASKED
        return told, asked, history.markup(page.service, asked), asked.k, asked.variant, asked.seed

    outputs = [page.show, page.session, page.history, *page.ranked.controls]
    page.show.select(begin, None, outputs, **MODEL, **_QUIET)


def wire_trace(page: Page) -> None:
    """Give the browser the whole trace of the ranking on show to save: what the API answers to
    the same question."""

    @user_errors()
    def trace(session: Session) -> dict:
        if not session.history:
            gr.Info("There is no ranking yet, so nothing to save: pick a clip first.")
            return gr.skip()
        answer = page.service.recommend(session)
        return json_file(
            f"mealrec-trace-{answer.variant}-seed-{answer.seed}.json", answer.to_dict()
        )

    page.trace.click(trace, page.session, page.trace, **MODEL, **_QUIET)


def wire_opening(page: Page, demo: gr.Blocks) -> None:
    """Begin a visit with the shared link's history or this browser's last one; then the model
    arrives."""

    def restore(stored: dict | None, request: gr.Request) -> tuple:
        session = _restored(page.service, stored or {}, dict(request.query_params))
        page.service.uploads.adopt(session.history, request.session_hash or "")
        return (
            session,
            history.markup(page.service, session),
            session.k,
            session.variant,
            session.seed,
        )

    def arrive(session: Session, place: catalogue.Browse) -> tuple:
        return _arrived(page.service, session, place)

    def leave(request: gr.Request) -> None:
        page.service.uploads.leave(request.session_hash or "")

    restored = demo.load(
        restore, page.stored, [page.session, page.history, *page.ranked.controls], **_QUIET
    )
    restored.then(
        arrive,
        [page.session, page.catalogue.place],
        [
            page.header,
            page.history,
            page.ranked.ranking,
            *page.about.outputs,
            page.ranked.variant,
            page.catalogue.posters,
            *page.upload.offer,
        ],
        concurrency_limit=None,
        **_QUIET,
    )
    demo.unload(leave)
    # A reload shall find the visitor's own history, not the link's.
    restored.then(
        None, js="() => { window.history.replaceState(null, '', window.location.pathname); }"
    )


def _data(event: gr.EventData) -> dict:
    """Return what an event brings; a forged one may bring anything."""
    return dict(event._data) if isinstance(event._data, Mapping) else {}


def _encoding(
    service: Service, video: str, title: str, session: Session, visit: str
) -> Iterator[tuple]:
    busy = (gr.update(visible=True), gr.update(interactive=False), gr.skip())
    done = (gr.update(visible=False), gr.update(interactive=True), None)
    for report, upload_id in upload.encoded(service, video, title or "", visit):
        if not upload_id:
            yield report, *busy, gr.skip(), gr.skip(), gr.skip()
            continue
        edited = state.with_history(session, (*session.history, upload_id))
        yield report, *done, edited, history.markup(service, edited), state.to_storage(edited)


def _restored(service: Service, stored: Mapping, query: Mapping) -> Session:
    session = state.from_mapping(query if "history" in query else stored)
    known = service.catalogue.variants or PARTS
    variant = session.variant if session.variant in known else "full"
    return replace(session, history=service.known(session), variant=variant)


def _arrived(service: Service, session: Session, place: catalogue.Browse) -> tuple:
    """Return what is drawn anew once the model is there, or why it is not: from the header to
    the upload's parts."""
    try:
        recommender = service.recommender()
    except MealRecError as error:
        reason, welcome = str(error), _welcome(service, session)
        as_they_are = (gr.skip(),) * 7
        return (
            header.markup("failed", reason),
            welcome,
            recommendations.empty(reason),
            "",
            *as_they_are,
        )
    return (
        header.markup("ready", recommender.name),
        _welcome(service, session),
        gr.skip() if session.history else recommendations.empty(recommendations.INVITATION),
        *about.shown(service),
        gr.update(choices=recommendations.choices(recommender.variants)),
        catalogue.markup(service, place),
        *upload.offered(recommender.upload_refusal),
    )


def _welcome(service: Service, session: Session) -> str | dict:
    """Return the welcome anew, now with the example viewers; a strip in use stays as it is."""
    return gr.skip() if session.history else history.markup(service, session)
