"""An outcome on disk: NAME.md for people, NAME.json with every number, NAME.png where it helps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mealrec.study.picture import draw
from mealrec.study.provenance import heading, provenance
from mealrec.writing import write_json

if TYPE_CHECKING:
    from mealrec.study.harness import Study


@dataclass(frozen=True)
class Exhibit:
    """One table or figure: title, Markdown, every number, and a figure in Plotly's JSON form.

    `about` says what data it is about where that is not the study's world; `seeds` which were used
    where that are not the study's: none where nothing is trained.
    """

    title: str
    text: str
    numbers: dict
    figure: dict | None = None
    about: dict | None = None
    seeds: Sequence[int] | None = None

    def with_part(self, text: str, numbers: dict) -> Exhibit:
        """Return the exhibit with a part more at its end."""
        return replace(self, text=f"{self.text}\n{text}", numbers=self.numbers | numbers)


def write(study: Study, exhibit: Exhibit, out: Path, name: str) -> str:
    """Write an exhibit and return its Markdown; without a browser the text tells of no picture."""
    out.mkdir(parents=True, exist_ok=True)

    # Where the numbers come from.
    seeds = range(study.seeds) if exhibit.seeds is None else exhibit.seeds
    made = provenance(exhibit.about or study.about, seeds, study.jobs, study.device)

    # The text ends with the picture.
    text = heading(exhibit.title, made) + exhibit.text
    if exhibit.figure is not None:
        problem = draw(exhibit.figure, out / f"{name}.png")
        picture = f"![{exhibit.title}]({name}.png)" if not problem else f"(No picture: {problem}.)"
        text += f"\n{picture}\n"
    write_json(out / f"{name}.json", {"title": exhibit.title, "made": made, **exhibit.numbers})
    (out / f"{name}.md").write_text(text, encoding="utf-8")
    return text
