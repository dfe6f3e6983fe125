"""About the model: what the bundle is, how it was trained, what was measured. All of it from the manifest."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import gradio as gr

from app.markup import render
from app.service import Service
from app.views.recommendations import VARIANT_NAMES
from mealrec.evaluation.figures import p_text

_RESULTS = Path(__file__).resolve().parents[2] / "docs" / "results"
COMPARED = (_RESULTS / "full" / "compare.json", _RESULTS / "compare.json")
_NOTE = "The model is warming up; its own account of itself appears here."
_MAX_VALUE = 90
_TITLES = {
    "test": "Ranking each test viewer's next clip",
    "against_full": "MealRec against each other system",
    "held_out": "Clips that training never saw",
    "relevance": "Relevance of a frame, against the planted truth",
}
_COSTS = {"epoch_s": "seconds an epoch", "evaluation_s": "seconds an evaluation", "memory_mb": "peak memory, MiB"}
_ROW_NAMES = {
    **VARIANT_NAMES,
    "content, no model": "content similarity, no model",
    "full": "MealRec, end of the walk",
    "full, ranked by x_0": "MealRec, ranked by x₀",
    "itemknn": "item-kNN",
    "cl4srec": "CL4SRec",
    "cl4srec-content": "CL4SRec with content",
    "tedrec": "TedRec",
    "tedrec-content": "TedRec with content",
    "diqdiff": "DiQDiff",
    "dmmd4sr": "DMMD4SR",
    "iisan": "IISAN",
    "iisan_versa": "IISAN-Versa",
    "mmgcn": "MMGCN",
    "morec": "MoRec",
    "ssdrec": "SSDRec",
    "mealrec": "MealRec",
    "mealrec, ranked by x_0": "MealRec, by x₀",
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


def build() -> gr.HTML:
    """Draw the section's place."""
    return gr.HTML(render("about.html", facts=[], note=_NOTE))


def markup(service: Service, compared: Sequence[Path] = COMPARED) -> str:
    """Return the section for the loaded bundle; `compared` is what `python -m mealrec compare` wrote, where it has."""
    recommender = service.recommender()
    new = sum(item.held_out for item in recommender.catalogue)
    catalogue = f"{len(recommender.catalogue)} clips" + (f", {new} of them never seen in training" if new else "")
    facts = [("bundle", recommender.name), ("catalogue", catalogue), *_facts(recommender.manifest)]
    measured = recommender.manifest.get("metrics", {})
    tables = [*_tables(measured), *(table for path in compared for table in _compared(path))]
    return render("about.html", facts=facts, tables=tables, refusal=recommender.upload_refusal)


def _facts(manifest: Mapping) -> Iterator[tuple[str, str]]:
    """Yield how the bundle was made as (name, words)."""
    if "created_with" in manifest:
        yield "made with", _words(manifest["created_with"])
    for kind, encoder in manifest.get("encoders", {}).items():
        yield f"{kind.replace('_', ' ')} encoder", f"{encoder['name']} (sha256 {encoder['sha256'][:12]}…)"
    for name, value in manifest.get("training", {}).items():
        if not isinstance(value, Mapping):
            yield f"training: {name.replace('_', ' ')}", _words(value)


def _tables(metrics: Mapping) -> Iterator[Table]:
    """Yield each part of the metrics as a table: rows of figures, or one figure a row."""
    for key, part in metrics.items():
        if not isinstance(part, Mapping):
            continue
        title = _TITLES.get(key, key.replace("_", " ").capitalize())
        rows = {name: _figures(row) for name, row in part.items() if isinstance(row, Mapping) and _figures(row)}
        if rows:
            yield _wide(title, rows, marks_best=key == "test")
        if figures := _figures(part):
            yield Table(title, ("value",), [(_row_name(name), [Cell(_words(figures[name]))]) for name in figures])


def _compared(path: Path) -> Iterator[Table]:
    """Yield Table 2 and Table 3 as a comparison on real data has written them; nothing where there is none."""
    if not path.is_file():
        return
    report = json.loads(path.read_text(encoding="utf-8"))
    about, systems = report["made"]["data"], report["systems"]
    means = {
        name: {
            f"{metric}{' unmasked' * (form == 'unmasked')}": value["mean"]
            for form in ("masked", "unmasked")
            for metric, value in row[form].items()
        }
        for name, row in systems.items()
    }
    data = f"{about['dataset']}, {about['slice']}: {about['statistics']['users']:,} viewers"
    seeds = max(row["seeds"] for row in systems.values())
    yield _wide(f"All systems on {data}, mean of {seeds} seed{'s' * (seeds > 1)}", means, marks_best=True)
    if cost := report.get("cost"):
        rows = {name: {words: values[key] for key, words in _COSTS.items()} for name, values in cost.items()}
        yield _wide(f"What they cost on {data}", rows, marks_best=False)


def _wide(title: str, rows: Mapping[str, Mapping[str, float]], marks_best: bool) -> Table:
    columns = tuple(dict.fromkeys(column for row in rows.values() for column in row))
    rivals = (
        [row for name, row in rows.items() if not name.startswith("oracle")] if marks_best and len(rows) > 1 else []
    )
    best = {column: max((row[column] for row in rivals if column in row), default=None) for column in columns}
    return Table(
        title,
        tuple(column.replace("_", " ") for column in columns),
        [
            (_row_name(name), [_cell(column, row.get(column), best[column], row in rivals) for column in columns])
            for name, row in rows.items()
        ],
    )


def _cell(column: str, value: float | None, best: float | None, is_rival: bool) -> Cell:
    if value is None:
        return Cell("")
    return Cell(p_text(value) if column == "p" else _words(value), is_rival and value == best)


def _figures(part: Mapping) -> dict[str, float]:
    return {
        key: value for key, value in part.items() if isinstance(value, (int, float)) and not isinstance(value, bool)
    }


def _row_name(name: str) -> str:
    return _ROW_NAMES.get(name, name.replace("_", " "))


def _number(value: float) -> str:
    """Return a measured number; four places, so that a column lines up, unless they would hide how small it is."""
    if 0 < abs(value) < 1e-4:
        return f"{value:.0e}"
    return f"{value:.4f}" if abs(value) < 100 else f"{value:,.0f}"


def _words(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_words, value))
    text = _number(value) if isinstance(value, float) else str(value)
    return text if len(text) <= _MAX_VALUE else text[: _MAX_VALUE - 1] + "…"
