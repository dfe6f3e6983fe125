"""About the model: what the bundle is, how it was trained, what was measured. All of it from the
bundle's manifest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType

import gradio as gr

from app.charts import chart, chart_value
from app.look.markup import render
from app.plots import plot
from app.session.names import system
from app.session.service import Service
from mealrec.bundle.card import of_all_clicks
from mealrec.figures import p_text

_NOTE = "The model is warming up; its own account of itself appears here."
_UNMEASURED = "This bundle brings no measured figures."
_PLOTS = ("systems", "system_costs")
_MAX_VALUE = 90
# in a sentence of their own, or a place on the maker's disk
_NOT_SHOWN = ("refit", "clicks", "data")
_TITLES = {
    "test": "Ranking each test viewer's next clip",
    "against_full": "MealRec against each other system",
    "beside_accuracy": "Beside accuracy: what the lists of ten are like",
    "held_out": "Clips that training never saw",
    "relevance": "Relevance of a frame, against the planted truth",
}


@dataclass(frozen=True)
class Cell:
    """One number of a table; `best` marks the largest of its column."""

    text: str
    best: bool = False


@dataclass(frozen=True)
class Table:
    """One table of measured numbers: `rows` are (name, cells)."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, list[Cell]]]


@dataclass(frozen=True)
class AboutView:
    """The section's components: the account in words, the measured figures as charts, and as
    tables."""

    account: gr.HTML
    charts: tuple[gr.HTML, ...]
    tables: gr.HTML

    @property
    def outputs(self) -> list[gr.HTML]:
        """Return the components that `shown` gives values for."""
        return [self.account, *self.charts, self.tables]


def build() -> AboutView:
    """Draw the section's places."""
    account = gr.HTML(render("about.html", facts=[], note=_NOTE))
    with gr.Column(elem_id="measured"):
        charts = tuple(
            chart(
                title=plot(name).TITLE, empty_note=_NOTE, elem_id=f"chart-{name.replace('_', '-')}"
            )
            for name in _PLOTS
        )
    return AboutView(account, charts, gr.HTML("", elem_id="measured-tables"))


def shown(service: Service) -> tuple:
    """Return a value for each output, for the loaded bundle; a chart that it has no figures for
    stays away."""
    metrics = service.recommender().manifest.get("metrics", {})
    names = {name: system(name).name for name in metrics.get("test", {})}
    charts = [_drawn(plot(name), metrics, names) for name in _PLOTS]
    tables = render("measured.html", tables=list(_tables(metrics)), note=_UNMEASURED)
    return markup(service), *charts, tables


def _drawn(module: ModuleType, metrics: Mapping, names: Mapping[str, str]) -> dict | None:
    """Return a chart's value; None, which hides it, where there is nothing in it."""
    figure = module.figure(metrics, names)
    return chart_value(figure, module.reading(metrics, names)) if figure["data"] else None


def markup(service: Service) -> str:
    """Return the account in words."""
    recommender = service.recommender()
    new = sum(item.held_out for item in recommender.catalogue)
    catalogue = f"{len(recommender.catalogue)} clips" + (
        f", {new} of them never seen in training" if new else ""
    )
    facts = [("bundle", recommender.name), ("catalogue", catalogue), *_facts(recommender.manifest)]
    return render("about.html", facts=facts, refusal=recommender.upload_refusal)


def _facts(manifest: Mapping) -> Iterator[tuple[str, str]]:
    """Yield how the bundle was made as (name, words)."""
    if "created_with" in manifest:
        yield "made with", _words(manifest["created_with"])
    for kind, encoder in manifest.get("encoders", {}).items():
        yield (
            f"{kind.replace('_', ' ')} encoder",
            f"{encoder['name']} (sha256 {encoder['sha256'][:12]}…)",
        )
    training = manifest.get("training", {})
    if sentence := of_all_clicks(training):
        yield "fitted on", sentence
    for name, value in training.items():
        if not isinstance(value, Mapping) and name not in _NOT_SHOWN:
            yield (
                f"training: {name.replace('_', ' ')}",
                f"{value:g}" if isinstance(value, float) else _words(value),
            )


def _tables(metrics: Mapping) -> Iterator[Table]:
    """Yield each part of the metrics as a table: rows of figures, or one figure a row."""
    for key, part in metrics.items():
        if not isinstance(part, Mapping):
            continue
        title = _TITLES.get(key, key.replace("_", " ").capitalize())
        rows = {
            name: _figures(row)
            for name, row in part.items()
            if isinstance(row, Mapping) and _figures(row)
        }
        if rows:
            yield _wide(title, rows, marks_best=key == "test")
        if figures := _figures(part):
            yield Table(
                title,
                ("value",),
                [(_row_name(name), [Cell(_words(figures[name]))]) for name in figures],
            )


def _wide(title: str, rows: Mapping[str, Mapping[str, float]], marks_best: bool) -> Table:
    columns = tuple(dict.fromkeys(column for row in rows.values() for column in row))
    rivals = (
        [row for name, row in rows.items() if not name.startswith("oracle")]
        if marks_best and len(rows) > 1
        else []
    )
    best = {
        column: max((row[column] for row in rivals if column in row), default=None)
        for column in columns
    }
    return Table(
        title,
        tuple(column.replace("_", " ") for column in columns),
        [
            (
                _row_name(name),
                [_cell(column, row.get(column), best[column], row in rivals) for column in columns],
            )
            for name, row in rows.items()
        ],
    )


def _cell(column: str, value: float | None, best: float | None, is_rival: bool) -> Cell:
    if value is None:
        return Cell("")
    return Cell(p_text(value) if column == "p" else _words(value), is_rival and value == best)


def _figures(part: Mapping) -> dict[str, float]:
    return {
        key: value
        for key, value in part.items()
        if isinstance(value, (int, float)) and not isinstance(value, bool)
    }


def _row_name(name: str) -> str:
    return system(name).name


def _number(value: float) -> str:
    """Return a measured number; four places, so that a column lines up, unless they would hide
    how small it is."""
    if 0 < abs(value) < 1e-4:
        return f"{value:.0e}"
    return f"{value:.4f}" if abs(value) < 100 else f"{value:,.0f}"


def _words(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_words, value))
    text = _number(value) if isinstance(value, float) else str(value)
    return text if len(text) <= _MAX_VALUE else text[: _MAX_VALUE - 1] + "…"
