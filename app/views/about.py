"""About the model: what the bundle is, how it was trained, what was measured.

All of it stands in the bundle's own manifest: one that brings no figures shows none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import gradio as gr

from app.look.markup import render
from app.plots import system_costs, systems
from app.session.names import system
from app.session.service import Service
from app.views.charts import drawn, place
from mealrec.bundle.card import of_all_clicks
from mealrec.figures import p_text

_NOTE = "The model is warming up; its own account of itself appears here."
_PLOTS = (systems, system_costs)
_MAX_VALUE = 90  # letters of a value
_NOT_SHOWN = ("refit", "clicks", "data")  # in a sentence of their own, or a place on a disk
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
    """The section's components: the account in words, the figures as charts and as tables."""

    account: gr.HTML
    charts: list[gr.HTML]
    tables: gr.HTML

    @property
    def outputs(self) -> list[gr.HTML]:
        """Return the components that `shown` gives values for."""
        return [self.account, *self.charts, self.tables]


def build() -> AboutView:
    """Draw the section's places."""
    account = gr.HTML(render("about.html", facts=[], note=_NOTE))
    with gr.Column(elem_id="measured"):
        charts = [place(plot, _NOTE) for plot in _PLOTS]
    return AboutView(account, charts, gr.HTML(""))


def shown(service: Service) -> tuple:
    """Return a value for each output; the page hides a chart that has nothing to draw."""
    metrics = service.recommender().manifest["metrics"]
    charts = [drawn(plot, metrics) for plot in _PLOTS]
    tables = render("measured.html", tables=list(_tables(metrics)))
    return _account(service), *charts, tables


def _account(service: Service) -> str:
    recommender = service.recommender()

    # How large the catalogue is, and how much of it is new to the model.
    catalogue = f"{len(recommender.catalogue)} clips"
    new = sum(item.held_out for item in recommender.catalogue)
    if new:
        catalogue += f", {new} of them never seen in training"

    facts = [("bundle", recommender.name), ("catalogue", catalogue), *_facts(recommender.manifest)]
    return render("about.html", facts=facts, refusal=recommender.upload_refusal)


def _facts(manifest: Mapping) -> Iterator[tuple[str, str]]:
    """Yield how the bundle was made as (name, words)."""
    # The program, and the encoders that made the features.
    yield "made with", _words(manifest["created_with"])
    for kind, encoder in manifest["encoders"].items():
        weights = encoder["sha256"][:12]
        yield f"{kind.replace('_', ' ')} encoder", f"{encoder['name']} (sha256 {weights}…)"

    # How its models were trained.
    training = manifest["training"]
    refitted = of_all_clicks(training)
    if refitted:
        yield "fitted on", refitted
    for name, value in training.items():
        if not isinstance(value, Mapping) and name not in _NOT_SHOWN:
            words = f"{value:g}" if isinstance(value, float) else _words(value)
            yield f"training: {name.replace('_', ' ')}", words


def _tables(metrics: Mapping) -> Iterator[Table]:
    """Yield each part of the metrics as a table: rows of figures, or one figure a row."""
    for key, part in metrics.items():
        if not isinstance(part, Mapping):
            continue
        title = _TITLES.get(key, key.replace("_", " ").capitalize())

        # Rows of figures; and those that stand alone.
        rows = {name: _figures(row) for name, row in part.items() if isinstance(row, Mapping)}
        rows = {name: row for name, row in rows.items() if row}
        if rows:
            yield _wide(title, rows, marks_best=key == "test")
        single = _figures(part)
        if single:
            cells = [(system(name).name, [Cell(_words(value))]) for name, value in single.items()]
            yield Table(title, ("value",), cells)


def _wide(title: str, rows: Mapping[str, Mapping[str, float]], marks_best: bool) -> Table:
    """Return a table of a row a system; the best of each column is marked among its rivals."""
    columns = tuple(dict.fromkeys(column for row in rows.values() for column in row))

    # What nobody can use, because it knows the truth, is no rival.
    rivals = [name for name in rows if not name.startswith("oracle")]
    if not marks_best or len(rows) < 2:
        rivals = []
    best = {}
    for column in columns:
        values = [rows[name][column] for name in rivals if column in rows[name]]
        best[column] = max(values, default=None)

    # A line a system.
    lines = []
    for name, row in rows.items():
        cells = []
        for column in columns:
            value = row.get(column)
            is_best = name in rivals and value is not None and value == best[column]
            cells.append(Cell(_cell_text(column, value), is_best))
        lines.append((system(name).name, cells))
    return Table(title, tuple(column.replace("_", " ") for column in columns), lines)


def _cell_text(column: str, value: float | None) -> str:
    if value is None:
        return ""
    return p_text(value) if column == "p" else _words(value)


def _figures(part: Mapping) -> dict[str, float]:
    # Python counts a bool among the numbers.
    figures = {}
    for key, value in part.items():
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            figures[key] = value
    return figures


def _words(value: object) -> str:
    # Each of a list; a long text is cut.
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_words, value))
    text = _number(value) if isinstance(value, float) else str(value)
    return text if len(text) <= _MAX_VALUE else text[: _MAX_VALUE - 1] + "…"


def _number(value: float) -> str:
    """Return a number to four places, so that a column lines up, unless they would hide it."""
    if 0 < abs(value) < 1e-4:
        return f"{value:.0e}"
    return f"{value:.4f}" if abs(value) < 100 else f"{value:,.0f}"
