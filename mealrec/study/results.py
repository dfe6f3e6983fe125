"""An experiment's outcome on disk: NAME.md for people, NAME.json with every number, NAME.png
where a picture helps."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mealrec.study.harness import Study
from mealrec.study.picture import draw
from mealrec.study.provenance import heading, provenance
from mealrec.training.run import write_json


@dataclass(frozen=True)
class Exhibit:
    """One table or figure: its title, its Markdown, every number, and a figure in Plotly's JSON
    form.

    `about` says what data it is about where that is not the study's world; `seeds` how many were
    used (0 where nothing is trained) or which, where they are not the study's.
    """

    title: str
    text: str
    numbers: dict
    figure: dict | None = None
    about: dict | None = None
    seeds: int | tuple[int, ...] | None = None


def write(study: Study, exhibit: Exhibit, out: Path, name: str) -> str:
    """Write an exhibit and return its Markdown. Without a browser the picture is left out and
    the text says so."""
    out.mkdir(parents=True, exist_ok=True)
    seeds = study.seeds if exhibit.seeds is None else exhibit.seeds
    seeds = range(seeds) if isinstance(seeds, int) else seeds
    made = provenance(exhibit.about or study.world.about, seeds, study.jobs, study.device)
    text = heading(exhibit.title, made) + exhibit.text
    if exhibit.figure is not None:
        problem = draw(exhibit.figure, out / f"{name}.png")
        text += (
            f"\n(No picture: {problem}.)\n" if problem else f"\n![{exhibit.title}]({name}.png)\n"
        )
    write_json(out / f"{name}.json", {"title": exhibit.title, "made": made, **exhibit.numbers})
    (out / f"{name}.md").write_text(text, encoding="utf-8")
    return text
