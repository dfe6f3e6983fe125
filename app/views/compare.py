"""The compare view: one history through every system of the bundle, under noise, another T and
another seed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import gradio as gr
import numpy as np
from PIL import Image, ImageOps

from app.charts import chart, chart_value
from app.look.markup import picture_url, render
from app.plots import system_bump
from app.session.names import in_order, system
from app.session.service import Service
from app.session.state import Session, from_mapping
from mealrec.recommender.comparing import Comparison, Overlap

WORDS = "The same history through every system of this bundle. Add noise to what its clips look like: who keeps the order?"
_EMPTY_NOTE = "Pick a clip or open a viewer, and every system ranks that history here."
WAITING = '<p class="quiet" role="status">Ranking this history with every system …</p>'
_MOST_NOISE, _NOISE_STEP, _MOST_STEPS = 0.5, 0.05, 50
_POSTER_HEIGHT = 96
_WIDEST = 9 / 16


@dataclass(frozen=True)
class CompareView:
    """The view's components. `is_open` holds whether its tab is on show, None before it ever was:
    nothing is computed for a closed one.
    """

    is_open: gr.State
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


@dataclass(frozen=True)
class OverlapTile:
    """How far two runs agree, in a number and in words."""

    shared: int
    count: int
    title: str
    words: str


def build() -> CompareView:
    """Draw the controls, and the places of the overlaps, the chart and the systems' names."""
    is_open = gr.State(None)
    gr.HTML(render("tab_words.html", words=WORDS))
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
        steps = gr.Slider(
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
            maximum=2**31 - 1,
            elem_id="compare-seed",
            min_width=90,
        )
    overlaps = gr.HTML("", elem_id="compare-overlaps")
    bump = chart(title=system_bump.TITLE, empty_note=_EMPTY_NOTE, elem_id="chart-system-bump")
    return CompareView(
        is_open, noise, steps, seed, overlaps, bump, gr.HTML("", elem_id="compare-systems")
    )


def asked(
    session: Session, noise: float | None, num_steps: float | None, seed: float | None
) -> Session:
    """Return the session as the controls ask for it; an emptied number means its least value."""
    wanted = from_mapping({"seed": int(seed or 0)}).seed
    return replace(session, noise=float(noise or 0.0), num_steps=int(num_steps or 1), seed=wanted)


def shown(service: Service, session: Session) -> tuple[str, dict | None, str]:
    """Return a value for each output: the overlaps, the chart and the systems of a session with
    a history or none."""
    if not session.history:
        return "", None, ""
    comparison = service.compare(session)
    order = {
        variant: place
        for place, variant in enumerate(in_order(ranks.variant for ranks in comparison.rankings))
    }
    main, *others = comparison.rankings
    rankings = (main, *sorted(others, key=lambda ranks: order[ranks.variant]))
    comparison = replace(comparison, rankings=rankings)
    systems = [system(ranks.variant) for ranks in rankings]
    names = {ranks.variant: words.name for ranks, words in zip(rankings, systems, strict=True)}
    figure = system_bump.figure(comparison, names, _posters(service, comparison))
    tiles = [tile(overlap, service.recommender().num_steps) for overlap in comparison.overlaps]
    return (
        render("compare.html", overlaps=tiles),
        chart_value(figure, system_bump.reading(comparison, names)),
        render("systems.html", systems=systems),
    )


def tile(overlap: Overlap, trained_steps: int) -> OverlapTile:
    """Put an overlap of the whole model's runs into words."""
    here, there = overlap.here, overlap.there
    match overlap.setting:
        case "seed":
            title = f"Seed {there:.0f} instead of {here:.0f}"
        case "num_steps":
            trained = " (as trained)"
            title = (
                f"T = {there:.0f}{trained * (there == trained_steps)} instead of {here:.0f}"
                f"{trained * (here == trained_steps)}"
            )
        case _:
            title = f"{f'Noise σ = {there:g}' if there else 'No noise'} instead of {f'σ = {here:g}' if here else 'none'}"
    kept = {0: "none at its rank", overlap.count: "each at its rank"}
    places = kept.get(overlap.same_place, f"{overlap.same_place} at the same rank")
    words = f"{overlap.shared} of MealRec’s first {overlap.count} clips stay, {places}."
    return OverlapTile(overlap.shared, overlap.count, title, words)


def _posters(service: Service, comparison: Comparison) -> dict[str, str]:
    """Return small pictures of the clips on show that have one."""
    items = [item.item_id for ranks in comparison.rankings for item in ranks.items]
    if comparison.target:
        items.append(comparison.target.item_id)
    paths = {item_id: service.catalogue.media.poster_path(item_id) for item_id in items}
    return {item_id: _picture(path) for item_id, path in paths.items() if path is not None}


@lru_cache(maxsize=512)
def _picture(path: Path) -> str:
    with Image.open(path) as image:
        image = image.convert("RGB")
        # beside it stand a rank and a title: a landscape shows its middle
        if image.width > _WIDEST * image.height:
            image = ImageOps.fit(image, (round(_WIDEST * _POSTER_HEIGHT), _POSTER_HEIGHT))
        return picture_url(np.asarray(image), _POSTER_HEIGHT)
