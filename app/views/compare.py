"""The compare view: one history through every system, under noise, another T, another seed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import gradio as gr
import numpy as np
from PIL import Image, ImageOps

from app.look.markup import picture_url, render
from app.plots import system_bump
from app.session.names import in_order, system
from app.session.service import Service
from app.session.state import Session, whole
from app.views import charts
from mealrec.question import MAX_SEED, Question
from mealrec.recommender.comparing import Comparison, Overlap

TAB = "Compare"
WORDS = (
    "The same history through every system of this bundle. Add noise to what its clips look like: "
    "who keeps the order?"
)
WAITING = '<p class="quiet" role="status">Ranking this history with every system …</p>'
_EMPTY_NOTE = "Pick a clip or open a viewer, and every system ranks that history here."
# What the sliders offer: σ and T.
_MOST_NOISE = 0.5
_NOISE_STEP = 0.05
_MOST_STEPS = 50
_POSTER_HEIGHT = 96
_WIDEST = 9 / 16  # as a column's places leave room for


@dataclass(frozen=True)
class CompareView:
    """The view's components.

    `is_open` holds whether the visitor looks at it, `is_set` whether the controls have got the
    values that they begin with: when the tab is opened for the first time.
    """

    is_open: gr.State
    is_set: gr.State
    noise: gr.Slider
    num_steps: gr.Slider
    seed: gr.Number
    overlaps: gr.HTML
    chart: gr.HTML
    systems: gr.HTML

    @property
    def controls(self) -> list[gr.components.Component]:
        """Return what says how the systems are asked: σ, T and the seed."""
        return [self.noise, self.num_steps, self.seed]

    @property
    def outputs(self) -> list[gr.HTML]:
        """Return the components that `shown` gives values for."""
        return [self.overlaps, self.chart, self.systems]


def build() -> CompareView:
    """Draw the controls, and the places of the overlaps, the chart and the systems' names."""
    gr.HTML(render("tab_words.html", words=WORDS))
    # T and the seed are set when the tab is opened first.
    with gr.Row(elem_id="compare-controls"):
        noise = gr.Slider(
            0,
            _MOST_NOISE,
            value=0,
            step=_NOISE_STEP,
            label="Noise σ on the history’s pictures",
            elem_id="compare-noise",
            min_width=240,
        )
        num_steps = gr.Slider(
            1,
            _MOST_STEPS,
            value=25,
            step=1,
            label="Steps T of both walks",
            elem_id="compare-steps",
            min_width=200,
        )
        seed = gr.Number(
            0,
            label="Seed",
            precision=0,
            minimum=0,
            maximum=MAX_SEED,
            elem_id="compare-seed",
            min_width=90,
        )
    return CompareView(
        is_open=gr.State(False),
        is_set=gr.State(False),
        noise=noise,
        num_steps=num_steps,
        seed=seed,
        overlaps=gr.HTML("", elem_id="compare-overlaps"),
        chart=charts.place(system_bump, _EMPTY_NOTE),
        systems=gr.HTML("", elem_id="compare-systems"),
    )


def asked(
    session: Session, noise: float | None, num_steps: float | None, seed: float | None
) -> Question:
    """Return what the session asks with these controls; an emptied one means its least value."""
    # The systems are compared on what is left in, with nothing of it hidden.
    return replace(
        session.question,
        noise=noise or 0.0,
        num_steps=int(num_steps or 1),
        seed=whole(seed, 0),
        hidden=(),
    )


def shown(
    service: Service, session: Session, *controls: float | None
) -> tuple[str, dict | None, str]:
    """Return a value for each output: the overlaps, the chart and the systems' sentences.

    `controls` are the values of `CompareView.controls`.
    """
    if not session.history:
        return "", None, ""
    comparison = service.compare(asked(session, *controls), service.target(session))

    # The whole model first, then the others in the page's order.
    main, *others = comparison.rankings
    order = in_order(ranks.variant for ranks in comparison.rankings)
    others.sort(key=lambda ranks: order.index(ranks.variant))
    comparison = replace(comparison, rankings=(main, *others))

    # How far runs of the whole model agree.
    trained_steps = service.recommender().num_steps
    overlaps = [(overlap, *told(overlap, trained_steps)) for overlap in comparison.overlaps]

    # The chart, with the clips' posters, and what each system is.
    drawn = charts.drawn(system_bump, comparison, posters=_posters(service, comparison))
    systems = [system(ranks.variant) for ranks in comparison.rankings]
    return (
        render("compare.html", overlaps=overlaps),
        drawn,
        render("systems.html", systems=systems),
    )


def told(overlap: Overlap, trained_steps: int) -> tuple[str, str]:
    """Return in words what two runs of the whole model differ in, and how far they agree."""
    # What the two runs differ in.
    here = overlap.here
    there = overlap.there
    match overlap.setting:
        case "seed":
            title = f"Seed {there:.0f} instead of {here:.0f}"
        case "num_steps":
            title = f"T = {_steps_words(there, trained_steps)}"
            title += f" instead of {_steps_words(here, trained_steps)}"
        case _:
            title = f"Noise σ = {there:g}" if there else "No noise"
            title += f" instead of σ = {here:g}" if here else " instead of none"

    # How many clips stay, and how many of them in their places.
    if overlap.same_place == 0:
        places = "none at its rank"
    elif overlap.same_place == overlap.count:
        places = "each at its rank"
    else:
        places = f"{overlap.same_place} at the same rank"
    words = f"{overlap.shared} of MealRec’s first {overlap.count} clips stay, {places}."
    return title, words


def _steps_words(steps: float, trained_steps: int) -> str:
    note = " (as trained)" if steps == trained_steps else ""
    return f"{steps:.0f}{note}"


def _posters(service: Service, comparison: Comparison) -> dict[str, str]:
    """Return small pictures of the clips on show that have one."""
    items = [item.item_id for ranks in comparison.rankings for item in ranks.items]
    if comparison.target:
        items.append(comparison.target.item_id)
    # Small copies: the figure holds them all.
    paths = {item_id: service.catalogue.media.poster_path(item_id) for item_id in items}
    return {item_id: picture(path) for item_id, path in paths.items() if path is not None}


@lru_cache(maxsize=512)
def picture(path: Path) -> str:
    with Image.open(path) as image:
        image = image.convert("RGB")
        # A rank and a title stand next to it: a landscape shows its middle.
        if image.width > _WIDEST * image.height:
            image = ImageOps.fit(image, (round(_WIDEST * _POSTER_HEIGHT), _POSTER_HEIGHT))
        return picture_url(np.asarray(image), _POSTER_HEIGHT)
