"""Fig. 6: MealRec and its ablations on each of the three backbones."""

from __future__ import annotations

import argparse

from mealrec.figures import table
from mealrec.study.comparison import FORMS, comparison, gain_text, main_table
from mealrec.study.harness import Study
from mealrec.study.picture import grouped_bars
from mealrec.study.results import Exhibit
from mealrec.study.systems import BACKBONES, ablated, ladder, over

NOTES = """Each backbone stands with its IDs as published, with MealRec's content and head, with
guidance too (the control), and under MealRec and its ablations. Gains are MealRec's over the system
of the row on the same backbone, * where p < 0.01 (paired t-test over users).
"""


def add_arguments(parser: argparse._ArgumentGroup) -> None:
    """Add this figure's options."""
    told = "some of them (default: all)"
    parser.add_argument("--backbones", nargs="+", choices=BACKBONES, default=BACKBONES, help=told)


def make(study: Study, options: argparse.Namespace) -> Exhibit:
    """Train and rank all of them."""
    ladders = {}
    for backbone in BACKBONES:
        if backbone in options.backbones:
            ladders[backbone] = [backbone, *ladder(backbone)]
    systems = [name for names in ladders.values() for name in names]
    ranks = study.ranks(systems)

    # On each backbone a comparison of its own.
    reports = {}
    parts = []
    values = {}
    for backbone, names in ladders.items():
        report = comparison({name: ranks[name] for name in names}, over(backbone))
        reports[backbone] = report
        parts.append(f"## On {BACKBONES[backbone]}\n\n{main_table(report)}")
        values[BACKBONES[backbone]] = {ablated(name): report["systems"][name] for name in names}

    text = "\n".join([*parts, gains_table(reports), NOTES])
    numbers = {"backbones": reports, "trainings": study.trainings(systems)}
    figure = grouped_bars("Three backbones (Fig. 6)", values)
    return Exhibit("Universality (Fig. 6)", text, numbers, figure)


def gains_table(reports: dict[str, dict]) -> str:
    """Return MealRec's gain over each system on the same backbone."""
    columns = [(form, metric) for form in FORMS for metric in ("H@10", "N@10")]
    body = []
    for report in reports.values():
        for name, found in report["against"].items():
            gains = [gain_text(found[form][metric]) for form, metric in columns]
            body.append([report["ours"], name, *gains])
    return table(["system", "against", *(f"{metric} {form}" for form, metric in columns)], body)
