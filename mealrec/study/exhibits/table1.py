"""Table 1: the statistics of every slice."""

from __future__ import annotations

import argparse

from mealrec.data.catalogue import read_catalogue
from mealrec.data.published.prepare import SLICES, prepare
from mealrec.data.statistics import table
from mealrec.study.harness import Study
from mealrec.study.provenance import ABOUT_DATA
from mealrec.study.results import Exhibit
from mealrec.study.source import about_catalogue

NOTES = """
Unseen test items: the share of the items tested that no training sequence holds; unseen test rows:
the share of the users tested on one. Gini: of the items' popularity.
"""


def make(study: Study, options: argparse.Namespace) -> Exhibit:
    """Prepare every slice of official files, or count the one catalogue that is given."""
    source = study.source
    reports = {}
    if source.slice:
        for slice in SLICES:
            prepared = prepare(source.dataset, source.folder, slice=slice)
            reports[f"{source.dataset}, {slice}"] = prepared.report
    else:
        catalogue = read_catalogue(source.folder)
        reports[source.dataset] = about_catalogue(source.folder, catalogue)

    rows = {name: report["statistics"] for name, report in reports.items()}
    recipes = "\n".join(f"- {name}: {report['recipe']}" for name, report in reports.items())
    slices = {name: {key: report[key] for key in ABOUT_DATA} for name, report in reports.items()}
    about = {
        "dataset": source.dataset,
        "slice": ", ".join(SLICES) if source.slice else "as it is",
        "recipe": "see below",
        "features": "none are needed",
    }
    text = f"{table(rows)}{NOTES}\n{recipes}\n"
    return Exhibit("Table 1: the data", text, {"slices": slices}, about=about, seeds=())
