"""The recommendations: ranked cards, their controls, and how a what-if moved them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import gradio as gr

from app.look.markup import EDIT_ACTIONS, render
from app.plots.kinds import colours_of
from app.session.names import PARTS, system
from app.session.service import Service
from app.session.state import MAX_K, Session
from app.views.parts import card, compared
from mealrec.question import MAX_SEED

if TYPE_CHECKING:
    from mealrec.explain.trace import Recommendation

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


def build() -> RecommendationsView:
    """Draw the heading, the controls and the ranking's place."""
    gr.HTML(render("section.html", title="Up next", words="ranked from your history, best first"))
    ranking = gr.HTML(
        empty(WARMING, warming=True), js_on_load=EDIT_ACTIONS, elem_id="recommendations"
    )
    # The bundle's own variants are offered once it is loaded.
    with gr.Row(elem_id="controls"):
        top_k = gr.Slider(1, MAX_K, value=10, step=1, label="Clips", elem_id="top-k", min_width=120)
        variant = gr.Dropdown(
            choices(PARTS), value="full", label="Model", elem_id="variant", min_width=150
        )
        seed = gr.Number(
            0, label="Seed", precision=0, minimum=0, maximum=MAX_SEED, elem_id="seed", min_width=80
        )
    return RecommendationsView(ranking, top_k, variant, seed)


def choices(variants: Iterable[str]) -> list[tuple[str, str]]:
    """Return the dropdown's rows for the variants that a bundle holds."""
    return [(system(variant).name, variant) for variant in variants]


def empty(note: str, warming: bool = False) -> str:
    """Return the place of the ranking with a note instead of clips."""
    return render("recommendations.html", note=note, warming=warming)


def markup(service: Service, session: Session, answer: Recommendation) -> str:
    """Return the ranked cards, where uploads would stand, and what the run took."""
    # The true next clip where it is revealed, and what a what-if changed.
    target = service.target(session)
    what_if = compared(service, session, answer)
    colours = colours_of(answer)

    # A card for each recommended clip.
    ranked = []
    for item in answer.items:
        clip = {
            "card": card(service, item.item_id),
            "rank": item.rank,
            "reason": answer.kinds[item.kind].name,
            "colour": colours[item.kind],
            "score": f"{item.score:.2f}",
            "is_target": item.item_id == target,
            "move": what_if.moves.get(item.item_id) if what_if else None,
        }
        ranked.append(clip)

    # Where each upload of the history would stand if it were a candidate.
    standings = [(card(service, upload.item_id).title, upload) for upload in answer.uploads]
    return render(
        "recommendations.html",
        note="",
        weights=[(item.item_id, round(item.weight, 4)) for item in answer.history],
        hidden=answer.hidden,
        what_if=what_if,
        target=target,
        hits=[item.rank for item in answer.items if item.item_id == target],
        ranked=ranked,
        standings=standings,
        receipt=_receipt(answer),
    )


def _receipt(answer: Recommendation) -> str:
    """Return what the run took, such as "25 steps of NPD in 40 ms, seed 0"."""
    # A variant may run one walk, both or none.
    steps = {"TCD": len(answer.tcd), "NPD": len(answer.npd)}
    walks = [f"{count} steps of {name}" for name, count in steps.items() if count]
    walked = " and ".join(walks) or "no diffusion walk"
    return f"{walked} in {answer.timing_ms.get('total', 0.0):.0f} ms, seed {answer.seed}"
