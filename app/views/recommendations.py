"""The recommendations: ranked cards, and the controls that say how the walk is asked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import gradio as gr

from app.look.markup import EDIT_ACTIONS, render
from app.session.names import PARTS, system
from app.session.service import Service
from app.session.state import MAX_K, Session
from app.views.cards import Card, card, kind_colours, kind_name
from app.views.moves import Move, compared

if TYPE_CHECKING:
    from mealrec.explain.trace import Recommendation, UploadStanding

INVITATION = (
    "Pick a clip or start from a viewer: what MealRec would show next appears here at once."
)
WARMING = "The model is warming up; this takes a few seconds. You can pick clips already."


@dataclass(frozen=True)
class RecommendationsView:
    """The view's components."""

    ranking: gr.HTML
    top_k: gr.Slider
    variant: gr.Dropdown
    seed: gr.Number

    @property
    def controls(self) -> list[gr.components.Component]:
        """Return what says how the walk is asked: k, the variant, the seed."""
        return [self.top_k, self.variant, self.seed]


@dataclass(frozen=True)
class Ranked:
    """One recommended clip.

    `reason` names the kind of moment that it was picked for, "" where nobody asked; `score` is
    written out, `move` is its way from its rank with the full history.
    """

    card: Card
    rank: int
    reason: str
    colour: str
    score: str
    is_target: bool
    move: Move | None


@dataclass(frozen=True)
class Standing:
    """Where an upload would stand if it were a candidate."""

    title: str
    rank: int
    candidates: int


@dataclass(frozen=True)
class Verdict:
    """Whether the example viewer's revealed next clip is in the ranking; `kind` is hit or miss."""

    kind: str
    words: str


def build() -> RecommendationsView:
    """Draw the heading, the controls and the ranking's place."""
    gr.HTML(render("section.html", title="Up next", words="ranked from your history, best first"))
    ranking = gr.HTML(
        empty(WARMING, warming=True), js_on_load=EDIT_ACTIONS, elem_id="recommendations"
    )
    with gr.Row(elem_id="controls"):
        top_k = gr.Slider(1, MAX_K, value=10, step=1, label="Clips", elem_id="top-k", min_width=120)
        variant = gr.Dropdown(
            choices(PARTS),
            value="full",
            label="Model",
            elem_id="variant",
            min_width=150,
        )
        seed = gr.Number(
            0, label="Seed", precision=0, minimum=0, maximum=2**31 - 1, elem_id="seed", min_width=80
        )
    return RecommendationsView(ranking, top_k, variant, seed)


def choices(variants: Iterable[str]) -> list[tuple[str, str]]:
    """Return the dropdown's rows for the variants that a bundle holds."""
    return [(system(variant).name, variant) for variant in variants]


def empty(note: str, warming: bool = False) -> str:
    """Return the place of the ranking with a note instead of clips."""
    return render("recommendations.html", note=note, warming=warming)


def markup(service: Service, session: Session, recommendation: Recommendation) -> str:
    """Return the ranked cards, where uploads would stand, and what the run took."""
    target, what_if = service.target(session), compared(service, session, recommendation)
    moves, colours = what_if.moves if what_if else {}, kind_colours(recommendation)
    ranked = [
        Ranked(
            card=card(service, item.item_id),
            rank=item.rank,
            reason=kind_name(recommendation.kinds, item.kind),
            colour=colours[item.kind] if item.kind >= 0 else "",
            score=f"{item.score:.2f}",
            is_target=item.item_id == target,
            move=moves.get(item.item_id),
        )
        for item in recommendation.items
    ]
    return render(
        "recommendations.html",
        note="",
        weights=[(item.item_id, round(item.weight, 4)) for item in recommendation.history],
        hidden=recommendation.hidden,
        what_if=what_if,
        verdict=_verdict(target, recommendation),
        ranked=ranked,
        standings=[_standing(service, standing) for standing in recommendation.uploads],
        receipt=_receipt(recommendation),
    )


def _verdict(target: str, recommendation: Recommendation) -> Verdict | None:
    if not target:
        return None
    for item in recommendation.items:
        if item.item_id == target:
            return Verdict(
                "hit", f"Hit: the clip that this viewer watched next stands at rank {item.rank}."
            )
    count = len(recommendation.items)
    return Verdict(
        "miss", f"Miss: the clip that this viewer watched next is not among these {count}."
    )


def _standing(service: Service, standing: UploadStanding) -> Standing:
    return Standing(card(service, standing.item_id).title, standing.rank, standing.candidates)


def _receipt(recommendation: Recommendation) -> str:
    walks = [
        f"{len(steps)} steps of {name}"
        for name, steps in (("TCD", recommendation.tcd), ("NPD", recommendation.npd))
        if steps
    ]
    walked = " and ".join(walks) if walks else "no diffusion walk"
    return f"{walked} in {recommendation.timing_ms.get('total', 0.0):.0f} ms, seed {recommendation.seed}"
